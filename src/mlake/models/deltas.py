"""Many edits, one model: a different low-rank change of the down-projections for each row of a batch."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from mlake.models.lm import LM

__all__ = ["NO_DELTAS", "RowDeltas"]


@dataclass(frozen=True, eq=False)
class RowDeltas:
    """Low-rank changes, one for each group of rows.

    A row gets ``W x + left (rightᵀ x)`` instead of ``(W + left rightᵀ) x``: the same up to rounding. The
    product with the factors is taken in float32 or wider, so that small changes of half-precision models
    are not lost as they would be when added to the weight.

    Attributes:
        groups: For each group, layer to ``left (d_out, n)`` and ``right (d_in, n)``.
    """

    groups: tuple[Mapping[int, tuple[Tensor, Tensor]], ...] = ()

    def then(self, later: Sequence[Mapping[int, tuple[Tensor, Tensor]]]) -> "RowDeltas":
        """These changes followed by others, one for each group."""
        return RowDeltas(tuple(_joined(*pair) for pair in zip(self.groups, later, strict=True)))

    @contextmanager
    def on(self, lm: LM, group: Sequence[int]) -> Iterator[None]:
        """Forward passes in this block are over rows of these groups.

        Args:
            lm: The model; its weights are not touched.
            group: Group of each row of the batch, ``(rows,)``.
        """
        rows: dict[int, list[int]] = {}
        for row, number in enumerate(group):
            if self.groups and self.groups[number]:
                rows.setdefault(number, []).append(row)
        layers = sorted({layer for number in rows for layer in self.groups[number]})
        with ExitStack() as stack:
            for layer in layers:
                having = [number for number in rows if layer in self.groups[number]]
                chosen = [(rows[number], self.groups[number][layer]) for number in having]
                stack.enter_context(_changed(lm, layer, chosen))
            yield


NO_DELTAS = RowDeltas()
"""No change for any row."""


def _joined(
    first: Mapping[int, tuple[Tensor, Tensor]], later: Mapping[int, tuple[Tensor, Tensor]]
) -> dict[int, tuple[Tensor, Tensor]]:
    joined = dict(first)
    for layer, factors in later.items():
        left, right = factors
        if layer in joined:
            old_left, old_right = joined[layer]
            left, right = torch.cat([old_left, left], dim=1), torch.cat([old_right, right], dim=1)
        joined[layer] = (left, right)
    return joined


@contextmanager
def _changed(lm: LM, layer: int, chosen: Sequence[tuple[list[int], tuple[Tensor, Tensor]]]) -> Iterator[None]:
    device = lm.matrix(layer).device
    wide = torch.float64 if lm.dtype == torch.float64 else torch.float32
    parts = [
        (torch.tensor(rows, device=device), left.to(device, wide), right.to(device, wide))
        for rows, (left, right) in chosen
    ]

    def hook(_: nn.Module, args: tuple[Any, ...], output: Tensor) -> Tensor:
        out = output.to(wide)
        for rows, left, right in parts:
            keys = args[0].index_select(0, rows).to(wide)
            out = out.index_add(0, rows, (keys @ right) @ left.T)
        return out.to(output.dtype)

    handle = lm.down(layer).register_forward_hook(hook)
    try:
        yield
    finally:
        handle.remove()
