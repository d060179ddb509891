"""The networks that turn the gradient of an edit into the edit (Mitchell et al. 2022, section 3.2).

For each token, input u and output gradient δ of an edited matrix are normalised, put one behind the other,
and passed through a residual network of low rank that is the identity when training starts. The update is
the sum over tokens of the outer products of what comes out, times a learned step size. Network and
statistics are shared by all matrices of one shape, as in the authors' code.
"""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, NamedTuple, Self

import torch
from torch import Tensor, nn

from mlake.editing.factors import Factors
from mlake.editing.mend.gradients import Gradient, Matrix, gradients
from mlake.editing.mend.network import Network, TrainSettings
from mlake.models.lm import LM
from mlake.models.spans import Encoded
from mlake.records import Statement

__all__ = ["GradientNetwork", "Running", "Shape", "computed_in"]

_LEAST = 1e-3


class Shape(NamedTuple):
    """Shape of an edited matrix: widths of its output and of its input."""

    d_out: int
    d_in: int


class Running(nn.Module):
    """Running mean and standard deviation of each dimension, over all tokens seen so far.

    Before any are seen, the mean is 0 and the deviation 1.
    """

    count: Tensor
    mean: Tensor
    spread: Tensor

    def __init__(self, width: int):
        super().__init__()
        self.register_buffer("count", torch.zeros((), dtype=torch.int64))
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("spread", torch.zeros(width))  # Σ (x - mean)²

    @torch.no_grad()
    def see(self, rows: Tensor) -> None:
        """Count more tokens, ``(tokens, width)`` (Chan, Golub and LeVeque 1979)."""
        if not len(rows):
            return
        mean = rows.mean(0)
        shift = mean - self.mean
        before, total = int(self.count), int(self.count) + len(rows)
        self.spread += (rows - mean).square().sum(0) + shift.square() * (before * len(rows) / total)
        self.mean += shift * (len(rows) / total)
        self.count.fill_(total)

    def normal(self, rows: Tensor) -> Tensor:
        """The rows with mean 0 and deviation 1.

        Dimensions that hardly vary are not blown up: a deviation below a thousandth of their mean counts
        as that.
        """
        if not self.count:
            return rows
        deviation = (self.spread / self.count).sqrt()
        least = (_LEAST * deviation.mean()).clamp_min(torch.finfo(deviation.dtype).tiny)
        return (rows - self.mean) / deviation.clamp_min(least)


class _Layer(nn.Module):
    """``x + σ(s ⊙ (U V x + b) + o)``: eq. 3; the scale s and the offset o are those of one matrix.

    U starts at zero, so that the layer starts as the identity.
    """

    def __init__(self, width: int, rank: int, matrices: int, random: torch.Generator):
        super().__init__()
        bound = (6 / (width + rank)) ** 0.5  # Xavier
        inner = torch.empty(rank, width).uniform_(-bound, bound, generator=random)
        self.inner = nn.Parameter(inner)
        self.outer = nn.Parameter(torch.zeros(width, rank))
        self.bias = nn.Parameter(torch.zeros(width))
        self.scale = nn.Parameter(torch.ones(matrices, width))
        self.offset = nn.Parameter(torch.zeros(matrices, width))

    def forward(self, x: Tensor, matrix: int) -> Tensor:
        """The layer's output, ``(tokens, width)``, for one of the matrices."""
        inside = (x @ self.inner.T) @ self.outer.T + self.bias
        inside = self.scale[matrix] * inside + self.offset[matrix]
        # A clamp passes gradients at 0, where training starts; a ReLU does not.
        return x + inside.clamp(min=0)


class _Shared(nn.Module):
    """What all matrices of one shape share: statistics of their gradients, and two layers."""

    def __init__(self, shape: Shape, rank: int, matrices: int, random: torch.Generator):
        super().__init__()
        self.inputs, self.deltas = Running(shape.d_in), Running(shape.d_out)
        self.first = _Layer(sum(shape), rank, matrices, random)
        self.second = _Layer(sum(shape), rank, matrices, random)

    def see(self, gradient: Gradient) -> None:
        """Count the tokens of a gradient."""
        self.inputs.see(gradient.inputs)
        self.deltas.see(gradient.deltas)

    def forward(self, gradient: Gradient, matrix: int) -> Gradient:
        """The gradient of one of the matrices, normalised and changed."""
        inputs, deltas = self.inputs.normal(gradient.inputs), self.deltas.normal(gradient.deltas)
        made = self.second(self.first(torch.cat([inputs, deltas], dim=1), matrix), matrix)
        return Gradient(*made.split([inputs.shape[1], deltas.shape[1]], dim=1))


