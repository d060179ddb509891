"""The training loop: AdamW over a fact's texts until the answers are learnt."""

import math
from collections.abc import Callable, Sequence
from random import Random
from typing import NamedTuple

import torch

from mlake.editing.finetune.examples import Example, Objective, batches
from mlake.editing.finetune.weights import Weights
from mlake.errors import EditError
from mlake.models.lm import LM

__all__ = ["Epoch", "Schedule", "train"]


class Schedule(NamedTuple):
    """How to train.

    Attributes:
        epochs: Most passes over the texts.
        rate: Learning rate after the warm-up.
        batch: Texts in a step.
        stop: Training ends after a pass in which the questions' mean loss was below this.
        seed: Seed of the order of batches.
        warm_up: Steps of the warm-up.
        clip: Gradients are clipped to this length; 0 leaves them.
        skip: No step is taken on a batch whose mean loss is below this.
        objective: Where the answer's tokens are scored.
    """

    epochs: int
    rate: float
    batch: int
    stop: float
    seed: int
    warm_up: int = 5
    clip: float = 1.0
    skip: float = 0.0
    objective: Objective = "tokens"


class Epoch(NamedTuple):
    """Mean loss of a pass, over the texts of each kind; None where there is none of a kind."""

    questions: float
    descriptions: float | None


def train(
    lm: LM,
    weights: Weights,
    found: Sequence[Example],
    schedule: Schedule,
    progress: Callable[[float], object] = lambda passes: None,
) -> list[Epoch]:
    """Train on texts: linear warm-up over the first steps, a constant rate then.

    The model stays in evaluation mode, so that nothing is dropped out and training is the same each time.

    Args:
        lm: The model, in a block of ``weights``.
        weights: What is trained.
        found: The texts.
        schedule: How to train.
        progress: Called after each step with the passes done so far, a fraction.

    Raises:
        EditError: A loss or gradient is not finite.
    """
    random = Random(schedule.seed)
    optimiser = torch.optim.AdamW(weights.moved, schedule.rate, weight_decay=0.0, fused=True)
    steps = math.ceil(len(found) / schedule.batch)
    epochs: list[Epoch] = []
    for epoch in range(schedule.epochs):
        seen: dict[bool, list[float]] = {True: [], False: []}
        for number, batch in enumerate(batches(found, schedule.batch, random), epoch * steps + 1):
            for group in optimiser.param_groups:
                group["lr"] = schedule.rate * min(1.0, number / max(1, schedule.warm_up))
            each = _step(lm, weights, optimiser, batch, schedule)
            for example, loss in zip(batch, each, strict=True):
                seen[example.question].append(loss)
            progress(number / steps)
        epochs.append(Epoch(_mean(seen[True]) or 0.0, _mean(seen[False])))
        if epochs[-1].questions < schedule.stop:
            break
    return epochs


@torch.enable_grad()
def _step(
    lm: LM,
    weights: Weights,
    optimiser: torch.optim.Optimizer,
    batch: Sequence[Example],
    schedule: Schedule,
) -> list[float]:
    """One step on a batch; the loss of each text before it."""
    each = weights.losses(lm, batch, schedule.objective)
    told = [float(loss) for loss in each.detach().tolist()]
    if sum(told) / len(told) < schedule.skip:
        return told
    (each.mean() * weights.scale).backward()  # type: ignore[no-untyped-call]
    weights.gather()
    norm = torch.nn.utils.clip_grad_norm_(weights.moved, schedule.clip or math.inf)
    if not (torch.isfinite(each).all() and torch.isfinite(norm)):
        raise EditError(
            "the loss of fine-tuning is not a number; expected finite losses and gradients; "
            "lower the learning rate (--set rate=…) or load the model in bf16 or fp32"
        )
    optimiser.step()
    weights.spread()
    return told


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
