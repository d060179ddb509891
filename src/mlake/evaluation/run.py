"""The paper's protocol: ask the unedited model, then edit batch by batch and ask the edited ones.

Each edit is made from the unedited model, or, in a sequence, on top of the stored edits before it.
"""

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from mlake.errors import EditError, RunError, memory_ran_out
from mlake.evaluation.missing import Group, Shape, drop_left, missing, sizes_of, unexamined
from mlake.evaluation.plan import Plan
from mlake.evaluation.progress import ASKING, EDITING, UNEDITED, RunBar
from mlake.evaluation.store import Savable, Store
from mlake.evaluation.units import Question, Step, Unit
from mlake.kinds import question_kind
from mlake.records import Answer, Statement

__all__ = [
    "Ask",
    "AskAtLength",
    "AskMany",
    "Edit",
    "Editor",
    "Engine",
    "Examine",
    "Progress",
    "going",
    "run",
]

Progress = Callable[[int], object]
"""Is told how many questions or facts have just been finished."""

Ask = Callable[[Any, Sequence[str], Progress], Sequence[Answer]]
"""Asks a model questions and tells how many were answered since it last did; replies in their order."""

AskMany = Callable[[Any, Sequence["Edit"], Sequence[tuple[int, str]], Progress], Sequence[Answer]]
"""The same for questions under edits: the unedited model, edits, and for each question its edit and text."""


AskAtLength = Callable[[Any, Sequence["Edit"], Sequence[tuple[int, str]], int, Progress], Sequence[Answer]]
"""The same for answers of so many tokens each; without edits, the model is the one to ask as it is."""


Examine = Callable[[Any, "Edit"], Savable]
"""What is measured of an edit besides answers, with the model that it was made from and the edit."""


class Edit(Protocol):
    """What a run needs of an edit."""

    def applied(self, lm: Any, /) -> AbstractContextManager[Any]:
        """The model with the edit in force."""

    def save(self, path: Path, /) -> object:
        """Write the edit to one file."""


class Editor(Protocol):
    """What a run needs of an editing method."""

    def edit(
        self,
        lm: Any,
        statements: Sequence[Statement],
        /,
        *,
        text: Sequence[str],
        history: Sequence[Any],
        progress: Progress,
    ) -> Edit:
        """Compute an edit of a model on which the edits of ``history`` are in force."""

    def edit_many(
        self,
        lm: Any,
        batches: Sequence[Sequence[Statement]],
        /,
        *,
        text: Sequence[str],
        progress: Progress,
    ) -> Sequence[Edit]:
        """Compute several edits, each from the unedited model."""


@dataclass(frozen=True, slots=True)
class Engine:
    """The model, and what a run does with it.

    Attributes:
        lm: The unedited model.
        editor: The editing method; None where the plan edits nothing.
        answer: Asks the unedited model or an edited one.
        load_edit: Reads a stored edit.
        seed: Seeds every global random generator; called before each edit and each unit, so that a
            resumed run draws what an uninterrupted one draws.
        text: Ordinary text of the data set, for methods that measure keys on it.
        unedited: Asks the unedited model where not ``answer`` does: a memory of earlier runs.
        many: Asks under several edits in one pass.
        at_length: Asks questions whose kind wants answers of a certain length, under any number of edits.
        together: Edits that are computed, and asked under, together; one by one without ``many`` and in
            sequences.
        least: Questions under one edit that a pass takes at least, if there are as many: small passes leave
            an accelerator half idle.
        examine: Measures every edit once its questions are answered.
        keep: Whether an edit stays stored after that. One that holds whole weights need not.
        as_before: Whether an edited model is asked a question just as the unedited one, with the same weights
            and prompt: then the unedited answer is its answer, which half precision may miss beside other
            questions. None where every edit changes the model.
        fact_worth: Tells how many questions' work editing one fact is, about, for the time left.
    """

    lm: Any
    editor: Editor | None
    answer: Ask
    load_edit: Callable[[Path], Edit]
    seed: Callable[[int], object]
    text: Sequence[str] = ()
    unedited: Ask | None = None
    many: AskMany | None = None
    at_length: AskAtLength | None = None
    together: int = 1
    least: int = 1
    examine: Examine | None = None
    keep: Callable[[Edit], bool] = lambda edit: True
    as_before: Callable[[Any, str], bool] | None = None
    fact_worth: Callable[[], float] = lambda: 1.0

    @property
    def shape(self) -> Shape:
        """How it takes a plan apart."""
        together = self.together if self.many else 1
        return Shape(together, self.least, self.examine is not None, self.as_before is not None)


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
    for _ in going(plan, store, engine, progress=progress):
        pass


