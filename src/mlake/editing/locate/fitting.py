"""What the model's family asks of a locate-then-edit method: which blocks, and where the value goes."""

from dataclasses import dataclass
from typing import Any

from mlake.models.lm import LM

__all__ = ["suggested"]


@dataclass(frozen=True, slots=True)
class _Depth:
    """Which blocks were edited in a published model; other depths are scaled.

    Attributes:
        depth: Blocks of the published model.
        one: Block of methods that edit one.
        many: First and last block of methods that edit several.
    """

    depth: int
    one: int
    many: tuple[int, int]

    def layers(self, depth: int, *, single: bool) -> tuple[int, ...]:
        """The blocks for a model of this depth."""
        if single:
            return (min(round(self.one * depth / self.depth), depth - 1),)
        first = round(self.many[0] * depth / self.depth)
        last = min(first + self.many[1] - self.many[0], depth - 1)
        return tuple(range(first, last + 1))


_LLAMA = _Depth(32, 5, (4, 8))
_DEPTHS: dict[str, _Depth] = {"GPT-2": _Depth(48, 17, (13, 17)), "GPT-J": _Depth(28, 5, (3, 8))}

_SANDWICH = {"site": "down", "rate_unit": "rms", "clamp": 3.0, "contexts": 1}
_SANDWICH_RIDGE = 1 / 15
_SANDWICH_PRESERVE = 0.3
"""Chosen on Gemma-3-270M, on facts that no report uses; ``docs/methods.md`` says what was measured."""


def suggested(lm: LM, single: bool, layers: tuple[int, ...], metric: str, ridge: float) -> dict[str, Any]:
    """Settings that the model's family asks for.

    Args:
        lm: The model.
        single: Whether the method edits one block.
        layers: Blocks that the method names itself; they stay.
        metric: Its metric.
        ridge: Its ridge, as published for families without a norm behind the MLP.
    """
    table = _DEPTHS.get(lm.arch.family, _LLAMA)
    single = single or lm.arch.sandwich
    found: dict[str, Any] = {} if layers else {"layers": table.layers(len(lm.layers), single=single)}
    if lm.arch.sandwich:
        found |= _SANDWICH
        if metric == "moment" and ridge:
            found |= {"ridge": ridge * _SANDWICH_RIDGE, "preserve": _SANDWICH_PRESERVE}
    return found
