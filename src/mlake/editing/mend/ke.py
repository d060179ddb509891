"""KE's network: what a fact says decides how its gradient is taken (De Cao et al. 2021, section 4).

With the gradient ∇W of a fact, ``ΔW = s σ(η) (∇W ⊙ softmax(α) βᵀ + softmax(γ) δᵀ)``, where α and γ over
rows, β and δ over columns and the number η are read off the fact's text. The gradient is a sum over tokens
of ``d uᵀ``, and ``(d uᵀ) ⊙ a bᵀ = (a ⊙ d) (b ⊙ u)ᵀ``: the update of a fact of n tokens is of rank n + 1 and
never stands as a matrix.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, ClassVar, NamedTuple, Self

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

from mlake.editing.factors import Factors
from mlake.editing.mend.gradients import Gradient, Matrix, each
from mlake.editing.mend.hypernet import Running, Shape, computed_in
from mlake.editing.mend.network import Network, TrainSettings
from mlake.models.lm import LM
from mlake.models.spans import Encoded
from mlake.models.tokens import token_ids
from mlake.records import Statement

__all__ = ["Conditioned", "ConditionedNetwork", "KeSettings", "weighed"]

_SURE = 0.9  # share of new answers above which the margin becomes smaller
_SHRINK = 0.8


@dataclass(frozen=True, slots=True)
class KeSettings(TrainSettings):
    """How KE is trained: ``TrainSettings``, and what follows.

    Attributes:
        reader: Width of the network that reads the fact, in each direction.
        condition: Width of what it hands on.
        margin: KL divergence on other facts that is allowed.
        margin_least: What that comes down to while edits go well.
        multiplier_rate: Learning rate of the weight of what is above the margin.
    """

    rank: int = 128
    reader: int = 128
    condition: int = 1024
    margin: float = 1e-3
    margin_least: float = 1e-5
    multiplier_rate: float = 0.1


class Conditioned(NamedTuple):
    """What the network reads of one fact.

    Attributes:
        words: The embedded tokens of its text, ``(tokens, d_model)``.
        gradients: The gradient of each matrix.
    """

    words: Tensor
    gradients: Sequence[Gradient]


class _Reader(nn.Module):
    """The condition: the last states of an LSTM in both directions over a fact's text, and a layer."""

    def __init__(self, width: int, settings: KeSettings):
        super().__init__()
        self.lstm = nn.LSTM(width, settings.reader, bidirectional=True, batch_first=True)
        self.layer = nn.Linear(2 * settings.reader, settings.condition)

    def forward(self, words: Tensor) -> Tensor:
        """The condition of one text, ``(condition,)``."""
        _, (last, _) = self.lstm(words[None])
        out: Tensor = self.layer(last[:, 0].flatten()).tanh()
        return out


class _Weights(nn.Module):
    """α, β, γ, δ and η of one matrix; before training a step against the gradient, whatever the fact."""

    def __init__(self, shape: Shape, settings: KeSettings):
        super().__init__()
        self.sizes = [shape.d_in, shape.d_out, shape.d_in, shape.d_out, 1]
        self.first = weight_norm(nn.Linear(settings.condition, settings.rank))
        last = nn.Linear(settings.rank, sum(self.sizes))
        with torch.no_grad():
            last.bias.zero_()[: shape.d_in] = -1.0
        self.last = weight_norm(last)
        with torch.no_grad():
            self.last.parametrizations.weight.original0.zero_()  # type: ignore[union-attr]

    def forward(self, condition: Tensor) -> Sequence[Tensor]:
        """β, α, δ, γ and η, in the order of the authors' code."""
        out: Tensor = self.last(self.first(condition).tanh())
        return torch.split(out, self.sizes)


def weighed(gradient: Gradient, rows: Tensor, columns: Tensor, row: Tensor, column: Tensor) -> Factors:
    """``∇W ⊙ rows columnsᵀ + row columnᵀ`` without the matrix.

    Args:
        gradient: ∇W, of n tokens.
        rows: ``(d_out,)``.
        columns: ``(d_in,)``.
        row: ``(d_out,)``.
        column: ``(d_in,)``.

    Returns:
        ``left (d_out, n + 1)`` and ``right (d_in, n + 1)``.
    """
    left = torch.cat([rows * gradient.deltas, row[None]])
    return Factors(left.T, torch.cat([columns * gradient.inputs, column[None]]).T)


