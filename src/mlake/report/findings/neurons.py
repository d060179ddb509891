"""Overlap of the most changed neurons between languages, as the table that Figure 7 draws."""

from collections.abc import Iterator, Sequence

import numpy as np

from mlake.analysis.examined import changed_neurons
from mlake.analysis.overlap import overlap_of
from mlake.errors import RunError
from mlake.report.rundata import RunData
from mlake.report.table import Cell, Table

__all__ = ["NEURON_COLUMNS", "neuron_table"]

NEURON_COLUMNS = ("model", "method", "layer", "lang_a", "lang_b", "n", "overlap", "chance")
"""Columns of the table that ``figure7`` draws; ``overlap`` and ``chance`` are shares from 0 to 1."""

_TOPS = (100, 200)
_POINTS = 40  # of the curve over all numbers of neurons


def neuron_table(runs: Sequence[RunData]) -> Table:
    """The overlap of every run, for the paper's 100 and 200 neurons and along the curve; means over layers.

    Args:
        runs: Runs whose edits were examined, in two languages or more.

    Raises:
        RunError: No run has such edits.
        EditError: The edits of a run change different layers.
    """
    rows = tuple(row for run in runs for row in _rows(run))
    if not rows:
        raise RunError(
            "no run has examined edits in two languages; run `mlake run` with two --edit-lang again"
        )
    return Table(
        "neurons",
        "Share of the n most changed neurons of a layer that the edits in two languages have in common",
        NEURON_COLUMNS,
        rows,
        ("a neuron: a column of the down-projection with its rows of gate and up; means over layers",),
    )


def _rows(run: RunData) -> Iterator[tuple[Cell, ...]]:
    changed = changed_neurons(run.folder)
    if len(changed) < 2:
        return
    found = overlap_of({lang: changed[lang] for lang in run.spec["edit_langs"] if lang in changed})
    points = {round(n) for n in np.geomspace(1, found.width, _POINTS)} | {
        n for n in _TOPS if n <= found.width
    }
    for first, second in found.shares:
        curve = found.curve(first, second)
        for n in sorted(points):
            made = (str(run.spec["model"]), str(run.spec["method"]))
            yield (*made, "mean", first, second, n, float(curve[n - 1]), found.chance(n))
