"""Values that a block adds behind a prompt, found by gradient descent: each by itself."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from mlake.editing.mend.upper import Upper
from mlake.editing.method import Progress
from mlake.editing.side.descent import descend
from mlake.models.lm import LM
from mlake.models.spans import Encoded

__all__ = ["Schedule", "trained"]

_TOGETHER = 16  # facts whose logits are held at once


class Schedule(NamedTuple):
    """How to train.

    Attributes:
        steps: Most steps.
        rate: Adam's rate, in units of the root mean square of what leaves the block.
        stop: A value is left alone once the losses of all its facts are below this.
    """

    steps: int
    rate: float
    stop: float


def trained(
    lm: LM, layer: int, prompts: Sequence[Encoded], entries: Sequence[int], how: Schedule, progress: Progress
) -> tuple[Tensor, list[float]]:
    """The values, ``(entries, d_model)``, and the loss of each fact.

    A value is added behind the block at the prompt's last token and all behind it. It depends on nothing
    but the facts that share it, up to rounding.

    Args:
        lm: The model, with earlier edits in force.
        layer: The block; there is one behind it.
        prompts: A prompt with its target for each fact.
        entries: Number of each fact's value.
        how: How to train.
        progress: Called with the number of facts just finished.

    Raises:
        EditError: A loss is not finite.
    """
    count = max(entries) + 1
    sharing = [[i for i, entry in enumerate(entries) if entry == number] for number in range(count)]
    values, losses, start = list[Tensor](), [0.0] * len(prompts), 0
    while start < count:
        stop = start + 1
        while stop < count and sum(map(len, sharing[start : stop + 1])) <= _TOGETHER:
            stop += 1
        facts = [i for group in sharing[start:stop] for i in group]
        own, lost = _some(lm, layer, [prompts[i] for i in facts], [entries[i] - start for i in facts], how)
        values += own
        for i, loss in zip(facts, lost, strict=True):
            losses[i] = loss
        progress(len(facts))
        start = stop
    return torch.stack(values), losses


def _some(
    lm: LM, layer: int, prompts: Sequence[Encoded], entries: Sequence[int], how: Schedule
) -> tuple[list[Tensor], list[float]]:
    ends = torch.tensor([len(one.ids) - one.target - 1 for one in prompts])
    with lm.passes.told(ends=ends):
        upper = Upper.of(lm, layer + 1, prompts)
        hidden, ends = upper.hidden, ends.to(upper.hidden.device)
        behind = torch.arange(hidden.shape[1], device=hidden.device) >= ends[:, None]  # (rows, length)
        at = hidden[torch.arange(len(hidden), device=hidden.device), ends]
        wide = torch.promote_types(hidden.dtype, torch.float32)
        units = at.to(wide).square().mean(-1).sqrt().tolist()
        values = [
            torch.zeros(hidden.shape[-1], dtype=wide, device=hidden.device, requires_grad=True)
            for _ in range(max(entries) + 1)
        ]
        rates = [how.rate * units[entries.index(number)] for number in range(len(values))]
        groups = [{"params": [value], "lr": rate} for value, rate in zip(values, rates, strict=True)]
        optimiser = torch.optim.Adam(groups)

        def losses() -> Tensor:
            added = torch.stack([values[entry] for entry in entries])[:, None].to(hidden.dtype)
            return upper.nll(upper.logs(lm, torch.where(behind[..., None], hidden + added, hidden)))

        alone = [[value] for value in values]
        found = descend(optimiser, alone, entries, losses, steps=how.steps, stop=how.stop)
    return [value.detach().cpu() for value in values], found