def going(plan: Plan, store: Store, engine: Engine, *, progress: bool = False) -> Iterator[Path]:
    """``run``, step by step: gives every file that was stored and stays; arguments and errors are its."""
    store.begin(plan)
    drop_left(plan, store, engine.shape, lambda path: engine.keep(_loaded(path, engine)))
    unedited, groups = missing(plan, store, engine.shape)
    with RunBar(
        sizes_of(unedited, groups), shown=progress, fact_worth=engine.fact_worth() if progress else 1.0
    ) as bar:
        for units in unedited:
            yield from _ask(units, store, engine, engine.lm, bar, {})
        before = store.unedited() if groups and engine.as_before else {}
        for group in groups:
            yield from _edit_and_ask(group, store, engine, bar, before)


def _edit_and_ask(
    group: Group, store: Store, engine: Engine, bar: RunBar, before: Mapping[str, Answer]
) -> Iterator[Path]:
    chained = all(unit.place.step is not None for step, _ in group for unit in step.units)
    if len(group) > 1 and engine.many and not chained:
        edits = yield from _edits([step for step, _ in group], store, engine, bar, engine.lm, ())
        yield from _ask_many([passes for _, passes in group], edits, store, engine, engine.many, bar)
        for (step, _), edit in zip(group, edits, strict=True):
            yield from _examine(step, edit, store, engine, engine.lm)
    else:
        edits = yield from _walk(group, store, engine, bar, before)
    # Until all is asked, what comes later in a chain needs every edit before it.
    for (step, _), edit in zip(group, edits, strict=True):
        if not engine.keep(edit):
            store.drop_edit(step)


def _walk(
    group: Group, store: Store, engine: Engine, bar: RunBar, before: Mapping[str, Answer]
) -> Generator[Path, None, list[Edit]]:
    """Edit step after step, each on top of the stored edits before it, and ask under all of them."""
    edits: list[Edit] = []
    with ExitStack() as in_force:
        lm = engine.lm
        for step, passes in group:
            (edit,) = yield from _edits([step], store, engine, bar, lm, tuple(edits))
            yield from _examine(step, edit, store, engine, lm)
            with _memory(f"applying the edit {step.name}"):
                lm = in_force.enter_context(edit.applied(lm))
            for one in passes:
                yield from _ask(one, store, engine, lm, bar, before)
            edits.append(edit)
    return edits


def _examine(step: Step, edit: Edit, store: Store, engine: Engine, lm: Any) -> Iterator[Path]:
    if engine.examine and unexamined(step, store, engine.shape):
        with _memory(f"examining the edit {step.name}"):
            measured = engine.examine(lm, edit)
        yield store.write_examined(step, measured)


def _ask_many(
    passes: Sequence[list[list[Unit]]],
    edits: Sequence[Edit],
    store: Store,
    engine: Engine,
    many: AskMany,
    bar: RunBar,
) -> Iterator[Path]:
    """Ask the units of several edits in one pass."""
    asked = [(number, unit) for number, some in enumerate(passes) for one in some for unit in one]
    if not asked:
        return
    questions = [(number, one) for number, unit in asked for one in unit.questions]
    name = f"asking under {len(edits)} edits"
    with bar.doing(ASKING, name, len(questions)), _memory(name):
        engine.seed(store.spec.seed)
        short = lambda texts: many(engine.lm, edits, texts, bar.update)  # noqa: E731
        replies = iter(_replies(questions, short, engine, engine.lm, edits, bar))
    for _, unit in asked:
        yield from _store(unit, [next(replies) for _ in unit.questions], store)


