"""Side memories: values beside the weights, added to what a block hands on where a prompt is like a key.

A row is decided once, at the last token of its prompt, and the decision holds for its whole answer. It
depends on nothing else in the batch.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import torch
from torch import Tensor

from mlake.editing.edits.edit import Edit
from mlake.editing.edits.rows import Rows, check_place
from mlake.editing.factors import checked
from mlake.models.hooks import changed_output, watched_input
from mlake.models.lm import LM

__all__ = ["SideEdit"]


@dataclass(frozen=True, eq=False)
class SideEdit(Edit):
    """Values by centres: a prompt whose last token enters the block within a centre's radius gets its value.

    Values are added to the residual stream behind the block, at the prompt's last token and at every token
    of the answer. A memory that decides otherwise derives from this one and has a format of its own.

    Attributes:
        layer: The block.
        centres: ``(n, d_model)``.
        values: ``(n, d_model)``.
        radii: Largest Euclidean distance from each centre, ``(n,)``.
        report: What the method has to say. JSON values.
    """

    format: ClassVar[str] = "mlake-side/1"

    layer: int
    centres: Tensor
    values: Tensor
    radii: Tensor
    report: Mapping[str, Any] = field(default_factory=dict)

    def decided(self, queries: Tensor) -> Tensor:
        """Which value each row gets, ``(rows,)``; -1 for none.

        Args:
            queries: What enters the block at the last token of each prompt, ``(rows, d_model)``.
        """
        distances = (queries[:, None] - self.centres[None].to(queries)).norm(dim=-1)  # (rows, n)
        nearest, found = distances.min(dim=-1)
        return torch.where(nearest <= self.radii.to(nearest)[found], found, -1)

    @contextmanager
    def applied(self, lm: LM, /) -> Iterator[LM]:
        """The model with hooks at the block; an empty memory hooks nothing.

        Raises:
            EditError: The edit does not fit the model.
        """
        self.warn_of_another_model(lm)
        if not len(self.centres):
            yield lm
            return
        check_place(lm, self.layer, self.centres.shape[1])
        block, near = lm.layers[self.layer], _Near(self, Rows(lm.passes))
        with watched_input(block, near.see), changed_output(block, near.change):
            yield lm

    def tensors(self) -> dict[str, Tensor]:
        """``layer``, ``centres``, ``values`` and ``radii``."""
        return {
            "layer": torch.tensor(self.layer),
            "centres": self.centres,
            "values": self.values,
            "radii": self.radii,
        }

    @classmethod
    def of(cls, tensors: Mapping[str, Tensor], report: Mapping[str, Any], /) -> Self:
        """The edit that ``tensors`` gave."""
        parts = (("centres", 2), ("values", 2), ("radii", 1))
        centres, values, radii = (checked(tensors[name], dims, finite=True) for name, dims in parts)
        layer = int(tensors["layer"])
        if (
            layer < 0
            or tensors["layer"].dtype != torch.int64
            or centres.shape != values.shape
            or len(centres) != len(radii)
        ):
            raise ValueError("parts that do not fit each other")
        return cls(layer, centres, values, radii, report)


class _Near:
    """What was decided for the rows of the batch whose answers are under way."""

    def __init__(self, edit: SideEdit, rows: Rows):
        self.edit, self.rows = edit, rows
        self.decided = torch.zeros(0, dtype=torch.long)

    def see(self, hidden: Tensor) -> None:
        """Decide, if the pass reads prompts; ``hidden`` is what enters the block."""
        if self.rows.reading:
            every = torch.arange(len(hidden), device=hidden.device)
            queries = hidden[every, self.rows.ends(hidden)]
            wide = torch.promote_types(queries.dtype, torch.float32)
            self.decided = self.edit.decided(queries.to(wide))

    def change(self, hidden: Tensor) -> Tensor:
        """Add the values that were decided on; ``hidden`` is what leaves the block."""
        decided = self.rows.left(self.decided).to(hidden.device)
        if not (decided >= 0).any():
            return hidden
        at = (decided >= 0)[:, None] & self.rows.behind(self.rows.ends(hidden), hidden)  # (rows, length)
        added = self.edit.values.to(hidden.device)[decided.clamp(min=0)]  # (rows, d_model)
        return torch.where(at[..., None], hidden + added[:, None].to(hidden.dtype), hidden)
