"""Edits of down-projections, kept as low-rank factors. Locate-then-edit methods make them."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import torch
from torch import Tensor

from mlake.editing.edits.edit import Edit
from mlake.editing.edits.neurons import column_squares
from mlake.editing.factors import Factors, checked
from mlake.errors import EditError
from mlake.interrupts import undone
from mlake.models.lm import LM

__all__ = ["Changes", "WeightEdit", "editable"]

_LAYER = re.compile(r"(0|[1-9][0-9]*)\.(left|right|keys)")


@contextmanager
def editable(lm: LM) -> Iterator["Changes"]:
    """A block in which down-projections may change; every touched tensor is restored bit for bit after.

    The originals are kept, since adding and subtracting a delta does not give back the same bits.
    """
    changes = Changes(lm)
    with undone(changes.undo):
        yield changes


class Changes:
    """Changes to a model's down-projections and the way back."""

    def __init__(self, lm: LM):
        self.lm = lm
        self.originals: dict[int, Tensor] = {}
        self.wide: dict[int, Tensor] = {}

    @torch.no_grad()
    def add(self, layer: int, factors: Factors) -> None:
        """Add ``left @ right.T`` to a layer's matrix.

        Deltas add up in float32 or wider; the model's own data type rounds only their sum.

        Raises:
            EditError: The delta does not fit the matrix, or it or the sum is not finite.
        """
        weight = self.lm.weight(layer)
        matrix = self.lm.matrix(layer)
        delta = factors.to(matrix.device).dense()
        if delta.shape != matrix.shape:
            raise EditError(
                f"edit of layer {layer} has shape {tuple(delta.shape)}, the model's matrix "
                f"{tuple(matrix.shape)}; was it made for another model?"
            )
        if not torch.isfinite(delta).all():
            raise EditError(f"the edit of layer {layer} holds NaN or infinity; it was not applied")
        if layer not in self.originals:
            self.originals[layer] = weight.detach().clone()
            self.wide[layer] = matrix.double() if matrix.dtype == torch.float64 else matrix.float()
        self.wide[layer] = self.wide[layer] + delta.to(self.wide[layer].dtype)
        rounded = self.wide[layer].to(matrix.dtype)
        if not torch.isfinite(rounded).all():
            kind = str(matrix.dtype).removeprefix("torch.")
            raise EditError(
                f"the edit of layer {layer} is too large for {kind}; load the model in bf16 or fp32"
            )
        matrix.copy_(rounded)

    @torch.no_grad()
    def undo(self) -> None:
        """Put every original back."""
        for layer, original in self.originals.items():
            self.lm.weight(layer).copy_(original)
        self.originals.clear()
        self.wide.clear()


@dataclass(frozen=True, eq=False)
class WeightEdit(Edit):
    """A change of down-projections, kept as low-rank factors.

    Attributes:
        factors: Layer to update, ``left (d_out, n)`` and ``right (d_in, n)``.
        keys: Layer to the keys that were edited, ``(d_in, n)``; AlphaEdit keeps them in later edits.
        report: What the method has to say: its settings, the model, losses, fall-backs. JSON values.
    """

    format: ClassVar[str] = "mlake-edit/1"
    mergeable: ClassVar[bool] = True

    factors: Mapping[int, Factors]
    keys: Mapping[int, Tensor] = field(default_factory=dict)
    report: Mapping[str, Any] = field(default_factory=dict)

    @contextmanager
    def applied(self, lm: LM, /) -> Iterator[LM]:
        """The model with this edit in force; restored bit for bit afterwards, also after an exception.

        Raises:
            EditError: The edit does not fit the model.
        """
        self.warn_of_another_model(lm)
        with editable(lm) as changes:
            for layer, factors in self.factors.items():
                if not 0 <= layer < len(lm.layers):
                    raise EditError(
                        f"edit changes layer {layer}, the model has {len(lm.layers)} layers; "
                        "was it made for another model?"
                    )
                changes.add(layer, factors)
            yield lm

    def __repr__(self) -> str:
        ranks = sorted({factors.left.shape[1] for factors in self.factors.values()})
        return f"WeightEdit(layers: {str(list(self.factors))[:60]}, rank: {str(ranks)[:60]})"

    def then(self, later: Self) -> "WeightEdit":
        """This edit followed by another, as one edit."""
        return WeightEdit(
            _joined(self.factors, later.factors, _stacked),
            _joined(self.keys, later.keys, _cat),
            {"edits": [*_reports(self), *_reports(later)]},
        )

    def tensors(self) -> dict[str, Tensor]:
        """``<layer>.left``, ``<layer>.right`` and ``<layer>.keys``."""
        found = {f"{layer}.keys": keys for layer, keys in self.keys.items()}
        for layer, factors in self.factors.items():
            found |= {f"{layer}.left": factors.left, f"{layer}.right": factors.right}
        return found

    @classmethod
    def of(cls, tensors: Mapping[str, Tensor], report: Mapping[str, Any], /) -> Self:
        """The edit that ``tensors`` gave."""
        names = {name: _LAYER.fullmatch(name) for name in tensors}
        layers = sorted({int(found[1]) for found in names.values() if found})
        if not all(names.values()):
            raise ValueError("a tensor of no layer")
        return cls(
            {layer: Factors.checked(tensors[f"{layer}.left"], tensors[f"{layer}.right"]) for layer in layers},
            {
                layer: checked(tensors[f"{layer}.keys"], 2, finite=True)
                for layer in layers
                if f"{layer}.keys" in tensors
            },
            report,
        )

    def deltas(self) -> Mapping[int, Factors]:
        """All of the edit."""
        return self.factors

    def neurons(self, lm: LM, /) -> dict[int, Tensor]:
        """Change of each neuron's column of the down-projection."""
        return {layer: column_squares(*self.factors[layer]).sqrt().cpu() for layer in sorted(self.factors)}


def _cat(first: Tensor, second: Tensor) -> Tensor:
    return torch.cat([first, second], dim=1)


def _stacked(first: Factors, second: Factors) -> Factors:
    return Factors(_cat(first.left, second.left), _cat(first.right, second.right))


def _reports(edit: WeightEdit) -> list[Any]:
    return list(edit.report.get("edits", [edit.report]))


def _joined(first: Mapping[int, Any], second: Mapping[int, Any], join: Any) -> dict[int, Any]:
    out = dict(first)
    for layer, value in second.items():
        out[layer] = join(out[layer], value) if layer in out else value
    return out
