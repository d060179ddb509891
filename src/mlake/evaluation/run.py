"""The paper's protocol: ask the unedited model, then edit batch by batch and ask the edited ones.

Each edit is made from the unedited model, or, in a sequence, on top of the stored edits before it.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Protocol

from tqdm import tqdm

from mlake.errors import EditError, RunError, memory_ran_out
from mlake.evaluation.plan import Plan
from mlake.evaluation.store import Savable, Store
from mlake.evaluation.units import Question, Step, Unit, needed
from mlake.kinds import question_kind
from mlake.records import Answer, Statement

__all__ = ["Ask", "AskAtLength", "AskMany", "Edit", "Editor", "Engine", "Examine", "Progress", "run"]

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
    _drop_left(plan, store, engine)
    unedited = _open(plan.unedited, store, engine)
    groups = list(_open_groups(plan, store, engine))
    total = sum(map(_size, unedited))
    for step, passes in chain.from_iterable(groups):
        total += len(step.statements) + sum(map(_size, passes))
    calm = 0.5 if sys.stderr.isatty() else 30.0
    with tqdm(total=total, disable=not progress, mininterval=calm, dynamic_ncols=True) as bar:
        for units in unedited:
            _ask(units, store, engine, engine.lm, bar)
        for group in groups:
            _edit_and_ask(group, store, engine, bar)


def _drop_left(plan: Plan, store: Store, engine: Engine) -> None:
    """Remove edits that a run was killed just before it removed; those of one method are of one kind."""
    done = [one for one in plan.chains if not any(_unfinished(step, store, engine) for step in one)]
    left = [step for step in chain.from_iterable(done) if store.edit_path(step).exists()]
    if left and not engine.keep(_loaded(store.edit_path(left[0]), engine)):
        for step in left:
            store.drop_edit(step)


_Group = Sequence[tuple[Step, list[list[Unit]]]]
"""Steps with the passes that each is asked in: one, several that go together, or a chain."""


def _open_groups(plan: Plan, store: Store, engine: Engine) -> Iterator[_Group]:
    """The groups in which something is missing.

    A group always holds the same steps, and a pass the same units, stored or not: what a model says in half
    precision can depend on what it is asked beside, and a resumed run is to end as one never cut off.
    """
    if len(plan.chains) < len(plan.steps):
        for one in plan.chains:
            steps = needed(one, lambda step: _unfinished(step, store, engine))
            if steps:
                yield [(step, _open(step.units, store, engine)) for step in steps]
        return
    size = engine.together if engine.many else 1
    for start in range(0, len(plan.steps), size):
        steps = plan.steps[start : start + size]
        group = [(step, _open(step.units, store, engine)) for step in steps]
        if len(group) > 1 and any(passes for _, passes in group):
            yield [(step, [list(step.units)]) for step in steps]
        elif any(_unfinished(step, store, engine) for step in steps):
            yield group


def _open(units: Sequence[Unit], store: Store, engine: Engine) -> list[list[Unit]]:
    """The passes that ask the units: those of which a unit is missing."""
    passes: list[list[Unit]] = []
    for unit in units:
        if not passes or _size(passes[-1]) >= engine.least:
            passes.append([])
        passes[-1].append(unit)
    return [one for one in passes if not all(map(store.has, one))]


def _size(units: Sequence[Unit]) -> int:
    return sum(len(unit.questions) for unit in units)


def _edit_and_ask(group: _Group, store: Store, engine: Engine, bar: Any) -> None:
    chained = all(unit.place.step is not None for step, _ in group for unit in step.units)
    if len(group) > 1 and engine.many and not chained:
        edits = _edits([step for step, _ in group], store, engine, bar, engine.lm, ())
        _ask_many([passes for _, passes in group], edits, store, engine, engine.many, bar)
        for (step, _), edit in zip(group, edits, strict=True):
            _examine(step, edit, store, engine, engine.lm)
    else:
        edits = _walk(group, store, engine, bar)
    # Until all is asked, what comes later in a chain needs every edit before it.
    for (step, _), edit in zip(group, edits, strict=True):
        if not engine.keep(edit):
            store.drop_edit(step)


def _walk(group: _Group, store: Store, engine: Engine, bar: Any) -> list[Edit]:
    """Edit step after step, each on top of the stored edits before it, and ask under all of them."""
    edits: list[Edit] = []
    with ExitStack() as in_force:
        lm = engine.lm
        for step, passes in group:
            (edit,) = _edits([step], store, engine, bar, lm, tuple(edits))
            _examine(step, edit, store, engine, lm)
            with _memory(f"applying the edit {step.name}"):
                lm = in_force.enter_context(edit.applied(lm))
            for one in passes:
                _ask(one, store, engine, lm, bar)
            edits.append(edit)
    return edits


def _unfinished(step: Step, store: Store, engine: Engine) -> bool:
    return not all(map(store.has, step.units)) or _unexamined(step, store, engine)


def _unexamined(step: Step, store: Store, engine: Engine) -> bool:
    return engine.examine is not None and not store.examined_path(step).exists()


def _examine(step: Step, edit: Edit, store: Store, engine: Engine, lm: Any) -> None:
    if engine.examine and _unexamined(step, store, engine):
        with _memory(f"examining the edit {step.name}"):
            store.write_examined(step, engine.examine(lm, edit))


def _ask_many(
    passes: Sequence[list[list[Unit]]],
    edits: Sequence[Edit],
    store: Store,
    engine: Engine,
    many: AskMany,
    bar: Any,
) -> None:
    """Ask the units of several edits in one pass."""
    asked = [(number, unit) for number, some in enumerate(passes) for one in some for unit in one]
    if not asked:
        return
    questions = [(number, one) for number, unit in asked for one in unit.questions]
    name = f"asking under {len(edits)} edits"
    with _told(bar, name, len(questions)), _memory(name):
        engine.seed(store.spec.seed)
        short = lambda texts: many(engine.lm, edits, texts, bar.update)  # noqa: E731
        replies = iter(_replies(questions, short, engine, engine.lm, edits, bar))
    for _, unit in asked:
        _store(unit, [next(replies) for _ in unit.questions], store)


def _ask(units: Sequence[Unit], store: Store, engine: Engine, lm: Any, bar: Any) -> None:
    questions = [(0, question) for unit in units for question in unit.questions]
    answer = engine.answer if units[0].place.edit_lang else engine.unedited or engine.answer
    name = f"asking {units[0].name}" + (f" and {len(units) - 1} more" if len(units) > 1 else "")
    with _told(bar, name, len(questions)), _memory(name):
        engine.seed(store.spec.seed)
        short = lambda texts: answer(lm, [text for _, text in texts], bar.update)  # noqa: E731
        replies = iter(_replies(questions, short, engine, lm, (), bar))
    for unit in units:
        _store(unit, [next(replies) for _ in unit.questions], store)


def _replies(
    questions: Sequence[tuple[int, Question]],
    short: Callable[[Sequence[tuple[int, str]]], Sequence[Answer]],
    engine: Engine,
    lm: Any,
    edits: Sequence[Edit],
    bar: Any,
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


def _store(unit: Unit, replies: Sequence[Answer], store: Store) -> None:
    if not store.has(unit):
        store.write(unit, replies)


def _edits(
    steps: Sequence[Step], store: Store, engine: Engine, bar: Any, lm: Any, history: Sequence[Edit]
) -> list[Edit]:
    """The stored edits of a model with a history, computed first if need be.

    What is asked is always what was stored.
    """
    facts = sum(len(step.statements) for step in steps)
    if all(store.edit_path(step).exists() for step in steps):
        bar.update(facts)
    else:
        name = f"editing {steps[0].name}" + (f" and {len(steps) - 1} more" if len(steps) > 1 else "")
        with _told(bar, name, facts), _memory(name):
            engine.seed(store.spec.seed)
            for step, edit in zip(steps, _computed(steps, engine, bar, lm, history), strict=True):
                if not store.edit_path(step).exists():
                    store.write_edit(step, edit)
    return [_loaded(store.edit_path(step), engine) for step in steps]


def _loaded(path: Path, engine: Engine) -> Edit:
    try:
        return engine.load_edit(path)
    except EditError as error:
        raise RunError(f"{path} is damaged: {error}; delete the file and run again") from error


def _computed(
    steps: Sequence[Step], engine: Engine, bar: Any, lm: Any, history: Sequence[Edit]
) -> Sequence[Edit]:
    if engine.editor is None:
        raise RunError(f"the plan edits {steps[0].name} but no method is given; choose one with --method")
    facts = [step.statements for step in steps]
    if len(facts) > 1:
        return engine.editor.edit_many(lm, facts, text=engine.text, progress=bar.update)
    return [engine.editor.edit(lm, facts[0], text=engine.text, history=history, progress=bar.update)]


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
        if not memory_ran_out(error):
            raise
        raise RunError(
            f"out of memory while {doing}; finished units are kept: free memory and run again, or start "
            "another run with a smaller --batch-size, --dtype or --max-new-tokens"
        ) from error
