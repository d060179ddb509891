"""Teacher-forced scores of a run: under every edit that it stored, and before any."""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from mlake.analysis.forced import Forced, answers_of, forced, forced_rows, new_answers
from mlake.analysis.store import FORCED, keep_rows, kept_path
from mlake.editing.edits.files import load_edit
from mlake.evaluation.plan import Plan
from mlake.evaluation.units import Question, Step, Unit
from mlake.models.lm import LM
from mlake.records import Benchmark
from mlake.scorers.row import ScoredRow

__all__ = ["keep_forced"]

_LOG = logging.getLogger(__name__)
_NAME = "forced"


@dataclass(frozen=True, slots=True)
class _Run:
    """A run whose edits are put in force once more.

    Attributes:
        lm: The unedited model.
        folder: The run's folder.
        plan: Its plan.
        new: New answer of each of its statements.
        progress: Told how many answers were read.
        before: Id of a question to what the unedited model thinks of its answers.
    """

    lm: LM
    folder: Path
    plan: Plan
    new: Mapping[tuple[str | None, str], str]
    progress: Callable[[int], object]
    before: dict[str, Forced] = field(default_factory=dict)

    def edit_path(self, step: Step) -> Path:
        return self.folder / "edits" / f"{step.name}.safetensors"


def keep_forced(
    lm: LM,
    folder: Path,
    plan: Plan,
    benchmark: Benchmark,
    progress: Callable[[int], object] = lambda done: None,
) -> None:
    """Keep the teacher-forced scores of a finished run with it; once.

    Edits that hold whole weights are taken away then, as ``mlake run`` does where it keeps no edit for this.
    A warning counts the edits that were not kept.

    Args:
        lm: The unedited model.
        folder: The run's folder.
        plan: Its plan.
        benchmark: Its data set.
        progress: Called with the number of answers read since the last call.

    Raises:
        EditError: A stored edit is damaged.
        RunError: The folder cannot be written.
        ModelError: A question and its answer do not fit into the model's positions.
    """
    if kept_path(folder, _NAME).exists():
        return
    run = _Run(lm, folder, plan, new_answers(benchmark), progress)
    rows = [*_unedited(run), *_edited(run)]
    # Of what a sequence asks again and again, under edits in one language, the last counts.
    last = {(row.edit_lang, row.batch, row.kind, row.probe, row.scorer): row for row in rows}
    keep_rows(folder, _NAME, {"questions": len(run.before)}, last.values())
    for step in plan.steps:
        path = run.edit_path(step)
        if path.exists() and not load_edit(path).kept:
            path.unlink()


def _unedited(run: _Run) -> Iterator[ScoredRow]:
    for unit in run.plan.unedited:
        said = _said(run, run.lm, unit.questions)
        run.before.update(zip((one.probe.id for one in unit.questions), said, strict=True))
        yield from forced_rows(unit.questions, said, run.before, edit_lang=None, batch=None)


def _edited(run: _Run) -> Iterator[ScoredRow]:
    """Under each edit, with those before it in force too."""
    lacking = 0
    for chain in run.plan.chains:
        with ExitStack() as in_force:
            lm = run.lm
            for at, step in enumerate(chain):
                path = run.edit_path(step)
                if not path.exists():
                    lacking += len(chain) - at
                    break
                lm = in_force.enter_context(load_edit(path).applied(lm))
                yield from _under(run, lm, step.units)
    if lacking:
        _LOG.warning(
            "%d edits were not kept and have no teacher-forced scores; begin another run with --forced",
            lacking,
        )


def _under(run: _Run, lm: LM, units: Iterable[Unit]) -> Iterator[ScoredRow]:
    for unit in units:
        said = _said(run, lm, unit.questions)
        place = unit.place
        yield from forced_rows(unit.questions, said, run.before, edit_lang=place.edit_lang, batch=place.batch)


def _said(run: _Run, lm: LM, questions: Sequence[Question]) -> list[Forced]:
    """What a model thinks of the answers; nothing of those of kinds that have no teacher-forced score."""
    asked = [
        (one.probe, answers_of(one.probe, run.new) if one.probe.kind in FORCED else (None, None))
        for one in questions
    ]
    return forced(lm, asked, run.progress)