def _ask(
    units: Sequence[Unit],
    store: Store,
    engine: Engine,
    lm: Any,
    bar: RunBar,
    before: Mapping[str, Answer],
) -> Iterator[Path]:
    """Ask units in one pass, but for what an edit leaves as it was ``before``, by id of the question."""
    every = [question.probe for unit in units for question in unit.questions]
    known = (one for one in every if one.id in before)
    same = {one.id for one in known if engine.as_before and engine.as_before(lm, one.text)}
    questions = [(0, one) for unit in units for one in unit.questions if one.probe.id not in same]
    edited = units[0].place.edit_lang is not None
    answer, part = (engine.answer, ASKING) if edited else (engine.unedited or engine.answer, UNEDITED)
    name = f"asking {units[0].name}" + (f" and {len(units) - 1} more" if len(units) > 1 else "")
    with bar.doing(part, name, len(every)), _memory(name):
        engine.seed(store.spec.seed)
        short = lambda texts: answer(lm, [text for _, text in texts], bar.update)  # noqa: E731
        replies = iter(_replies(questions, short, engine, lm, (), bar))
    for unit in units:
        asked = (one.probe.id for one in unit.questions)
        yield from _store(unit, [before[one] if one in same else next(replies) for one in asked], store)


def _replies(
    questions: Sequence[tuple[int, Question]],
    short: Callable[[Sequence[tuple[int, str]]], Sequence[Answer]],
    engine: Engine,
    lm: Any,
    edits: Sequence[Edit],
    bar: RunBar,
) -> list[Answer]:
    """Answers in the order of the questions, each with its edit; those of one length are asked together."""
    lengths: dict[int | None, list[int]] = {}
    for at, (_, question) in enumerate(questions):
        lengths.setdefault(question_kind(question.kind).tokens, []).append(at)
    found: dict[int, Answer] = {}
    for tokens, places in lengths.items():
        texts = [(questions[at][0], questions[at][1].probe.text) for at in places]
        if tokens is None:
            replies = short(texts)
        elif engine.at_length:
            replies = engine.at_length(lm, edits, texts, tokens, bar.update)
        else:
            raise RunError(f"answers of {tokens} tokens cannot be asked for here; leave out their --kinds")
        found.update(zip(places, replies, strict=True))
    return [found[at] for at in range(len(questions))]


def _store(unit: Unit, replies: Sequence[Answer], store: Store) -> Iterator[Path]:
    if not store.has(unit):
        yield store.write(unit, replies)


def _edits(
    steps: Sequence[Step], store: Store, engine: Engine, bar: RunBar, lm: Any, history: Sequence[Edit]
) -> Generator[Path, None, list[Edit]]:
    """The stored edits of a model with a history, computed first if need be.

    What is asked is always what was stored.
    """
    facts = sum(len(step.statements) for step in steps)
    new = [step for step in steps if not store.edit_path(step).exists()]
    if not new:
        bar.skip(EDITING, facts)
    else:
        name = f"editing {steps[0].name}" + (f" and {len(steps) - 1} more" if len(steps) > 1 else "")
        with bar.doing(EDITING, name, facts), _memory(name):
            engine.seed(store.spec.seed)
            for step, edit in zip(steps, _computed(steps, engine, bar, lm, history), strict=True):
                if step in new:
                    store.write_edit(step, edit)
    edits = [_loaded(store.edit_path(step), engine) for step in steps]
    for step, edit in zip(steps, edits, strict=True):
        if step in new and engine.keep(edit):
            yield store.edit_path(step)
    return edits


def _loaded(path: Path, engine: Engine) -> Edit:
    try:
        return engine.load_edit(path)
    except EditError as error:
        raise RunError(f"{path} is damaged: {error}; delete the file and run again") from error


def _computed(
    steps: Sequence[Step], engine: Engine, bar: RunBar, lm: Any, history: Sequence[Edit]
) -> Sequence[Edit]:
    if engine.editor is None:
        raise RunError(f"the plan edits {steps[0].name} but no method is given; choose one with --method")
    facts = [step.statements for step in steps]
    if len(facts) > 1:
        return engine.editor.edit_many(lm, facts, text=engine.text, progress=bar.update)
    return [engine.editor.edit(lm, facts[0], text=engine.text, history=history, progress=bar.update)]


@contextmanager
def _memory(doing: str) -> Iterator[None]:
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not memory_ran_out(error):
            raise
        raise RunError(
            f"out of memory while {doing}; finished units are kept: free memory and run again, or start "
            "another run with a smaller --batch-size, --dtype or --max-new-tokens"
        ) from error
