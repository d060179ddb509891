"""What of a plan is not stored yet, in the portions that go together; each is a plan of its own."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from mlake.evaluation.plan import Plan
from mlake.evaluation.progress import ASKING, EDITING, UNEDITED
from mlake.evaluation.store import Store
from mlake.evaluation.units import Step, Unit, needed

__all__ = ["Group", "Passes", "Shape", "drop_left", "missing", "parts", "sizes_of", "unexamined"]


class Shape(NamedTuple):
    """How a plan is taken apart.

    Attributes:
        together: Edits that are computed, and asked under, together; one by one in sequences.
        least: Questions under one edit that a pass takes at least, if there are as many.
        examined: Whether every edit is measured once its questions are answered.
        after: Whether what is asked under an edit wants the unedited answers.
    """

    together: int
    least: int
    examined: bool
    after: bool = False


Passes = list[list[Unit]]
"""Units, those asked in one pass in one list."""

Group = Sequence[tuple[Step, Passes]]
"""Steps with the passes that each is asked in: one, several that go together, or a chain."""


def missing(plan: Plan, store: Store, shape: Shape) -> tuple[Passes, list[Group]]:
    """The passes of the unedited model, and the groups of edits, in which something is missing.

    A group always holds the same steps, and a pass the same units, stored or not: what a model says in half
    precision can depend on what it is asked beside, and a resumed run is to end as one never cut off.
    """
    return _open(plan.unedited, store, shape), list(_open_groups(plan, store, shape))


def parts(plan: Plan, store: Store, shape: Shape) -> list[Plan]:
    """The same as plans, in the order in which ``run`` does them.

    None needs what another one makes, but with ``Shape.after`` those with edits the answers of those without.
    """
    passes, groups = missing(plan, store, shape)
    nothing = replace(plan, batches=(), unedited=(), chains=(), notes=())
    asked = [replace(nothing, unedited=tuple(units)) for units in passes]
    chained = len(plan.chains) < len(plan.steps)
    for group in groups:
        steps = tuple(step for step, _ in group)
        chains = (steps,) if chained else tuple((step,) for step in steps)
        asked.append(replace(nothing, chains=chains))
    return asked


def sizes_of(unedited: Passes, groups: Sequence[Group]) -> dict[str, int]:
    """How many facts are edited, and questions asked before and under the edits."""
    steps = list(chain.from_iterable(groups))
    return {
        UNEDITED: sum(map(_size, unedited)),
        EDITING: sum(len(step.statements) for step, _ in steps),
        ASKING: sum(sum(map(_size, passes)) for _, passes in steps),
    }


def drop_left(plan: Plan, store: Store, shape: Shape, keep: Callable[[Path], bool]) -> None:
    """Remove edits that a run was killed just before it removed; those of one method are of one kind."""
    done = [one for one in plan.chains if not any(_unfinished(step, store, shape) for step in one)]
    left = [step for step in chain.from_iterable(done) if store.edit_path(step).exists()]
    if left and not keep(store.edit_path(left[0])):
        for step in left:
            store.drop_edit(step)


def unexamined(step: Step, store: Store, shape: Shape) -> bool:
    """Whether an edit is still to be measured."""
    return shape.examined and not store.examined_path(step).exists()


def _open_groups(plan: Plan, store: Store, shape: Shape) -> Iterator[Group]:
    if len(plan.chains) < len(plan.steps):
        for one in plan.chains:
            steps = needed(one, lambda step: _unfinished(step, store, shape))
            if steps:
                yield [(step, _open(step.units, store, shape)) for step in steps]
        return
    for start in range(0, len(plan.steps), shape.together):
        steps = plan.steps[start : start + shape.together]
        group = [(step, _open(step.units, store, shape)) for step in steps]
        if len(group) > 1 and any(passes for _, passes in group):
            yield [(step, [list(step.units)]) for step in steps]
        elif any(_unfinished(step, store, shape) for step in steps):
            yield group


def _unfinished(step: Step, store: Store, shape: Shape) -> bool:
    return not all(map(store.has, step.units)) or unexamined(step, store, shape)


def _open(units: Sequence[Unit], store: Store, shape: Shape) -> Passes:
    """The passes that ask the units: those of which a unit is missing."""
    passes: Passes = []
    for unit in units:
        if not passes or _size(passes[-1]) >= shape.least:
            passes.append([])
        passes[-1].append(unit)
    return [one for one in passes if not all(map(store.has, one))]


def _size(units: Sequence[Unit]) -> int:
    return sum(len(unit.questions) for unit in units)
