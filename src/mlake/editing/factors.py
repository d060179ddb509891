"""A low-rank change of a matrix."""

from typing import NamedTuple

import torch
from torch import Tensor

__all__ = ["Factors", "checked"]

_FLOATS = (torch.float64, torch.float32, torch.bfloat16, torch.float16)


def checked(tensor: Tensor, dims: int | None = None, *, finite: bool = False) -> Tensor:
    """A tensor read from a file.

    Args:
        tensor: The tensor.
        dims: How many dimensions it must have; None for any number.
        finite: Whether it must hold no NaN and no infinity; what is added to weights is checked there.

    Raises:
        ValueError: It holds no floating-point numbers, has other dimensions, or is not finite.
    """
    good = tensor.dtype in _FLOATS and dims in (None, tensor.ndim)
    if not good or (finite and not torch.isfinite(tensor).all()):
        raise ValueError(f"a tensor of {tensor.dtype} and shape {tuple(tensor.shape)}")
    return tensor


class Factors(NamedTuple):
    """A low-rank update ``ΔW = left @ right.T``.

    Attributes:
        left: ``(d_out, n)``.
        right: ``(d_in, n)``.
    """

    left: Tensor
    right: Tensor

    @classmethod
    def checked(cls, left: Tensor, right: Tensor) -> "Factors":
        """An update read from a file.

        Raises:
            ValueError: These are no factors of one floating-point matrix.
        """
        for tensor in (left, right):
            checked(tensor, 2)
        if left.shape[1] != right.shape[1] or left.dtype != right.dtype:
            raise ValueError("the factors do not fit each other")
        return cls(left, right)

    def dense(self) -> Tensor:
        """The update as one matrix, ``(d_out, d_in)``."""
        return self.left @ self.right.T

    def to(self, device: torch.device) -> "Factors":
        """The update on a device."""
        return Factors(self.left.to(device), self.right.to(device))

    def slim(self) -> "Factors":
        """The same update with no more columns than its smaller side."""
        d_out, d_in = len(self.left), len(self.right)
        if self.left.shape[1] <= min(d_out, d_in):
            return self
        dense = self.dense()
        side = torch.eye(min(d_out, d_in), dtype=dense.dtype, device=dense.device)
        return Factors(dense, side) if d_in <= d_out else Factors(side, dense.T)
