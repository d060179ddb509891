"""How near a question must be to a fact of a memory for the fact to be shown."""

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

import torch

from mlake.editing.edits.memory import MemoryEdit
from mlake.errors import EditError
from mlake.models.lm import LM

__all__ = ["Scope", "scope_of"]

_REFUSED = 0.95  # share of ordinary questions that must be refused where nothing was calibrated


class Scope(NamedTuple):
    """Where a memory's scope is from.

    Attributes:
        least: Least likeness; None for whatever is nearest.
        source: Where it is from.
    """

    least: float | None
    source: str


def scope_of(lm: LM, memory: MemoryEdit, ordinary: Sequence[str]) -> Scope:
    """The scope that was calibrated for a retriever; else the one that refuses most ordinary questions.

    Args:
        lm: The model.
        memory: The memory, whose own scope does not count.
        ordinary: Questions about other facts.

    Raises:
        EditError: Nothing was calibrated for the retriever and model, and there are no ordinary questions.
    """
    row = _packaged().get(memory.retriever, {})
    pinned = row.get("revision", lm.revision) == lm.revision
    if pinned and row.get("version", memory.version) == memory.version and "one" in row:
        return Scope(float(row[_like(memory)]), str(row["source"]))
    if not ordinary:
        raise EditError(
            f"nothing says how near is near enough for retriever={memory.retriever} with this model; set "
            "scope to a number such as 0.8"
        )
    likeness = torch.tensor([memory.found(lm, one).likeness for one in ordinary])
    return Scope(float(likeness.quantile(_REFUSED)), f"{_REFUSED:.0%} of {len(ordinary)} ordinary questions")


def _like(memory: MemoryEdit) -> str:
    """What a memory is like: its languages, and whether its subjects' names in others are known."""
    if len({one.lang for one in memory.entries}) > 1:
        return "several"
    return "named" if any(len(one.names) > 1 for one in memory.entries) else "one"


@cache
def _packaged() -> Mapping[str, Mapping[str, Any]]:
    text = (files(__package__) / "scopes.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
