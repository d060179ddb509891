"""Teacher-forced scores in a table of their own, beside no answer that a model gave."""

from collections.abc import Iterator, Sequence

from mlake.analysis.store import FORCED
from mlake.report.paper.compare import INTERVAL
from mlake.report.rundata import RunData
from mlake.report.statistics.intervals import interval
from mlake.report.table import Cell, Table
from mlake.report.tidy import UNEDITED
from mlake.scorers.table import measure

__all__ = ["FORCED", "forced_tables"]

_NOTES = (
    "not of answers that a model gave: of given answers behind the question; never compare with such scores",
    "the first of each pair is CounterFact's: which of two answers is likelier, by the mean over its tokens",
    "the second is EasyEdit's: how many tokens are the likeliest at their place",
)


def forced_tables(runs: Sequence[RunData]) -> list[Table]:
    """One table with all teacher-forced scores of runs; none where no run has any."""
    rows = tuple(row for run in runs for row in _rows(run))
    if not rows:
        return []
    columns = ("model", "method", "edited in", "asked in", "questions", "score", "n", "%", INTERVAL)
    return [Table("forced", "Teacher-forced scores", columns, rows, _NOTES)]


def _rows(run: RunData) -> Iterator[tuple[Cell, ...]]:
    for kind, names in FORCED.items():
        for name in names:
            for row in run.rows:
                if (row["kind"], row["scorer"]) == (kind, name) and row["value"] is not None:
                    ends = interval(row["low"], row["high"], row["n"], row["effective"], factor=100)
                    method = UNEDITED if row["edit_lang"] is None else str(run.spec["method"])
                    place = (row["edit_lang"] or "–", row["test_lang"], kind, measure(name).signature)
                    yield str(run.spec["model"]), method, *place, row["n"], 100 * row["value"], ends
