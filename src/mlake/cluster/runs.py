"""Runs whose edits and questions are spread over a pool; one process, this one, writes their folders."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from mlake.analysis.examine import keep_ability
from mlake.analysis.forced_run import keep_forced
from mlake.analysis.store import kept_path
from mlake.cluster.jobs import File, Job, Opening, Outline
from mlake.cluster.spread import Pool, spread
from mlake.cluster.work import Measure, Part
from mlake.disk import write_atomic
from mlake.editing import load_edit
from mlake.evaluation.missing import drop_left, parts
from mlake.evaluation.plan import Plan
from mlake.evaluation.progress import ASKING, RunBar
from mlake.evaluation.session import Session, Settings, stays
from mlake.evaluation.store import Store
from mlake.evaluation.units import Unit
from mlake.folders import os_errors
from mlake.records import Benchmark

__all__ = ["SpreadRun", "carry_out", "run_of"]


@dataclass(frozen=True)
class SpreadRun:
    """A run to carry out.

    Attributes:
        opening: How a worker comes by it.
        outline: What it is.
        folder: Its folder.
        keep_all: Keep edits that hold whole weights too, for what is measured under them.
        measures: What is measured once it is finished, by the names under which it is kept with the run.
    """

    opening: Opening
    outline: Outline
    folder: Path
    keep_all: bool
    measures: Mapping[str, Callable[[Session, Path], object]]

    def job(self, name: str, do: Any, files: Callable[[], Iterator[Path]]) -> Job:
        """A job of the run."""
        return Job(name, self.opening, self.outline.spec, do, self.folder, files)


def run_of(
    pool: Pool,
    model: tuple[str, Mapping[str, Any]],
    benchmark: Benchmark,
    settings: Settings,
    out: Path | None,
    *,
    forced: bool,
) -> SpreadRun:
    """A run as ``mlake run`` makes it, planned by a worker.

    Args:
        pool: The workers.
        model: Name of the model, and how to load it.
        benchmark: The data set.
        settings: What a user chooses of the run.
        out: Its folder; None for ``runs/METHOD-MODEL-ID``.
        forced: Whether teacher-forced scores are wanted.

    Raises:
        MlakeError: The run cannot be.
    """
    name, load = model
    opening = Opening("run", name, load, partial(Session, benchmark=benchmark, settings=settings))
    outline = pool.outline(opening)
    measures = {"ability": _ability, **({"forced": _forced} if forced else {})}
    return SpreadRun(opening, outline, out or Path("runs") / outline.folder_name, forced, measures)


def _ability(session: Session, folder: Path) -> None:
    keep_ability(session.lm, folder)


def _forced(session: Session, folder: Path) -> None:
    keep_forced(session.lm, folder, session.plan, session.benchmark)


def carry_out(runs: Sequence[SpreadRun], pool: Pool, say: Callable[[str], object], *, progress: bool) -> None:
    """Edit, ask and measure what is not stored yet.

    Args:
        runs: The runs.
        pool: The workers.
        say: Is told, in a line, of workers that died.
        progress: Show progress on standard error.

    Raises:
        MlakeError: As of the same runs on one machine; a folder cannot be opened, or no worker is left.
    """
    with ExitStack() as held:
        first: list[Job] = []
        later: list[Job] = []
        questions: dict[Path, int] = {}
        for run in runs:
            store = held.enter_context(Store.open(run.folder, run.outline.spec))
            store.begin(run.outline.plan)
            drop_left(run.outline.plan, store, run.outline.shape, partial(_stays, keep_all=run.keep_all))
            for part in parts(run.outline.plan, store, run.outline.shape):
                before = run.outline.plan.unedited if run.outline.shape.after and part.steps else ()
                files = partial(_stored, part, before, store)
                job = run.job(_name(part), Part(part, run.keep_all), files)
                (later if before else first).append(job)
                questions |= {
                    store.answers_path(one): len(one.questions) for one in part.units if not store.has(one)
                }
        with RunBar({ASKING: sum(questions.values())}, shown=progress) as bar:
            for jobs in (first, later):
                spread(jobs, pool, lambda job, file: bar.update(questions.get(_take(job, file), 0)), say)
    spread([job for run in runs for job in _measures(run)], pool, _take, say)


def _stays(path: Path, *, keep_all: bool) -> bool:
    return stays(load_edit(path), keep_all=keep_all)


def _name(part: Plan) -> str:
    first, *others = [step.name for step in part.steps] or [unit.name for unit in part.units]
    return f"{first} and {len(others)} more" if others else first


def _stored(part: Plan, before: Sequence[Unit], store: Store) -> Iterator[Path]:
    """Where everything stands that a part of a run can go on from, the answers of ``before`` too."""
    for step in part.steps:
        yield from (store.edit_path(step), store.examined_path(step))
    yield from map(store.answers_path, (*before, *part.units))


def _measures(run: SpreadRun) -> Iterator[Job]:
    for name, measure in run.measures.items():
        path = kept_path(run.folder, name)
        if not path.exists():
            do = Measure(path.relative_to(run.folder), measure)
            yield run.job(name, do, partial(_all_of, run.folder))


def _all_of(folder: Path) -> Iterator[Path]:
    """The files of a finished run."""
    parts = ("*.json", "*.jsonl", "answers/**/*.jsonl", "edits/**/*.safetensors", "examined/**/*.safetensors")
    for part in parts:
        yield from folder.glob(part)


def _take(job: Job, file: File) -> Path:
    """Write what a worker has written, or take away what it has; gives the file's path."""
    name, content = file
    path = job.folder / name
    with os_errors(path):
        if content is None:
            path.unlink(missing_ok=True)
        else:
            write_atomic(path, content)
    return path