class GradientNetwork(Network):
    """MEND's editor: gradients in, updates out.

    Attributes:
        shapes: Shape of each edited matrix.
        log_step: Logarithm of each matrix's step size, ``(matrices,)``; learned.
    """

    method: ClassVar[str] = "mend"
    format: ClassVar[str] = "mlake-mend/2"
    before: ClassVar[str] = "mlake-mend/1"

    def __init__(
        self,
        shapes: Sequence[Shape],
        steps: Sequence[float],
        *,
        rank: int,
        seed: int = 0,
        dtype: torch.dtype = torch.float32,
    ):
        """A network that is the identity.

        Args:
            shapes: Shape of each edited matrix.
            steps: Step size of each to start from.
            rank: Inner width of its layers.
            seed: Seed of its random weights.
            dtype: What it computes in.
        """
        super().__init__()
        self.shapes = tuple(shapes)
        random = torch.Generator().manual_seed(seed)
        kinds = dict.fromkeys(self.shapes)
        self.networks = nn.ModuleDict(
            {_key(kind): _Shared(kind, rank, self.shapes.count(kind), random) for kind in kinds}
        )
        self.log_step = nn.Parameter(torch.tensor(steps, dtype=torch.float64).log())
        self.to(dtype)

    @classmethod
    def untrained(cls, lm: LM, matrices: Sequence[Matrix], settings: TrainSettings) -> Self:
        """A network that hands gradients through."""
        sizes = [settings.step * matrix.size for matrix in matrices]
        shapes = [Shape(matrix.d_out, matrix.d_in) for matrix in matrices]
        return cls(shapes, sizes, rank=settings.rank, seed=settings.seed, dtype=computed_in(lm)).to(lm.device)

    @staticmethod
    def features(
        lm: LM,
        matrices: Sequence[Matrix],
        prompts: Sequence[Encoded],
        told: Sequence[Statement],
        progress: Callable[[int], object] = lambda done: None,
    ) -> list[Gradient]:
        """The gradients of all facts together."""
        return gradients(lm, matrices, prompts, progress=progress)

    def groups(self, settings: TrainSettings) -> list[dict[str, Any]]:
        """The network, and the step sizes with a rate of their own."""
        steps = {"params": [self.log_step], "lr": settings.step_rate}
        return [{"params": list(self.networks.parameters())}, steps]

    def see(self, features: Sequence[Gradient]) -> None:
        """Count gradients in the statistics that normalise later ones."""
        for shape, gradient in zip(self.shapes, features, strict=True):
            self._shared(shape).see(self._as_computed(gradient))

    def forward(self, features: Sequence[Gradient]) -> list[Factors]:
        """The updates: for each matrix ``left (d_out, tokens)`` and ``right (d_in, tokens)``.

        Until training begins, they are the gradients times minus the step sizes, of normalised factors
        once ``see`` has been called.
        """
        out = []
        for at, (shape, gradient) in enumerate(zip(self.shapes, features, strict=True)):
            place = self.shapes[:at].count(shape)
            right, left = self._shared(shape)(self._as_computed(gradient), place)
            out.append(Factors(-self.log_step[at].exp() * left.T, right.T))
        return out

    def _shared(self, shape: Shape) -> Any:
        return self.networks[_key(shape)]

    def _as_computed(self, gradient: Gradient) -> Gradient:
        return Gradient(gradient.inputs.to(self.log_step), gradient.deltas.to(self.log_step))


def computed_in(lm: LM) -> torch.dtype:
    """What a network of a model computes in."""
    return torch.float64 if lm.dtype == torch.float64 else torch.float32


def _key(shape: Shape) -> str:
    return f"{shape.d_out}x{shape.d_in}"
