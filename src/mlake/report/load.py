"""A run folder to everything that is known of the run: answers, scores, what was measured besides."""

from pathlib import Path

from mlake.analysis.store import kept_rows
from mlake.errors import RunError
from mlake.evaluation.store import read_run
from mlake.report.rundata import RunData
from mlake.report.tidy import tidy
from mlake.scorers.drift import drift_rows
from mlake.scorers.fluency import fluency_rows
from mlake.scorers.language import confusion_rows
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
    measured = (*fluency_rows(asked), *confusion_rows(asked), *drift_rows(asked), *kept_rows(folder))
    scored = [*score_all(asked), *measured]
    missing = len(stored.missing())
    unfinished = (f"not finished: {missing} units of answers are missing",) if missing else ()
    return RunData(
        folder, stored.spec, asked, scored, tidy(stored.spec, scored), (*stored.notes, *unfinished)
    )
