"""Gradient descent for many facts at once, each by itself."""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from mlake.errors import EditError

__all__ = ["descend"]


def descend(
    optimiser: torch.optim.Optimizer,
    groups: Sequence[Sequence[Tensor]],
    owner: Sequence[int],
    losses: Callable[[], Tensor],
    *,
    steps: int,
    stop: float,
) -> list[float]:
    """Train groups of weights that share no loss; one whose losses are all below a bound is left alone.

    Args:
        optimiser: Holds the weights of all groups.
        groups: The weights, group by group.
        owner: Number of the group that each loss depends on, ``(n,)``.
        losses: Computes the losses with the weights as they are, ``(n,)``.
        steps: Most steps.
        stop: The bound.

    Returns:
        The losses with the weights as they are left.

    Raises:
        EditError: A loss is not finite.
    """
    for step in range(steps + 1):
        with torch.enable_grad():
            each = losses()
            found: list[float] = each.tolist()
            if not all(map(math.isfinite, found)):
                raise EditError(
                    "a loss is not a number; expected finite losses; lower the rate (--set rate=…) or load "
                    "the model in bf16 or fp32"
                )
            missing = {group for group, loss in zip(owner, found, strict=True) if loss >= stop}
            if step == steps or not missing:
                break
            optimiser.zero_grad(set_to_none=True)
            each.sum().backward()  # type: ignore[no-untyped-call]
        for number, group in enumerate(groups):
            if number not in missing:
                for weight in group:
                    weight.grad = None  # so that the step leaves it alone, moments and all
        optimiser.step()
    return found
