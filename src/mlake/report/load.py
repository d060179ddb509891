"""A run folder to everything that is known of the run: answers, scores, what was measured besides."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from mlake.analysis.store import kept_rows
from mlake.errors import RunError
from mlake.evaluation.store import read_run
from mlake.records import Asked
from mlake.report.rundata import RunData
from mlake.report.tidy import tidy
from mlake.scorers.refused import unscored
from mlake.scorers.row import ScoredRow
from mlake.scorers.table import score_all

__all__ = ["load_run"]


def load_run(folder: str | Path) -> RunData:
    """Read a run, score its answers, and take in the analyses that are kept with it. Needs no model.

    Args:
        folder: The run's folder; a run that is not finished gives what it has.

    Raises:
        RunError: The folder holds no run or no answers, or a file in it is damaged.
    """
    folder = Path(folder)
    stored = read_run(folder)
    asked = list(stored.asked())
    if not asked:
        raise RunError(f"{folder} holds no answers yet; run 'mlake run' with the same settings to go on")
    scored = [*score_all(asked), *_measured(folder, asked)]
    missing = len(stored.missing())
    unfinished = (f"not finished: {missing} units of answers are missing",) if missing else ()
    notes = (*stored.notes, *unfinished, *unscored(stored.spec["test_langs"]))
    return RunData(folder, stored.spec, asked, scored, tidy(stored.spec, scored), notes)


def _measured(folder: Path, asked: Sequence[Asked]) -> Iterator[ScoredRow]:
    """The rows of the analyses, with the answers that they are about."""
    places = {(one.edit_lang, one.batch, one.kind, one.probe.id): one for one in asked}
    for row in kept_rows(folder):
        yield replace(row, asked=places.get((row.edit_lang, row.batch, row.kind, row.probe)))
