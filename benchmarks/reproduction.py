"""Stored reproductions: what ``mlake reproduce`` makes of their runs, without a model or the questions."""

import csv
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from benchmarks.stored import RESULTS, run_by_scores
from mlake.analysis.subject_tokens import ALONE
from mlake.evaluation.spec import NO_METHOD
from mlake.report.figures import figure7
from mlake.report.figures.runs import without_subject
from mlake.report.findings.neurons import NEURON_COLUMNS
from mlake.report.findings.subject_tokens import Counted
from mlake.report.rundata import RunData
from mlake.report.table import Cell, Table
from mlake.report.view import Given, Shown, View
from mlake.reproduce.options import Options
from mlake.reproduce.wishes import methods_of
from mlake.scorers.row import ScoredRow

__all__ = ["Reproduction"]


@dataclass(frozen=True, slots=True)
class Reproduction:
    """A folder of stored runs that ``mlake reproduce`` made together.

    Attributes:
        folder: Its name below ``RESULTS``.
        model: Whose tokenizer counted the tokens in ``table3``.
        runs: Its runs.
        methods: Methods in place of the paper's in views that compare several; empty for the paper's.
    """

    folder: str
    model: str
    runs: Sequence[RunData]
    methods: tuple[str, ...] = ()

    @classmethod
    def of(cls, folder: str, model: str, *, methods: tuple[str, ...] = ()) -> "Reproduction":
        """Reads the runs of a folder.

        Raises:
            MlakeError: A stored file is damaged.
        """
        paths = sorted((RESULTS / folder).glob("*/spec.json"))
        return cls(folder, model, [run_by_scores(f"{folder}/{one.parent.name}") for one in paths], methods)

    def given(self, view: View) -> Given:
        """What ``mlake reproduce`` makes a view from."""
        methods = {*methods_of(view, Options(methods=self.methods)), NO_METHOD}
        shown = [run for run in self.runs if _shared(run) in view.runs and run.spec["method"] in methods]
        return Given(shown, tokens=self._tokens())

    def figure7(self) -> Shown:
        """The overlap of the most changed neurons, whose edits are not stored, from its numbers."""
        with (RESULTS / self.folder / "neurons.csv").open(encoding="utf-8", newline="") as lines:
            rows = tuple(map(_row, csv.DictReader(lines)))
        return figure7(Table("neurons", "Overlap of the most changed neurons", NEURON_COLUMNS, rows))

    def _tokens(self) -> dict[str, Counted]:
        """Tokens of every subject of the released data."""
        path = RESULTS / "table3" / f"{self.model}.json"
        stored = json.loads(path.read_text(encoding="utf-8"))["tokens"]
        rows = [_counted(lang, at, n) for lang, all_of in stored.items() for at, n in enumerate(all_of)]
        return {self.model: rows}


def _shared(run: RunData) -> str:
    """Which of the runs that views share (``mlake.reproduce.runs``) it is."""
    if run.spec["method"] == NO_METHOD:
        return "unedited"
    return "no-subject" if without_subject(run.spec) else "transfer"


def _counted(lang: str, row: int, number: int | None) -> ScoredRow:
    fact = f"mlake-{row:04}"
    return ScoredRow(None, None, "direct", f"{fact}/{lang}", fact, lang, ALONE, number)


def _row(row: dict[str, str]) -> tuple[Cell, ...]:
    texts: Iterable[Cell] = (row[name] for name in NEURON_COLUMNS[:5])
    return (*texts, int(row["n"]), float(row["overlap"]), float(row["chance"]))
