"""A memory matrix beside a down-projection, of which each prompt reads the part that is most like it.

A row is decided once, over the tokens of its prompt, and the decision holds for its whole answer. It
depends on nothing else in the batch.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple, Self

import torch
from torch import Tensor

from mlake.editing.edits.edit import Edit
from mlake.editing.edits.rows import Rows, check_place
from mlake.editing.factors import checked
from mlake.models.hooks import changed_output, watched_input
from mlake.models.lm import LM

__all__ = ["Hash", "MemoirEdit"]


class Hash(NamedTuple):
    """From what the down-projection is fed in a prompt to which of it is read.

    Attributes:
        background: Mean over ordinary prompts, ``(d_in,)``.
        permutation: Which entry stands for each of the largest, ``(d_in,)``.
    """

    background: Tensor
    permutation: Tensor

    def masks(self, means: Tensor, count: int) -> Tensor:
        """The entries that prompts read, ``(rows, d_in)`` as truth values.

        Args:
            means: Mean over each prompt's tokens, without the first one, ``(rows, d_in)``.
            count: How many entries.
        """
        largest = (means - self.background.to(means)).abs().topk(count, dim=-1).indices
        chosen = self.permutation.to(means.device)[largest]
        return torch.zeros_like(means, dtype=torch.bool).scatter(1, chosen, True)


@dataclass(frozen=True, eq=False)
class MemoirEdit(Edit):
    """A matrix that reads what the down-projection is fed, masked, and adds to the residual stream.

    Attributes:
        layer: The block.
        memory: The matrix, ``(d_model, d_in)``.
        hash: How a prompt is told.
        masks: What the prompt of each fact reads, ``(n, d_in)``; 0 and 1.
        others: The same of facts of earlier edits: a prompt that is nearer to one of these is left alone.
        overlap: Least share of its own entries that a prompt has in common with a fact's.
        report: What the method has to say. JSON values.
    """

    format: ClassVar[str] = "mlake-memoir/1"

    layer: int
    memory: Tensor
    hash: Hash
    masks: Tensor
    others: Tensor
    overlap: float
    report: Mapping[str, Any] = field(default_factory=dict)

    def decided(self, means: Tensor) -> Tensor:
        """Which fact's entries each prompt reads, ``(rows,)``; -1 for none.

        Args:
            means: As in ``Hash.masks``.
        """
        count = int(self.masks[0].sum())
        every = torch.cat([self.masks, self.others]).to(means)
        shares = self.hash.masks(means, count).to(means) @ every.T / count  # (rows, facts)
        best, found = shares.max(dim=-1)
        return torch.where((best >= self.overlap) & (found < len(self.masks)), found, -1)

    @contextmanager
    def applied(self, lm: LM, /) -> Iterator[LM]:
        """The model with hooks at the block; an empty memory hooks nothing.

        Raises:
            EditError: The edit does not fit the model.
        """
        self.warn_of_another_model(lm)
        if not len(self.masks):
            yield lm
            return
        check_place(lm, self.layer, len(self.memory))
        reader = _Reader(self, Rows(lm.passes))
        down, block = lm.down(self.layer), lm.layers[self.layer]
        with watched_input(down, reader.see), changed_output(block, reader.change):
            yield lm

    def tensors(self) -> dict[str, Tensor]:
        """All parts by name; ``overlap`` is a number."""
        return {
            "layer": torch.tensor(self.layer),
            "memory": self.memory,
            **self.hash._asdict(),
            "masks": self.masks,
            "others": self.others,
            "overlap": torch.tensor(self.overlap, dtype=torch.float64),
        }

    @classmethod
    def of(cls, tensors: Mapping[str, Tensor], report: Mapping[str, Any], /) -> Self:
        """The edit that ``tensors`` gave."""
        memory, background = (
            checked(tensors[n], d, finite=True) for n, d in (("memory", 2), ("background", 1))
        )
        layer, permutation = tensors["layer"], tensors["permutation"]
        masks, others = tensors["masks"], tensors["others"]
        width = memory.shape[1]
        counts = set(torch.cat([masks, others]).sum(-1).tolist())
        sound = (
            {layer.dtype, permutation.dtype} == {torch.int64}
            and {masks.dtype, others.dtype} == {torch.uint8}
            and (masks.ndim, others.ndim, permutation.ndim) == (2, 2, 1)
            and {len(background), len(permutation), masks.shape[1], others.shape[1]} == {width}
            and int(layer) >= 0
            and len(counts) == min(1, len(masks) + len(others))
            and torch.equal(permutation.sort().values, torch.arange(width))
        )
        if not sound:
            raise ValueError("parts that do not fit each other")
        overlap = float(checked(tensors["overlap"], 0, finite=True))
        return cls(int(layer), memory, Hash(background, permutation), masks, others, overlap, report)


class _Reader:
    """What was decided for the rows of the batch whose answers are under way."""

    def __init__(self, edit: MemoirEdit, rows: Rows):
        self.edit, self.rows = edit, rows
        self.decided = torch.zeros(0, dtype=torch.long)
        self.fed = torch.zeros(0)

    def see(self, fed: Tensor) -> None:
        """Decide, if the pass reads prompts; ``fed`` is what enters the down-projection."""
        self.fed = fed.to(self.edit.memory.dtype)
        if self.rows.reading:
            at = torch.arange(fed.shape[1], device=fed.device)
            starts, ends = self.rows.starts(fed)[:, None], self.rows.ends(fed)[:, None]
            inside = ((at > starts) & (at <= ends)).to(self.fed)  # (rows, length)
            means = torch.einsum("rl,rld->rd", inside, self.fed)
            self.decided = self.edit.decided(means / inside.sum(-1, keepdim=True).clamp(min=1))

    def change(self, hidden: Tensor) -> Tensor:
        """Add what the memory says; ``hidden`` is what leaves the block."""
        decided = self.rows.left(self.decided).to(self.fed.device)
        which = (decided >= 0).nonzero()[:, 0]
        if not len(which):
            return hidden
        masks = self.edit.masks.to(self.fed)[decided[which]]  # (rows that read, d_in)
        said = (self.fed[which] * masks[:, None]) @ self.edit.memory.T.to(self.fed.device)
        return hidden.index_add(0, which.to(hidden.device), said.to(hidden))
