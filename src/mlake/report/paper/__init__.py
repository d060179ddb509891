"""The paper's tables, computed from stored runs, beside the numbers that the paper prints.

Each function gives the tables that it has rows for: a table of the paper may be several here, one a kind of
question. What each table is, and where ours differs from the paper and why, is in ``docs/paper-tables.md``.
"""

from mlake.report.paper.data import table3, table5
from mlake.report.paper.edited import table1, table2
from mlake.report.paper.examples import table10
from mlake.report.paper.transfer import table8, table9
from mlake.report.paper.unedited import table4

__all__ = ["table1", "table10", "table2", "table3", "table4", "table5", "table8", "table9"]  # noqa: RUF022
