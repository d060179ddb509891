"""What a forward pass is of, told to those who change passes row by row."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from torch import Tensor

__all__ = ["Passes"]


@dataclass(eq=False)
class Passes:
    """Which rows the pass under way holds, and where their prompts end; a model has one.

    Attributes:
        rows: Rows of the batch that are left, in a pass that goes on with answers; None in one that reads
            prompts.
        ends: Place of each prompt's last token, ``(rows,)``; None where that is the last token of the pass.
        starts: Place of each prompt's first token, ``(rows,)``; None where that is the first of the pass.
    """

    rows: Sequence[int] | None = None
    ends: Tensor | None = None
    starts: Tensor | None = None

    @contextmanager
    def told(
        self, *, rows: Sequence[int] | None = None, ends: Tensor | None = None, starts: Tensor | None = None
    ) -> Iterator[None]:
        """Forward passes in this block are of these rows; arguments as the attributes."""
        before = self.rows, self.ends, self.starts
        self.rows, self.ends, self.starts = rows, ends, starts
        try:
            yield
        finally:
            self.rows, self.ends, self.starts = before
