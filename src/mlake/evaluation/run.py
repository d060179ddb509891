"""The paper's protocol: ask the unedited model, then edit batch by batch and ask the edited ones."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from tqdm import tqdm

from mlake.errors import EditError, RunError
from mlake.evaluation.plan import Plan, Step, Unit
from mlake.evaluation.store import Store
from mlake.records import Answer, Statement

__all__ = ["Edit", "Editor", "Engine", "Progress", "Reply", "run"]

Progress = Callable[[int], object]
"""Is told how many questions or facts have just been finished."""

_NO_MEMORY = ("out of memory", "not enough memory", "can't allocate memory")


class Reply(Protocol):
    """What a model said to one question."""

    @property
    def text(self) -> str:
        """The raw answer."""

    @property
    def stopped(self) -> bool:
        """Whether it ended by itself."""


class Edit(Protocol):
    """What a run needs of an edit."""

    def applied(self, lm: Any, /) -> AbstractContextManager[Any]:
        """The model with the edit in force."""

    def save(self, path: Path, /) -> object:
        """Write the edit to one file."""


class Editor(Protocol):
    """What a run needs of an editing method."""

    def edit(
        self, lm: Any, statements: Sequence[Statement], /, *, text: Sequence[str], progress: Progress
    ) -> Edit:
        """Compute an edit."""


@dataclass(frozen=True, slots=True)
class Engine:
    """The model, and what a run does with it.

    Attributes:
        lm: The unedited model.
        editor: The editing method.
        answer: Asks a model questions and tells how many were answered since it last did; replies come
            in the order of the questions.
        load_edit: Reads a stored edit.
        seed: Seeds every global random generator; called before each edit and each unit, so that a
            resumed run draws what an uninterrupted one draws.
        text: Ordinary text of the data set, for methods that measure keys on it.
    """

    lm: Any
    editor: Editor
    answer: Callable[[Any, Sequence[str], Progress], Sequence[Reply]]
    load_edit: Callable[[Path], Edit]
    seed: Callable[[int], object]
    text: Sequence[str] = ()


def run(plan: Plan, store: Store, engine: Engine, *, progress: bool = False) -> None:
    """Ask everything in a plan that is not stored yet.

    Args:
        plan: What to edit and ask.
        store: The open run folder.
        engine: The model and what is done with it.
        progress: Show on standard error how many facts are edited and questions answered, and the time left.

    Raises:
        RunError: Memory ran out, or the folder cannot be written; finished units are kept.
        EditError: An edit cannot be computed; finished units are kept.
    """
    store.begin(plan)
    unedited = [unit for unit in plan.unedited if not store.has(unit)]
    steps = [(step, [unit for unit in step.units if not store.has(unit)]) for step in plan.steps]
    steps = [(step, units) for step, units in steps if units]
    total = sum(len(unit.questions) for unit in unedited)
    for step, units in steps:
        total += len(step.statements) + sum(len(unit.questions) for unit in units)
    calm = 0.5 if sys.stderr.isatty() else 30.0
    with tqdm(total=total, disable=not progress, mininterval=calm, dynamic_ncols=True) as bar:
        for unit in unedited:
            _ask(unit, store, engine, engine.lm, bar)
        for step, units in steps:
            edit = _edit(step, store, engine, bar)
            with _memory(f"applying the edit {step.name}"), edit.applied(engine.lm) as edited:
                for unit in units:
                    _ask(unit, store, engine, edited, bar)


def _ask(unit: Unit, store: Store, engine: Engine, lm: Any, bar: Any) -> None:
    questions = [question.probe.text for question in unit.questions]
    with _told(bar, f"asking {unit.name}", len(questions)), _memory(f"asking {unit.name}"):
        engine.seed(store.spec.seed)
        replies = engine.answer(lm, questions, bar.update) if questions else ()
    answers = [
        Answer(question.probe.id, reply.text.strip(), reply.stopped)
        for question, reply in zip(unit.questions, replies, strict=True)
    ]
    store.write(unit, answers)


def _edit(step: Step, store: Store, engine: Engine, bar: Any) -> Edit:
    """The stored edit, computed first if need be: what is asked is always what was stored."""
    path = store.edit_path(step)
    with _told(bar, f"editing {step.name}", len(step.statements)), _memory(f"editing {step.name}"):
        if not path.exists():
            engine.seed(store.spec.seed)
            store.write_edit(step, _computed(step, engine, bar))
        try:
            return engine.load_edit(path)
        except EditError as error:
            raise RunError(f"{path} is damaged: {error}; delete the file and run again") from error


def _computed(step: Step, engine: Engine, bar: Any) -> Edit:
    return engine.editor.edit(engine.lm, step.statements, text=engine.text, progress=bar.update)


@contextmanager
def _told(bar: Any, doing: str, size: int) -> Iterator[None]:
    """Name the work on the bar, and count what the work itself did not report."""
    bar.set_description(doing)
    before = bar.n
    yield
    bar.update(before + size - bar.n)


@contextmanager
def _memory(doing: str) -> Iterator[None]:
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        text = str(error).lower()
        if not isinstance(error, MemoryError) and not any(sign in text for sign in _NO_MEMORY):
            raise
        raise RunError(
            f"out of memory while {doing}; finished units are kept: free memory and run again, or start "
            "another run with a smaller --batch-size, --dtype or --max-new-tokens"
        ) from error
