"""The value that an edited matrix should emit for a fact, found by gradient descent.

For each fact a vector δ is added where the key token is read, and optimised so that the model continues
the prompt with the new answer (ROME, eq. 4; MEMIT, eq. 16): negative log-likelihood of the target over
the context prefixes, a KL term that keeps what the model says of the subject, and weight decay.

Nothing before the key token and nothing below the edited block depends on δ. So the prefix is run once
and its keys and values kept, the blocks below run once, and each step runs only the blocks from the
edited one up, on the tokens from the key token on, with logits at the target tokens only. All facts of
a chunk advance together; Adam, clamp and early stop are per fact, so no fact sees another.
``benchmarks.reference`` computes the same the obvious way, and a test holds the two together.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor

from mlake.editing.locate.suffix import Suffix
from mlake.editing.prompts import ValueTask
from mlake.errors import EditError
from mlake.models.bars import Told
from mlake.models.deltas import NO_DELTAS, RowDeltas
from mlake.models.lm import LM
from mlake.models.room import in_halves

__all__ = ["Site", "StepLoss", "ValueSettings", "Values", "optimise_values"]

Site = Literal["down", "block", "attention+down"]


@dataclass(frozen=True, slots=True)
class ValueSettings:
    """How a value is optimised; the defaults are those of ROME and MEMIT for 7B Llama models.

    Attributes:
        steps: Most evaluations of the loss; the last one is not followed by an update.
        rate: Adam's learning rate, in units of ``rate_unit``.
        rate_unit: ``absolute``, or ``rms``: a multiple of the root mean square of the clean value, for
            families whose down-projection emits small values that a norm enlarges afterwards.
        decay: Weight of ‖δ‖ / ‖v‖².
        clamp: Most that ‖δ‖ may be, as a multiple of ‖v‖.
        kl: Weight of the KL term.
        stop: A fact is done when its loss falls below this.
        sure: Once its answer is the likeliest everywhere, a fact is done when its KL term is at most this,
            and until then its likelihood counts a tenth, as in PMET; 0 for neither.
    """

    steps: int = 25
    rate: float = 0.5
    rate_unit: Literal["absolute", "rms"] = "absolute"
    decay: float = 1e-3
    clamp: float = 4.0
    kl: float = 0.0625
    stop: float = 0.05
    sure: float = 0.0

    def told(self) -> dict[str, Any]:
        """By name, as they are stored; what earlier runs did without saying so stays unsaid."""
        settings = asdict(self)
        return settings if self.sure else {name: settings[name] for name in settings if name != "sure"}


class StepLoss(NamedTuple):
    """The loss of one fact at one step and its three terms."""

    total: float
    nll: float
    kl: float
    decay: float


class Values(NamedTuple):
    """Result of the optimisation.

    Attributes:
        target: Value to be written, ``(facts, d)`` in float32 or wider.
        clean: Value before, ``(facts, d)``.
        losses: Per fact, the loss at each step it took.
    """

    target: Tensor
    clean: Tensor
    losses: tuple[tuple[StepLoss, ...], ...]


_CERTAIN = 0.1
"""Weight of the likelihood of an answer that is the likeliest everywhere (PMET's code)."""

_Found = tuple[Tensor, Tensor, tuple[StepLoss, ...]]
"""Target and clean value of a fact, and its loss at each step."""


def optimise_values(
    lm: LM,
    tasks: Sequence[ValueTask],
    *,
    layer: int,
    site: Site,
    settings: ValueSettings,
    deltas: RowDeltas = NO_DELTAS,
    groups: Sequence[int] | None = None,
    progress: Callable[[int], object] = lambda done: None,
    kept: Callable[[Sequence[ValueTask], Callable[[], Values]], Values] = lambda tasks, optimise: optimise(),
) -> Values:
    """Optimise the values of many facts together.

    Args:
        lm: The model; left as it was.
        tasks: The facts.
        layer: Block at which the value is written.
        site: Where δ is added: ``down``, the output of the down-projection; ``block``, the residual
            stream after the block; or ``attention+down``, a δ of its own at the output of the attention
            too, which is found and not kept.
        settings: How to optimise.
        deltas: Edits in force, another for each group of facts.
        groups: Group of each fact; all of group 0 by default.
        progress: Called with the number of facts just finished.
        kept: Given the facts that advance together and a way to their values: recalls or optimises them.

    Raises:
        EditError: A loss is not a number.
    """
    every = [(task.prompts, task.essence) for task in tasks]
    found: dict[int, _Found] = {}

    def work(members: Sequence[int]) -> list[_Found]:
        suffix = Suffix.prepare(
            lm,
            [every[i] for i in members],
            layer=layer,
            site=site,
            deltas=deltas,
            groups=[groups[i] for i in members] if groups else None,
        )
        told = Told(len(members), progress)
        delta, history = _descend(lm, suffix, settings, told.share)
        told.finish()
        wide = lm.matrix(layer).shape[0]  # of a value with several parts the last one is written
        clean, target = suffix.clean[:, -wide:], (suffix.clean + delta)[:, -wide:]
        return list(zip(target, clean, map(tuple, history), strict=True))

    for members in Suffix.chunks(lm, every):
        optimise = partial(_optimised, members, work)
        values = kept([tasks[i] for i in members], optimise)
        found.update(zip(members, zip(*values, strict=True), strict=True))
    return _stacked([found[i] for i in range(len(tasks))])


def _optimised(members: Sequence[int], work: Callable[[Sequence[int]], list[_Found]]) -> Values:
    return _stacked(in_halves(members, work, "optimise {} values"))


def _stacked(found: Sequence[_Found]) -> Values:
    target, clean, losses = zip(*found, strict=True)
    return Values(torch.stack(target), torch.stack(clean), losses)


def _descend(
    lm: LM, suffix: Suffix, settings: ValueSettings, told: Callable[[float], object]
) -> tuple[Tensor, list[list[StepLoss]]]:
    clean = suffix.clean  # (facts, parts · d)
    width = lm.matrix(0).shape[0]
    norm = clean.view(len(clean), -1, width).norm(dim=2)  # (facts, parts)
    rms = norm / width**0.5
    rate = settings.rate * (rms if settings.rate_unit == "rms" else torch.ones_like(rms))
    adam = _Adam(torch.zeros_like(clean), rate.repeat_interleave(width, dim=1))
    history: list[list[StepLoss]] = [[] for _ in range(len(clean))]
    active = torch.arange(len(clean))
    weight = torch.ones(len(clean), dtype=clean.dtype, device=clean.device)  # of the likelihood
    for step in range(settings.steps):
        delta = adam.value[active].requires_grad_()
        nll, kl, first = suffix.losses(lm, delta)
        nll = nll * weight[active].to(nll)
        size = delta.view(len(delta), -1, width).norm(dim=2)
        decay = (settings.decay * size / norm[active] ** 2).sum(1)
        total = nll + settings.kl * kl + decay
        _record(history, active, total, nll, settings.kl * kl, decay)
        keep = total.detach() >= settings.stop
        if settings.sure:
            keep &= ~(first & (settings.kl * kl.detach() <= settings.sure))
            weight[active] = torch.where(first, _CERTAIN, 1.0).to(weight)
        if step == settings.steps - 1 or not keep.any():
            break
        (gradient,) = torch.autograd.grad(total[keep].sum(), delta)
        moving = active[keep.cpu()]
        adam.step(moving, gradient[keep])
        adam.clamp(moving, settings.clamp * norm[moving])
        told((step + 1) / settings.steps)
        if len(moving) < len(active):
            suffix = suffix.narrowed(keep)
            active = moving
    return adam.value, history


def _record(history: list[list[StepLoss]], active: Tensor, *terms: Tensor) -> None:
    rows = torch.stack([t.detach().double() for t in terms], dim=1)
    if not torch.isfinite(rows).all():
        raise EditError(
            "the loss of a value is not a number; expected finite losses; "
            "load the model in float32 (--dtype fp32) or lower the learning rate"
        )
    for index, row in zip(active.tolist(), rows.tolist(), strict=True):
        history[index].append(StepLoss(*row))


class _Adam:
    """Adam with a learning rate for each number, of which only some rows may move (Kingma & Ba, alg. 1)."""

    def __init__(self, value: Tensor, rate: Tensor, beta1: float = 0.9, beta2: float = 0.999):
        self.value = value  # (rows, parts · d)
        self.rate = rate  # (rows, parts · d) or (rows, 1)
        self.beta1, self.beta2 = beta1, beta2
        self.mean = torch.zeros_like(value)
        self.square = torch.zeros_like(value)
        self.count = 0

    def step(self, rows: Tensor, gradient: Tensor) -> None:
        """Move rows; all moving rows have moved at every step so far, so they share one step count."""
        self.count += 1
        mean = self.mean[rows] = self.beta1 * self.mean[rows] + (1 - self.beta1) * gradient
        square = self.square[rows] = self.beta2 * self.square[rows] + (1 - self.beta2) * gradient**2
        root = (square / (1 - self.beta2**self.count)).sqrt() + 1e-8
        self.value[rows] -= self.rate[rows] * (mean / (1 - self.beta1**self.count)) / root

    def clamp(self, rows: Tensor, most: Tensor) -> None:
        """Shorten the parts of rows that are longer than ``most: (rows, parts)``."""
        parts = self.value[rows].view(*most.shape, -1)
        norm = parts.norm(dim=2)
        scale = torch.where(norm > most, most / norm.clamp_min(1e-30), torch.ones_like(norm))
        self.value[rows] = (parts * scale[..., None]).flatten(1)
