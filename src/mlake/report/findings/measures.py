"""Any measure of runs as a table: a row for each language edited in, a column for each asked in."""

from collections.abc import Sequence
from typing import NamedTuple

from mlake.errors import RunError
from mlake.report.rundata import RunData
from mlake.report.table import Cell, Table
from mlake.report.tidy import UNEDITED, matrix
from mlake.scorers.table import measure as facts_of

__all__ = ["MEASURES", "Measure", "measure_table"]


class Measure(NamedTuple):
    """What a table shows.

    Attributes:
        name: Name of the table.
        title: What it shows.
        kind: Kind of questions.
        scorer: Name of the score or measure.
        note: How to read them.
        remedy: What to do where no run has them.
        analyses: What measures them, where answers alone do not tell.
    """

    name: str
    title: str
    kind: str
    scorer: str
    note: str
    remedy: str
    analyses: tuple[str, ...] = ()


MEASURES = (
    Measure(
        "confusion",
        "Answers in the language of the question, %",
        "direct",
        "language",
        "of the answers whose language can be told; higher is better",
        "run with --kinds direct",
    ),
    Measure(
        "negation",
        "Negated questions that get the edited answer all the same, %",
        "negation",
        "contains",
        "the question asks for an answer that is not correct; lower is better",
        "run with --kinds negation",
    ),
    Measure(
        "ability",
        "Held-out text: negative log-likelihood a token, nats",
        "locality",
        "heldout_nll",
        "twelve everyday sentences a language that no edit is about; compare with the unedited model",
        "run again, which measures it",
        ("ability",),
    ),
)


def measure_table(runs: Sequence[RunData], measure: Measure) -> Table:
    """A measure of several runs.

    Args:
        runs: Runs of any models and methods.
        measure: What to show.

    Raises:
        RunError: No run has it.
    """
    factor = 100 if facts_of(measure.scorer).percent else 1
    found = [(run, matrix(run.rows, measure.kind, measure.scorer)) for run in runs]
    tests = tuple(dict.fromkeys(test for _, one in found for test in one.tests))
    if not tests:
        raise RunError(f"no run has {measure.scorer!r} on {measure.kind} questions; {measure.remedy}")
    rows: list[tuple[Cell, ...]] = []
    for run, one in found:
        for edit in one.edits:
            cells = (one.cells.get((edit, test)) for test in tests)
            values = (
                None if cell is None or cell["value"] is None else factor * cell["value"] for cell in cells
            )
            method = UNEDITED if edit is None else str(run.spec["method"])
            rows.append((str(run.spec["model"]), method, edit or "–", *values))
    columns = ("model", "method", "edited in", *(f"asked in {test}" for test in tests))
    return Table(measure.name, measure.title, columns, tuple(dict.fromkeys(rows)), (measure.note,))
