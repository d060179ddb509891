"""Sequential edits of several batches that advance together.

ROME edits one fact after another on the model that the ones before left. Batches, and languages, start from
the unedited model each: they are chains that differ by low-rank changes of one matrix. So one forward pass
carries a fact of every chain, each row with the changes of its own chain, and every chain comes out as if it
had been alone (``mlake.models.deltas``).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from mlake.editing.edits import WeightEdit
from mlake.editing.prompts import Prompted
from mlake.models.deltas import RowDeltas

__all__ = ["Chain", "Step", "advance"]


@dataclass
class Chain:
    """The facts of one batch, and how far their edit has come.

    Attributes:
        facts: The facts in order.
        edit: What the facts so far have changed.
        losses: Losses of each fact so far.
    """

    facts: Sequence[Prompted]
    edit: WeightEdit = field(default_factory=lambda: WeightEdit({}, {}, {}))
    losses: list[Any] = field(default_factory=list)


Step = Callable[[Sequence[Prompted], RowDeltas], tuple[list[WeightEdit], Sequence[Any]]]
"""Edits one fact of each chain: facts and the changes in force to an edit and losses for each."""


def advance(chains: Sequence[Chain], step: Step, progress: Callable[[int], object]) -> None:
    """Edit fact after fact, a fact of every chain at a time.

    Args:
        chains: The chains; their edits and losses are filled in.
        step: Edits a fact of each.
        progress: Called with the number of facts just finished.
    """
    longest = max((len(chain.facts) for chain in chains), default=0)
    for place in range(longest):
        live = [chain for chain in chains if place < len(chain.facts)]
        deltas = RowDeltas(tuple(chain.edit.factors for chain in live))
        edits, losses = step([chain.facts[place] for chain in live], deltas)
        for chain, edit, steps in zip(live, edits, losses, strict=True):
            chain.edit = chain.edit.then(edit) if chain.edit.factors else edit
            chain.losses.append(steps)
        progress(len(live))

