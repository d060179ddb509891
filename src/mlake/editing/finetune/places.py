"""Where a model is trained: all of it, a block, a down-projection, or the maps of queries and values."""

from collections.abc import Iterator, Sequence
from typing import Any, Literal

from torch import nn
from transformers.pytorch_utils import Conv1D

from mlake.errors import EditError
from mlake.models.lm import LM

__all__ = ["Where", "maps", "parameters"]

Where = Literal["all", "block", "down", "query_value", "side"]

_QUERY_VALUE = ("q_proj", "v_proj", "c_attn", "query_key_value", "qkv_proj")
"""Names of these maps in the families; the last three make keys too, and cannot be told apart."""


def parameters(lm: LM, where: Where, layers: Sequence[int]) -> dict[str, nn.Parameter]:
    """Name to parameter at a place; tied parameters stand here once.

    Args:
        lm: The model.
        where: The place. Of a down-projection it is the matrix, without a bias.
        layers: Blocks of it; none takes all blocks.

    Raises:
        EditError: The model has nothing there.
        ModelError: The model's blocks are not understood.
    """
    named = dict(lm.model.named_parameters())
    if where == "all":
        return named
    if where == "block":
        starts = tuple(f"{lm.arch.layers}.{layer}." for layer in layers or range(len(lm.layers)))
        return {name: one for name, one in named.items() if name.startswith(starts)}
    return {f"{name}.weight": named[f"{name}.weight"] for name, _ in maps(lm, where, layers)}


def maps(lm: LM, where: Where, layers: Sequence[int]) -> list[tuple[str, Any]]:
    """The linear maps of the blocks at a place, each with its name; the rest as in ``parameters``."""
    found = [
        (f"{lm.arch.layers}.{layer}.{name}", module)
        for layer in layers or range(len(lm.layers))
        for name, module in _linear(lm.layers[layer])
        if where in ("all", "block")
        or (where == "down" and name == lm.arch.down)
        or (where == "query_value" and name.rpartition(".")[2] in _QUERY_VALUE)
    ]
    if not found:
        raise EditError(
            f"the blocks of {lm.name!r} hold no linear map for where={where}; use stableke, which trains all"
        )
    return found


def _linear(block: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    for name, module in block.named_modules():
        if isinstance(module, nn.Linear | Conv1D):
            yield name, module
