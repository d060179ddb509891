"""Mean and standard deviation of features over all edits of a sequence, as a value."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

__all__ = ["Running"]


@dataclass(frozen=True, eq=False)
class Running:
    """Mean and variance of each dimension over all rows seen so far, in float64.

    Attributes:
        n: Rows seen, a single number.
        mean: Their mean, ``(width,)``.
        var: Their variance with n - 1 in the denominator, ``(width,)``; 0 for a single row.
    """

    n: Tensor
    mean: Tensor
    var: Tensor

    @classmethod
    def fresh(cls, width: int) -> Self:
        """Nothing seen yet."""
        none = torch.zeros(width, dtype=torch.float64)
        return cls(torch.zeros((), dtype=torch.float64), none, none)

    @classmethod
    def of(cls, carried: Mapping[str, Tensor], name: str, width: int) -> Self:
        """What ``tensors`` gave, or nothing seen yet where there is none of this name and width."""
        parts = [carried.get(f"{name}.{part}") for part in ("n", "mean", "var")]
        n, mean, var = parts
        if n is None or mean is None or var is None or n.ndim or not mean.shape == var.shape == (width,):
            return cls.fresh(width)
        return cls(n, mean, var)

    def tensors(self, name: str) -> dict[str, Tensor]:
        """All of it, by names that ``of`` knows again."""
        return {f"{name}.n": self.n, f"{name}.mean": self.mean, f"{name}.var": self.var}

    def seen(self, rows: Tensor) -> Self:
        """With more rows, ``(rows, width)``; the order in which rows come makes no difference."""
        rows = rows.double().cpu()
        mean, more = rows.mean(0), len(rows)
        total, shift = self.n + more, mean - self.mean
        squares = self.var * (self.n - 1).clamp_min(0) + (rows - mean).square().sum(0)
        squares = squares + shift.square() * self.n * more / total
        return type(self)(total, self.mean + shift * more / total, squares / (total - 1).clamp_min(1))

    def normal(self, rows: Tensor) -> Tensor:
        """Rows with mean 0 and deviation 1, in float64; a dimension that never varied is 0."""
        least = torch.finfo(torch.float32).eps
        return (rows.double().cpu() - self.mean) / (self.var.sqrt() + least)
