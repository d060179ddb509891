"""A low-rank change of a matrix."""

from typing import NamedTuple

import torch
from torch import Tensor

__all__ = ["Factors"]


class Factors(NamedTuple):
    """A low-rank update ``ΔW = left @ right.T``.

    Attributes:
        left: ``(d_out, n)``.
        right: ``(d_in, n)``.
    """

    left: Tensor
    right: Tensor

    def dense(self) -> Tensor:
        """The update as one matrix, ``(d_out, d_in)``."""
        return self.left @ self.right.T

    def to(self, device: torch.device) -> "Factors":
        """The update on a device."""
        return Factors(self.left.to(device), self.right.to(device))
