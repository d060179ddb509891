"""Prompt memories with a trained scope: how likely it is that a question asks for a fact decides."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import torch
from torch import Tensor

from mlake.editing.edits.memory import MemoryEdit
from mlake.editing.factors import checked

__all__ = ["ScopedEdit", "features"]

_WEIGHTS = 4


@dataclass(frozen=True, eq=False)
class ScopedEdit(MemoryEdit):
    """A memory whose likeness is a probability: that a question asks for an entry's fact.

    Attributes:
        weights: Of the three features, and what is added to their sum, ``(4,)`` in float64.
        background: Vectors of questions on other facts, with which the memory's compete, ``(m, d)``.
    """

    format: ClassVar[str] = "mlake-scoped/1"

    weights: Tensor = field(default_factory=lambda: torch.zeros(_WEIGHTS, dtype=torch.float64))
    background: Tensor = field(default_factory=lambda: torch.zeros(0, 0))

    def likeness(self, query: Tensor, named: Sequence[bool]) -> Tensor:
        """The probability of each entry, ``(n,)`` in float64; arguments as of any memory."""
        facts = [one.fact for one in self.entries]
        found = features(self.embeddings @ query, facts, named, self.background @ query)
        return (found @ self.weights[:-1] + self.weights[-1]).sigmoid()

    def tensors(self) -> dict[str, Tensor]:
        """As of any memory, and ``weights`` and ``background``."""
        return {**MemoryEdit.tensors(self), "weights": self.weights, "background": self.background}

    @classmethod
    def of(cls, tensors: Mapping[str, Tensor], report: Mapping[str, Any], /) -> Self:
        """The edit that ``tensors`` gave."""
        plain = MemoryEdit.of(tensors, report)
        weights = checked(tensors["weights"], 1, finite=True).double()
        background = checked(tensors["background"], 2, finite=True).float()
        if len(weights) != _WEIGHTS or background.shape[1] != plain.embeddings.shape[1]:
            raise ValueError("a scope of the wrong shape")
        parts = (plain.entries, plain.embeddings, plain.state, plain.retriever, plain.version, plain.naming)
        return cls(*parts, plain.scope, plain.wordings, report, weights, background)


def features(cosines: Tensor, facts: Sequence[str], named: Sequence[bool], background: Tensor) -> Tensor:
    """What tells whether a question asks for an entry's fact, ``(n, 3)`` in float64.

    These are the cosine; how far that is above the best one of any other fact; and 1 where the question names
    the fact's subject.

    Args:
        cosines: Of the question and each entry, ``(n,)``.
        facts: Fact of each entry.
        named: Whether the question names the subject of each entry's fact.
        background: Cosines of the question and questions on other facts, ``(m,)``.
    """
    best: dict[str, float] = {}
    for fact, cosine in zip(facts, cosines.tolist(), strict=True):
        best[fact] = max(cosine, best.get(fact, -1.0))
    (first, top), (_, second) = sorted([*best.items(), ("", -1.0), ("", -1.0)], key=lambda one: -one[1])[:2]
    beyond = max(background.tolist(), default=-1.0)
    rivals = [max(beyond, second if fact == first else top) for fact in facts]
    wide = cosines.double()
    margin = wide - torch.tensor(rivals, dtype=torch.float64)
    return torch.stack([wide, margin, torch.tensor(named, dtype=torch.float64)], dim=-1)
