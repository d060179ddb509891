"""Edits of a few columns of down-projections: neurons that write something else. KN makes them."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import torch
from torch import Tensor

from mlake.editing.edits.edit import Edit
from mlake.editing.edits.weights import WeightEdit
from mlake.editing.factors import Factors, checked
from mlake.models.lm import LM

__all__ = ["ColumnEdit"]

_WIDEST = 2**24
_PART = re.compile(r"(0|[1-9][0-9]*)\.(index|columns)")


@dataclass(frozen=True, eq=False)
class ColumnEdit(Edit):
    """What is added to some columns of down-projections.

    Attributes:
        index: Layer to the neurons whose columns change, whole numbers ``(r,)``.
        columns: Layer to what is added to each of them, ``(d_out, r)``.
        width: Neurons of a block.
        report: What the method has to say. JSON values.
    """

    format: ClassVar[str] = "mlake-columns/1"
    mergeable: ClassVar[bool] = True

    index: Mapping[int, Tensor]
    columns: Mapping[int, Tensor]
    width: int
    report: Mapping[str, Any] = field(default_factory=dict)

    @contextmanager
    def applied(self, lm: LM, /) -> Iterator[LM]:
        """The model with this edit in force; restored bit for bit afterwards, also after an exception.

        Raises:
            EditError: The edit does not fit the model.
        """
        with WeightEdit(self.deltas(), report=self.report).applied(lm) as edited:
            yield edited

    def __repr__(self) -> str:
        return f"ColumnEdit(neurons: {sum(map(len, self.index.values()))})"

    def tensors(self) -> dict[str, Tensor]:
        """``<layer>.index``, ``<layer>.columns`` and ``width``."""
        found = {"width": torch.tensor(self.width)}
        for layer in self.index:
            found |= {f"{layer}.index": self.index[layer], f"{layer}.columns": self.columns[layer]}
        return found

    @classmethod
    def of(cls, tensors: Mapping[str, Tensor], report: Mapping[str, Any], /) -> Self:
        """The edit that ``tensors`` gave."""
        width = tensors["width"]
        if width.dtype != torch.int64 or width.ndim or not 0 < width <= _WIDEST:
            raise ValueError("a width that no block has")
        names = [_PART.fullmatch(name) for name in tensors if name != "width"]
        layers = sorted({int(found[1]) for found in names if found})
        if not all(names):
            raise ValueError("a tensor of no layer")
        index = {layer: _neurons(tensors[f"{layer}.index"], int(width)) for layer in layers}
        columns = {layer: checked(tensors[f"{layer}.columns"], 2) for layer in layers}
        if any(columns[layer].shape[1] != len(index[layer]) for layer in layers):
            raise ValueError("columns and neurons do not fit each other")
        return cls(index, columns, int(width), report)

    def deltas(self) -> Mapping[int, Factors]:
        """All of the edit, each neuron a rank."""
        return {layer: Factors(one, self._ones(layer, one)) for layer, one in self.columns.items()}

    def neurons(self, lm: LM, /) -> Mapping[int, Tensor]:
        """Length of what is added to each column."""
        return WeightEdit(self.deltas()).neurons(lm)

    def _ones(self, layer: int, like: Tensor) -> Tensor:
        """A column for each neuron, 1 at its place, ``(width, r)``."""
        index = self.index[layer]
        ones = torch.zeros(self.width, len(index), dtype=like.dtype)
        ones[index, torch.arange(len(index))] = 1
        return ones


def _neurons(index: Tensor, width: int) -> Tensor:
    """Numbers of neurons read from a file.

    Raises:
        ValueError: They are none.
    """
    if index.dtype != torch.int64 or index.ndim != 1 or not ((index >= 0) & (index < width)).all():
        raise ValueError(f"neurons of {index.dtype} and shape {tuple(index.shape)}")
    return index
