"""Many edits, one model: a different low-rank change of the down-projections for each row of a batch."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from mlake.models.hooks import hooked
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

    def touches(self, layer: int) -> bool:
        """Whether any group changes a layer."""
        return any(layer in group for group in self.groups)

    def placed(self, lm: LM) -> "RowDeltas":
        """The same where the weights are, so that passes need not move them there each time."""
        return RowDeltas(tuple({at: _placed(lm, at, one) for at, one in g.items()} for g in self.groups))

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


def _placed(lm: LM, layer: int, factors: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    """Factors as a pass multiplies with them."""
    device = lm.matrix(layer).device
    wide = torch.float64 if lm.dtype == torch.float64 else torch.float32
    left, right = factors
    return left.to(device, wide), right.to(device, wide)


@contextmanager
def _changed(lm: LM, layer: int, chosen: Sequence[tuple[list[int], tuple[Tensor, Tensor]]]) -> Iterator[None]:
    device = lm.matrix(layer).device
    parts = [(torch.tensor(rows, device=device), *_placed(lm, layer, factors)) for rows, factors in chosen]
    wide = parts[0][1].dtype
    every = torch.cat([rows for rows, _, _ in parts])

    def hook(_: nn.Module, args: tuple[Any, ...], output: Tensor) -> Tensor:
        changes = [(args[0].index_select(0, rows).to(wide) @ right) @ left.T for rows, left, right in parts]
        # Added all at once: each addition copies the output.
        return output.to(wide).index_add(0, every, torch.cat(changes)).to(output.dtype)

    with hooked(lambda: lm.down(layer).register_forward_hook(hook)):
        yield
