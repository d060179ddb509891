"""Edits of several batches that are computed together.

Batches, and languages, start from the unedited model each, and differ by low-rank changes of a few matrices.
So one forward pass carries facts of every batch, each row with the changes of its own batch, and every edit
comes out as if it had been alone (``mlake.models.deltas``). ROME edits one fact after another on the model
that the ones before left: its batches are chains of as many steps as facts, and advance a fact at a time.
MEMIT and the like write a batch at once: a chain of one step.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from mlake.editing.edits.weights import Changes, WeightEdit
from mlake.editing.factors import Factors
from mlake.editing.prompts import Prompted
from mlake.models.deltas import NO_DELTAS, RowDeltas
from mlake.models.lm import LM

__all__ = ["Chain", "Step", "advance", "in_force"]


@dataclass
class Chain:
    """The facts of one batch, and how far their edit has come.

    Attributes:
        steps: The facts of each step.
        weights: Where changes are written if the chain is alone on the model; else they stay beside the
            weights.
        edit: What the steps so far have changed.
        losses: Losses of each fact so far.
        skipped: Whether each fact so far was left as it is.
        anchors: Layer to the length that its values are brought to, where they are.
        langs: Languages of its facts.
        family: Number of the batch whose statements it shares with the chains of other languages.
    """

    steps: Sequence[Sequence[Prompted]]
    weights: Changes | None = None
    edit: WeightEdit = field(default_factory=lambda: WeightEdit({}))
    losses: list[Any] = field(default_factory=list)
    skipped: list[bool] = field(default_factory=list)
    anchors: dict[int, float] = field(default_factory=dict)
    langs: frozenset[str] = frozenset()
    family: int = 0

    @property
    def beside(self) -> WeightEdit:
        """The changes that the weights lack."""
        return self.edit if self.weights is None else WeightEdit({})

    def add(self, layer: int, factors: Factors, keys: Tensor) -> None:
        """Put a layer's change in force.

        Args:
            layer: The block.
            factors: Its change.
            keys: The keys that it edits, ``(d_in, n)``.
        """
        self.edit = self.edit.then(WeightEdit({layer: factors}, {layer: keys}))
        if self.weights is not None:
            self.weights.add(layer, factors)

    def applied(self, lm: LM) -> AbstractContextManager[LM]:
        """The model as this chain has changed it so far, for all rows of a pass."""
        return self.beside.applied(lm)


Step = Callable[[Sequence[Chain], Sequence[Sequence[Prompted]]], object]
"""Edits the facts of one step of each chain, given the chains and these facts."""


def advance(chains: Sequence[Chain], step: Step) -> None:
    """Go through all chains' steps, a step of every chain at a time.

    Args:
        chains: The chains; their edits and losses are filled in.
        step: Edits the facts of a step.
    """
    longest = max((len(chain.steps) for chain in chains), default=0)
    for place in range(longest):
        live = [chain for chain in chains if place < len(chain.steps)]
        step(live, [chain.steps[place] for chain in live])


def in_force(lm: LM, chains: Sequence[Chain]) -> RowDeltas:
    """What the chains have changed beside the weights, a group for each chain, where the weights are."""
    changes = [chain.beside.factors for chain in chains]
    if not any(changes):
        return NO_DELTAS
    return RowDeltas(tuple(changes)).placed(lm)
