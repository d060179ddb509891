"""PLACES: the maps that UltraEdit's authors edit in a model family, each with its source."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from mlake.models.lm import LM

__all__ = ["PLACES", "Place", "place_for"]

_AUTHORS = "XiaojieGu/UltraEdit@0beb222 config/model"


class Place(NamedTuple):
    """Blocks whose maps are edited, the first and the last of each kind; none where it has none.

    Attributes:
        family: The model's family, as in ``ARCHITECTURES``.
        depth: Its blocks.
        source: Where this was published: repository, commit and file.
        gate: Blocks whose gate is edited.
        up: Blocks whose up-projection is edited.
        down: Blocks whose down-projection is edited.
    """

    family: str
    depth: int
    source: str
    gate: tuple[int, int] | None = None
    up: tuple[int, int] | None = None
    down: tuple[int, int] | None = None

    def settings(self, depth: int) -> dict[str, Any]:
        """Blocks of each kind in a model of some number of blocks: the same share of its depth."""
        ends = {"gate": self.gate, "up": self.up, "down": self.down}
        return {kind: _scaled(one, self.depth, depth) for kind, one in ends.items()}


PLACES = (
    Place("Llama", 32, f"{_AUTHORS}/llama-3-instruct.yaml", gate=(11, 15), up=(18, 24)),
    Place("Qwen 2", 28, f"{_AUTHORS}/qwen2.5-7b.yaml", gate=(18, 26), up=(18, 26)),
    Place("Gemma 3", 62, f"{_AUTHORS}/gemma-3-27b.yaml", gate=(52, 60), up=(52, 60)),
    Place("Mistral", 32, f"{_AUTHORS}/mistral-7b.yaml", down=(29, 30)),
    Place("Phi-3", 40, f"{_AUTHORS}/phi-4.yaml", down=(30, 38)),
    Place("GPT-J", 28, f"{_AUTHORS}/gpt-j.yaml", down=(18, 26)),
)
"""Llama's row stands for families that have none and a gate; the last row for those without a gate."""


def place_for(lm: LM, *, gated: bool) -> tuple[Mapping[str, Any], str]:
    """The blocks for a model, scaled to its depth, and where they were published; empty where they were not.

    Args:
        lm: The model.
        gated: Whether its MLPs have a gate of their own.
    """
    own = [one for one in PLACES if one.family == lm.arch.family]
    row = own[0] if own else PLACES[0] if gated else PLACES[-1]
    return row.settings(len(lm.layers)), row.source if own else ""


def _scaled(ends: tuple[int, int] | None, published: int, depth: int) -> tuple[int, ...]:
    if ends is None:
        return ()
    first, last = (min(round(end * depth / published), depth - 1) for end in ends)
    return tuple(range(first, last + 1))