class ConditionedNetwork(Network):
    """KE's editor: gradients and texts of facts in, updates out; those of several facts are added up.

    Gradients are in units of their root mean square over the facts seen so far, and softmax is in multiples
    of its mean, so that training starts from a step of the same size for every matrix.

    Attributes:
        eta: Added to η of each matrix, ``(matrices,)``: the size of its step.
        multiplier: Weight of the KL divergence above the margin; rises by gradient ascent, never below 0.
        margin: KL divergence that is allowed.
        most: s, twice the step that training starts from, ``(matrices,)``.
    """

    method: ClassVar[str] = "ke"
    format: ClassVar[str] = "mlake-ke/1"
    settings: ClassVar[type[TrainSettings]] = KeSettings
    most: Tensor
    margin: Tensor

    def __init__(
        self,
        width: int,
        shapes: Sequence[Shape],
        sizes: Sequence[float],
        settings: KeSettings,
        dtype: torch.dtype,
    ):
        """A network that steps against the gradient.

        Args:
            width: Of the model's embeddings.
            shapes: Shape of each edited matrix.
            sizes: Root mean square of each one's weights.
            settings: How it is trained.
            dtype: What it computes in.
        """
        super().__init__()
        self.shapes = tuple(shapes)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings.seed)
            self.reader = _Reader(width, settings)
            self.weights = nn.ModuleList(_Weights(shape, settings) for shape in self.shapes)
        self.norms = nn.ModuleList(Running(1) for _ in self.shapes)
        self.eta = nn.Parameter(torch.zeros(len(self.shapes)))
        self.multiplier = nn.Parameter(torch.ones(()))
        self.register_buffer("margin", torch.tensor(settings.margin, dtype=torch.float64))
        self.register_buffer("most", 2 * settings.step * torch.tensor(sizes, dtype=torch.float64))
        self.to(dtype)

    @classmethod
    def untrained(cls, lm: LM, matrices: Sequence[Matrix], settings: Any) -> Self:
        """A network that steps against the gradient, whatever a fact says."""
        shapes = [Shape(matrix.d_out, matrix.d_in) for matrix in matrices]
        width = lm.model.get_input_embeddings().weight.shape[1]
        sizes = [matrix.size for matrix in matrices]
        return cls(width, shapes, sizes, settings, computed_in(lm)).to(lm.device)

    @staticmethod
    def features(
        lm: LM,
        matrices: Sequence[Matrix],
        prompts: Sequence[Encoded],
        told: Sequence[Statement],
        progress: Callable[[int], object] = lambda done: None,
    ) -> list[Conditioned]:
        """Text and gradients of each fact."""
        found = each(lm, matrices, prompts, progress=progress)
        return [Conditioned(_words(lm, one), found[number]) for number, one in enumerate(told)]

    def groups(self, settings: Any) -> list[dict[str, Any]]:
        """The network; step sizes and the multiplier with rates of their own."""
        return [
            {"params": [*self.reader.parameters(), *self.weights.parameters()]},
            {"params": [self.eta], "lr": settings.step_rate},
            {"params": [self.multiplier], "lr": settings.multiplier_rate},
        ]

    def see(self, features: Sequence[Conditioned]) -> None:
        """Count facts in the sizes that later gradients are divided by."""
        for at, norms in enumerate(self.norms):
            sizes = [_size(one.gradients[at], self.eta) for one in features]
            norms.see(torch.stack(sizes)[:, None])  # type: ignore[operator]

    def forward(self, features: Sequence[Conditioned]) -> list[Factors]:
        """The updates: for each matrix ``left (d_out, n)`` and ``right (d_in, n)``."""
        conditions = [self.reader(one.words.to(self.eta)) for one in features]
        found = []
        for at in range(len(self.shapes)):
            parts = [
                self._one(at, condition, one.gradients[at])
                for condition, one in zip(conditions, features, strict=True)
            ]
            found.append(Factors(*(torch.cat(side, dim=1) for side in zip(*parts, strict=True))))
        return found

    def _one(self, at: int, condition: Tensor, gradient: Gradient) -> Factors:
        beta, alpha, delta, gamma, eta = self.weights[at](condition)
        d_out = self.shapes[at].d_out
        unit = Gradient(gradient.inputs.to(eta), gradient.deltas.to(eta) / self._unit(at))
        made = weighed(unit, d_out * alpha.softmax(0), beta, d_out * gamma.softmax(0), delta)
        return Factors(self.most[at] * (eta + self.eta[at]).sigmoid() * made.left, made.right)

    def _unit(self, at: int) -> Tensor:
        """Root mean square of an entry of the gradients seen so far."""
        norms: Any = self.norms[at]
        if not norms.count:
            return torch.ones_like(self.eta[at])
        square: Tensor = (norms.spread / norms.count + norms.mean.square())[0] / prod(self.shapes[at])
        return torch.clamp(square.sqrt(), min=torch.finfo(square.dtype).tiny)

    def loss(self, edit: Tensor, locality: Tensor, settings: TrainSettings) -> Tensor:
        """The new answers' loss, with the KL divergence held below the margin by the multiplier.

        What is lowered by the network is raised by the multiplier: its gradient has the other sign.
        """
        margin, multiplier = self.margin.to(edit.device), self.multiplier.to(edit.device)
        above = locality - margin
        return edit + multiplier.detach() * above - multiplier * above.detach()

    @torch.no_grad()
    def stepped(self) -> None:
        """A multiplier is never negative."""
        self.multiplier.clamp_(min=0)

    @torch.no_grad()
    def validated(self, point: Mapping[str, float], settings: Any) -> None:
        """The margin becomes smaller once edits go well."""
        if point["success"] > _SURE:
            self.margin.mul_(_SHRINK).clamp_(min=settings.margin_least)


@torch.no_grad()
def _words(lm: LM, told: Statement) -> Tensor:
    """The text of a fact as the model embeds it, at a root mean square of 1."""
    (ids,) = token_ids(lm, [f"{told.old} >> {told.new} || {told.question}"])
    words: Tensor = lm.model.get_input_embeddings()(torch.tensor(ids, device=lm.device)).float()
    size = words.square().mean().sqrt()
    return words / torch.clamp(size, min=torch.finfo(words.dtype).tiny)


def _size(gradient: Gradient, like: Tensor) -> Tensor:
    """Length of a gradient as one vector."""
    inputs, deltas = gradient.inputs.to(like), gradient.deltas.to(like)
    return ((inputs @ inputs.T) * (deltas @ deltas.T)).sum().clamp_min(0).sqrt()
