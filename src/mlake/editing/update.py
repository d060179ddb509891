"""The closed-form update that every locate-then-edit method shares.

For keys K ``(d_in, n)``, residual R ``(d_out, n)``, symmetric metric M ``(d_in, d_in)`` and ridge λ::

    ΔW = R (KᵀMK + λI)⁻¹ KᵀM

With M = C⁻¹, C the second moment of the keys, λ = 0 and n = 1 this is ROME (eq. 2); with λ = 0 and any
n EMMET; with λ > 0 it equals R Kᵀ(λC + KKᵀ)⁻¹, MEMIT (eq. 14); with M = P, the projector on the null
space of C, AlphaEdit (eq. 13). Only n × n systems are solved; ΔW stays the product of two thin factors.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from mlake.errors import EditError

__all__ = ["Factors", "Identity", "InverseMoment", "Metric", "NullSpace", "closed_form", "filled_up"]


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


class Metric:
    """A symmetric positive semi-definite matrix M that measures keys."""

    def times(self, keys: Tensor) -> Tensor:
        """MK for keys ``(d_in, n)``, in float64."""
        raise NotImplementedError


class Identity(Metric):
    """M = I: all directions of key space cost the same (ROME without second moment)."""

    def times(self, keys: Tensor) -> Tensor:
        """K itself."""
        return keys.double()


@dataclass(frozen=True, eq=False)
class InverseMoment(Metric):
    """M = C⁻¹: directions that ordinary text uses cost more.

    Attributes:
        factor: Cholesky factor of C, ``(d_in, d_in)``.
    """

    factor: Tensor

    @classmethod
    def of(cls, moment: Tensor) -> "InverseMoment":
        """Factorise a second moment once.

        A moment from fewer tokens than dimensions is singular; the smallest ridge that makes it
        positive definite is added then, from 1e-10 of its mean diagonal up in factors of ten.

        Args:
            moment: C, ``(d_in, d_in)``.

        Raises:
            EditError: C is not a finite symmetric matrix, or not positive definite even with a ridge.
        """
        wide = moment.double()
        if not torch.isfinite(wide).all():
            raise EditError("the key second moment holds NaN or infinity; delete its cache and run again")
        scale = wide.diagonal().mean()
        for power in (None, -10, -9, -8, -7, -6, -5, -4):
            ridge = 0.0 if power is None else 10.0**power * scale
            factor, info = torch.linalg.cholesky_ex(wide + ridge * torch.eye(len(wide), dtype=torch.float64))
            if info == 0:
                return cls(factor)
        raise EditError("the key second moment is not positive definite; compute it from more tokens")

    def times(self, keys: Tensor) -> Tensor:
        """C⁻¹K."""
        return torch.cholesky_solve(keys.double(), self.factor)


@dataclass(frozen=True, eq=False)
class NullSpace(Metric):
    """M = P: only directions that ordinary text hardly uses may change (AlphaEdit, eq. 6).

    Earlier edits' keys K₀ are kept too: M = λ(P K₀K₀ᵀ P + λI)⁻¹P, formed with Woodbury's identity.

    Attributes:
        basis: Orthonormal basis of the null space, ``(d_in, r)``.
        past: Keys of earlier edits, ``(d_in, m)``.
        ridge: λ of the update this metric is used in.
    """

    basis: Tensor
    past: Tensor
    ridge: float

    @classmethod
    def of(cls, moment: Tensor, *, threshold: float, past: Tensor, ridge: float) -> "NullSpace":
        """The null space of a second moment: eigenvectors with eigenvalues below a threshold.

        Args:
            moment: C, ``(d_in, d_in)``.
            threshold: Largest eigenvalue that counts as unused.
            past: Keys of earlier edits to keep, ``(d_in, m)``.
            ridge: λ of the update.

        Raises:
            EditError: No direction is free.
        """
        values, vectors = torch.linalg.eigh(moment.double())
        basis = vectors[:, values < threshold]
        if basis.shape[1] == 0:
            raise EditError(
                f"no eigenvalue of the key second moment is below {threshold:g} "
                f"(smallest {float(values[0]):.3g}); raise the threshold (--set null_threshold=…)"
            )
        return cls(basis, past.double(), ridge)

    def times(self, keys: Tensor) -> Tensor:
        """MK."""
        free = self.basis @ (self.basis.T @ keys.double())
        if self.past.shape[1] == 0:
            return free
        kept = self.basis @ (self.basis.T @ self.past)  # PK₀
        small = kept.T @ kept + self.ridge * torch.eye(kept.shape[1], dtype=torch.float64)
        solved: Tensor = torch.linalg.solve(small, kept.T @ free)
        return free - kept @ solved


def filled_up(moment: Tensor, tokens: int) -> Tensor:
    """A second moment that is safe to invert although few tokens were measured.

    Directions that a short text happens not to use look free, and an edit that is written into them
    breaks the model. Where there are fewer than two tokens a dimension, the missing ones are filled up
    with white tokens of the same mean energy σ²: C' = (T·C + (2d - T)·σ²I) / 2d. With more tokens C
    stays as it is.

    Args:
        moment: C, ``(d_in, d_in)``.
        tokens: T, the tokens it is the mean of.
    """
    wanted = 2 * len(moment)
    if tokens >= wanted:
        return moment
    white = moment.diagonal().mean() * torch.eye(len(moment), dtype=moment.dtype, device=moment.device)
    return (tokens * moment + (wanted - tokens) * white) / wanted


def closed_form(
    residual: Tensor, keys: Tensor, metric: Metric, ridge: float, *, met: Tensor | None = None
) -> Factors:
    """ΔW = R (KᵀMK + λI)⁻¹ KᵀM.

    Args:
        residual: R, ``(d_out, n)``: what each key should emit more than it does.
        keys: K, ``(d_in, n)``.
        metric: M.
        ridge: λ; 0 meets every residual exactly as long as keys are independent.
        met: Keys at which residuals are met, ``(d_in, n)``; K by default. The authors' ROME averages K
            over context prefixes but meets the residual at the plain prompt's key.

    Returns:
        Factors in float64, ``left (d_out, n)`` and ``right (d_in, n)``.

    Raises:
        EditError: Keys are dependent and λ is 0, or a number is not finite.
    """
    measured = metric.times(keys)  # MK, (d_in, n)
    gram = (keys if met is None else met).double().T @ measured  # (n, n)
    gram.diagonal().add_(ridge)
    left, info = torch.linalg.solve_ex(gram, residual.double().T)
    if info != 0 or not torch.isfinite(left).all() or (ridge == 0 and _singular(gram)):
        raise EditError(
            "the keys of this batch are linearly dependent; use a ridge above 0 or edit each subject once"
        )
    return Factors(left.T, measured)


def _singular(gram: Tensor) -> bool:
    """Whether rows depend on each other, up to rounding in the keys; their lengths do not count."""
    even = gram / gram.norm(dim=1, keepdim=True)
    values = torch.linalg.svdvals(even / even.norm(dim=0))
    return bool(values[-1] < 1e-12 * values[0])
