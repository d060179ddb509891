"""Neighbouring data sets for knowledge editing, read into the same records.

One module a published format, each with ``ROWS``: its rows of the table of data sets. None of their files is
part of this package; they are fetched on demand, from the commit in their address.
"""

from mlake.data.neighbours import (
    bizsre,
    bmike,
    counterfact,
    kebench,
    mquake,
    multicounterfact,
    mzsre,
    rippleedits,
    zsre,
)

__all__ = ["ROWS"]

ROWS = (
    *kebench.ROWS,
    *mquake.ROWS,
    *zsre.ROWS,
    *counterfact.ROWS,
    *rippleedits.ROWS,
    *bizsre.ROWS,
    *mzsre.ROWS,
    *bmike.ROWS,
    *multicounterfact.ROWS,
)
