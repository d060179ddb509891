"""Edits as values: applied for the length of a block, saved, loaded, put one after another."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import torch
from safetensors.torch import save
from torch import Tensor

from mlake.disk import write_atomic
from mlake.editing.factors import Factors
from mlake.errors import EditError
from mlake.models.lm import LM

__all__ = ["WEIGHTS_FORMAT", "Changes", "WeightEdit", "editable"]

WEIGHTS_FORMAT = "mlake-edit/1"


@contextmanager
def editable(lm: LM) -> Iterator["Changes"]:
    """A block in which down-projections may change; every touched tensor is restored bit for bit after.

    The originals are kept, since adding and subtracting a delta does not give back the same bits.
    """
    changes = Changes(lm)
    try:
        yield changes
    finally:
        changes.undo()


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
class WeightEdit:
    """A change of down-projections, kept as low-rank factors.

    Attributes:
        factors: Layer to update, ``left (d_out, n)`` and ``right (d_in, n)``.
        keys: Layer to the keys that were edited, ``(d_in, n)``; AlphaEdit keeps them in later edits.
        report: What the method has to say: its settings, the model, losses, fall-backs. JSON values.
    """

    factors: Mapping[int, Factors]
    keys: Mapping[int, Tensor] = field(default_factory=dict)
    report: Mapping[str, Any] = field(default_factory=dict)

    @contextmanager
    def applied(self, lm: LM) -> Iterator[LM]:
        """The model with this edit in force; restored bit for bit afterwards, also after an exception.

        Raises:
            EditError: The edit does not fit the model.
        """
        with editable(lm) as changes:
            for layer, factors in self.factors.items():
                if layer >= len(lm.layers):
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

    def save(self, path: str | Path) -> None:
        """Write the edit as safetensors, atomically.

        Raises:
            EditError: The file cannot be written.
        """
        path = Path(path)
        tensors: dict[str, Tensor] = {}
        for layer, factors in self.factors.items():
            tensors[f"{layer}.left"] = factors.left.contiguous()
            tensors[f"{layer}.right"] = factors.right.contiguous()
        for layer, keys in self.keys.items():
            tensors[f"{layer}.keys"] = keys.contiguous()
        # One key only: safetensors writes several in random order, and equal edits must be equal files.
        head = {"format": WEIGHTS_FORMAT, "report": dict(self.report)}
        content = save(tensors, {"mlake": json.dumps(head, sort_keys=True, ensure_ascii=False)})
        try:
            write_atomic(path, content)
        except OSError as error:
            raise EditError(f"cannot write the edit to {path}: {error}") from error


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
