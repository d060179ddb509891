"""PLACES: the block that was published for a side memory on a model family, each with its source."""

from collections.abc import Iterator
from typing import NamedTuple

from mlake.models.lm import LM

__all__ = ["PLACES", "Place", "place_for", "places_of"]

_EASYEDIT = "zjunlp/EasyEdit@14cea82 hparams"
_NAS = "SasyaTitech/NAS@38ac1c8 hparams"


class Place(NamedTuple):
    """Where a method keeps its memory.

    Attributes:
        method: Name of the method.
        family: The model's family, as in ``ARCHITECTURES``.
        depth: Its blocks.
        layer: The block.
        source: Where this was published: repository, commit and file.
    """

    method: str
    family: str
    depth: int
    layer: int
    source: str


PLACES = (
    Place("grace", "Llama", 32, 27, f"{_EASYEDIT}/GRACE/llama-7b.yaml"),
    Place("grace", "Qwen 2", 28, 18, f"{_EASYEDIT}/GRACE/qwen2.5-7b.yaml"),
    Place("memoir", "Llama", 32, 27, f"{_NAS}/MEMOIR/Llama3-8B.json"),
)
"""A method's first row stands for families that have none."""


def places_of(method: str) -> Iterator[Place]:
    """The rows of a method."""
    return (one for one in PLACES if one.method == method)


def place_for(method: str, lm: LM) -> tuple[int, str]:
    """The block for a model, scaled to its depth, and where it was published; empty where it was not.

    The last block is never meant: what a memory adds there reaches no other token.
    """
    rows = list(places_of(method))
    own = [one for one in rows if one.family == lm.arch.family]
    row = (own or rows)[0]
    depth = len(lm.layers)
    return max(0, min(round(row.layer / row.depth * depth), depth - 2)), row.source if own else ""
