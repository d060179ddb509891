"""The closed-form update that every locate-then-edit method shares.

For keys K ``(d_in, n)``, residual R ``(d_out, n)``, symmetric metric M ``(d_in, d_in)`` and ridge λ::

    ΔW = R (KᵀMK + λI)⁻¹ KᵀM

With M = C⁻¹, C the second moment of the keys, λ = 0 and n = 1 this is ROME (eq. 2); with λ = 0 and any
n EMMET; with λ > 0 it equals R Kᵀ(λC + KKᵀ)⁻¹, MEMIT (eq. 14); with M = P, the projector on the null
space of C, AlphaEdit (eq. 13). Only n × n systems are solved; ΔW stays the product of two thin factors.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from mlake.editing.factors import Factors
from mlake.errors import EditError

__all__ = [
    "Identity",
    "InverseMoment",
    "Keeping",
    "Metric",
    "NullSpace",
    "closed_form",
    "filled_up",
    "grown",
    "usage",
]

_CPU = torch.device("cpu")
_SOUND = 1e8


class Metric(ABC):
    """A symmetric positive semi-definite matrix M that measures keys."""

    @abstractmethod
    def times(self, keys: Tensor) -> Tensor:
        """MK for keys ``(d_in, n)``, in float64."""


class Identity(Metric):
    """M = I: all directions of key space cost the same (ROME without second moment)."""

    def times(self, keys: Tensor) -> Tensor:
        """K itself."""
        return keys.double()


@dataclass(frozen=True, eq=False)
class InverseMoment(Metric):
    """M = C⁻¹: directions that ordinary text uses cost more.

    In float64: a factor in float32 loses as many of its seven digits as the condition number of C has and
    fails where that has ten; refining the solution takes C as well, so that no memory is saved.

    Attributes:
        factor: Cholesky factor of C, ``(d_in, d_in)``.
        ridge: What was added to the diagonal of C to make it positive definite.
    """

    factor: Tensor
    ridge: float = 0.0

    @classmethod
    def of(cls, moment: Tensor, *, device: torch.device = _CPU) -> "InverseMoment":
        """Factorise a second moment once.

        A moment from fewer tokens than dimensions is singular; the smallest ridge that makes it
        positive definite is added then, from 1e-10 of its mean diagonal up in factors of ten.

        Args:
            moment: C, ``(d_in, d_in)``.
            device: Where it is factorised and the factor stays.

        Raises:
            EditError: C is not a finite symmetric matrix, or not positive definite even with a ridge.
        """
        wide = _finite(moment, device)
        diagonal = wide.diagonal().clone()
        for power in (None, -10, -9, -8, -7, -6, -5, -4):
            ridge = 0.0 if power is None else 10.0**power * float(diagonal.mean())
            wide.diagonal().copy_(diagonal + ridge)
            factor, info = torch.linalg.cholesky_ex(wide)
            if info == 0:
                return cls(factor, ridge)
        raise EditError("the key second moment is not positive definite; compute it from more tokens")

    def times(self, keys: Tensor) -> Tensor:
        """C⁻¹K."""
        return self.coloured(self.whitened(keys)).to(keys.device)

    @cached_property
    def sound(self) -> bool:
        """Whether more keys can be kept beside this factor with errors below 1e-9.

        They can where the condition number of C is below 1e8. It is found by a few steps of power
        iteration in either direction.
        """
        if self.ridge:
            return False  # with more keys C may need less of it
        start = torch.randn(len(self.factor), 4, generator=torch.Generator().manual_seed(0))
        most = least = _like(start, self.factor)
        for _ in range(3):
            most = self.factor @ (self.factor.T @ (most / most.norm(dim=0)))
            least = self.times(least / least.norm(dim=0))
        return float(most.norm(dim=0).max() * least.norm(dim=0).max()) < _SOUND

    def keeping(self, others: Tensor, weight: float) -> "Keeping":
        """This metric with more keys in the second moment, without factorising it again.

        Use it where this metric is ``sound``: elsewhere a factor of their own is far more exact.

        Args:
            others: U, ``(d_in, p)``.
            weight: w.

        Returns:
            (C + wUUᵀ)⁻¹ as a metric.

        Raises:
            EditError: A number is not finite.
        """
        half = weight**0.5 * self.whitened(others)
        small = half.T @ half
        small.diagonal().add_(1.0)
        factor, info = torch.linalg.cholesky_ex(small)
        if info != 0:
            raise EditError("a key of the edit prompts is NaN or infinite; load the model in bf16 or fp32")
        return Keeping(self, half, factor)

    def whitened(self, keys: Tensor) -> Tensor:
        """L⁻¹K, with C = LLᵀ."""
        # Two of these read the factor where it is; cholesky_solve copies all of it first.
        solved: Tensor = torch.linalg.solve_triangular(self.factor, _like(keys, self.factor), upper=False)
        return solved

    def coloured(self, keys: Tensor) -> Tensor:
        """L⁻ᵀK."""
        solved: Tensor = torch.linalg.solve_triangular(self.factor.T, keys, upper=True)
        return solved


@dataclass(frozen=True, eq=False)
class Keeping(Metric):
    """M = (C + wUUᵀ)⁻¹: a few more keys U count as ordinary text does.

    With C = LLᵀ and Y = √w L⁻¹U, M = L⁻ᵀ(I - Y(I + YᵀY)⁻¹Yᵀ)L⁻¹ (Woodbury); only a p × p system is new.

    Attributes:
        base: C⁻¹.
        half: Y, ``(d_in, p)``.
        small: Cholesky factor of I + YᵀY, ``(p, p)``.
    """

    base: InverseMoment
    half: Tensor
    small: Tensor

    @staticmethod
    def pays(width: int, count: int) -> bool:
        """Whether ``count`` keys beside a factor cost less than factorising again with them.

        p + 2p² + p³/3 against 2p + 1/3 multiply-adds, in units of ``width``.
        """
        return 3 * count < 2 * width

    def times(self, keys: Tensor) -> Tensor:
        """MK."""
        white = self.base.whitened(keys)
        white -= self.half @ torch.cholesky_solve(self.half.T @ white, self.small)
        return self.base.coloured(white).to(keys.device)


@dataclass(frozen=True, eq=False)
class NullSpace(Metric):
    """M = P: only directions that ordinary text hardly uses may change (AlphaEdit, eq. 6).

    Earlier edits' keys K₀ are kept too: M = λ(P K₀K₀ᵀ P + λI)⁻¹P. It is held as P - VVᵀ, which grows with
    each edit: V gets the columns (MK)H⁻ᵀ, where HHᵀ = KᵀMK + λI and M is the metric before.

    Attributes:
        basis: Orthonormal basis of the free directions or of all others, whichever are fewer.
        free: Whether it is that of the free ones.
        past: K₀, keys of earlier edits, ``(d_in, m)``.
        ridge: λ of the updates that ``past`` was kept in.
        spent: V, ``(d_in, m)``.
    """

    basis: Tensor
    free: bool
    past: Tensor
    ridge: float
    spent: Tensor

    @classmethod
    def of(
        cls, moment: Tensor, *, threshold: float, unit: str = "absolute", device: torch.device = _CPU
    ) -> "NullSpace":
        """The null space of a second moment: eigenvectors of small eigenvalues.

        Args:
            moment: C, ``(d_in, d_in)``.
            threshold: What counts as unused.
            unit: ``absolute``: eigenvalues below the threshold. ``energy``: the smallest eigenvalues, as many
                as hold this share of the trace of C together; that does not depend on the scale of keys.
            device: Where it is decomposed and the basis stays.

        Raises:
            EditError: C is not finite, or no direction is free.
        """
        values, vectors = torch.linalg.eigh(_finite(moment, device))
        held = usage(values, unit)
        unused = held < threshold
        count = int(unused.sum())
        if count == 0:
            what = "eigenvalue" if unit == "absolute" else "share of the energy"
            raise EditError(
                f"no {what} of the key second moment is below {threshold:g} "
                f"(smallest {float(held[0]):.3g}); raise the threshold (--set null_threshold=…)"
            )
        free = 2 * count <= len(values)
        none = vectors.new_zeros(len(values), 0)
        return cls(vectors[:, unused if free else ~unused], free, none.cpu(), 0.0, none)

    @property
    def share(self) -> float:
        """Share of all directions that are free, those of earlier edits' keys included."""
        share = self.basis.shape[1] / len(self.basis)
        return share if self.free else 1 - share

    def keeping(self, past: Tensor, ridge: float) -> "NullSpace":
        """This metric with the keys of earlier edits; those that it has already are not gone through again.

        Args:
            past: K₀, ``(d_in, m)``.
            ridge: λ of the update.

        Raises:
            EditError: A key is not finite, or the ridge is lost in rounding.
        """
        past, known = past.double(), self.past.shape[1]
        if ridge != self.ridge or not torch.equal(past[:, :known], self.past):
            bare = NullSpace(self.basis, self.free, past[:, :0], ridge, self.spent[:, :0])
            return bare.keeping(past, ridge)
        new = _like(past[:, known:], self.spent)
        kept = self.times(new)
        gram = new.T @ kept
        gram.diagonal().add_(ridge)
        factor, info = torch.linalg.cholesky_ex(gram)
        if info != 0:
            raise EditError(
                f"a ridge of {ridge:g} cannot keep the keys of the earlier edits; raise it (--set ridge=…)"
            )
        spent = torch.linalg.solve_triangular(factor, kept.T, upper=False).T
        return NullSpace(self.basis, self.free, past, ridge, torch.cat([self.spent, spent], dim=1))

    def times(self, keys: Tensor) -> Tensor:
        """MK."""
        wide = _like(keys, self.basis)
        along = self.basis @ (self.basis.T @ wide)
        left = along if self.free else wide - along
        return (left - self.spent @ (self.spent.T @ wide)).to(keys.device)


def usage(values: Tensor, unit: str) -> Tensor:
    """What is compared with a threshold of free directions.

    Args:
        values: Eigenvalues of a second moment, ascending.
        unit: ``absolute``, the eigenvalue; ``energy``, the share of the trace that a direction and all
            smaller ones hold together.
    """
    energy = values.clamp_min(0)
    return energy if unit == "absolute" else energy.cumsum(0) / energy.sum()


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
    filled = tokens / wanted * moment
    filled.diagonal().add_((1 - tokens / wanted) * moment.diagonal().mean())
    return filled


def grown(moment: Tensor, others: Tensor, weight: float) -> Tensor:
    """C + wUUᵀ in float64, for a second moment C and more keys U, ``(d_in, p)``."""
    wide = moment.double()
    more = _like(others, wide)
    return torch.addmm(wide, more, more.T, alpha=weight)


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


def _finite(moment: Tensor, device: torch.device) -> Tensor:
    """A copy of a second moment in float64."""
    wide = moment.to(device, torch.float64, copy=True)
    if not torch.isfinite(wide).all():
        raise EditError("the key second moment holds NaN or infinity; delete its cache and run again")
    return wide


def _like(keys: Tensor, other: Tensor) -> Tensor:
    return keys.to(other.device).double()
