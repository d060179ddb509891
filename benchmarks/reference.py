"""The value optimisation the obvious way: one fact at a time, whole sequences, every logit.

Slow on purpose. Tests and benchmarks compare ``mlake.editing.locate.value`` with it.
"""

import torch
from torch import Tensor

from mlake.editing.locate.value import Site, StepLoss, ValueSettings
from mlake.editing.prompts import ValueTask
from mlake.models.batches import pad_right
from mlake.models.hooks import changed_output, first, watched_output
from mlake.models.lm import LM

__all__ = ["optimise_one_value"]


def optimise_one_value(
    lm: LM, task: ValueTask, *, layer: int, site: Site, settings: ValueSettings
) -> tuple[Tensor, Tensor, list[StepLoss]]:
    """Optimise one fact's value by full forward passes and ``torch.optim.Adam``.

    Returns:
        Target value ``(d,)``, clean value ``(d,)`` and the loss at each step.
    """
    every = [*task.prompts, *([task.essence] if task.essence else [])]
    ids, mask = pad_right([p.ids for p in every], lm.pad_id, lm.device)
    lookup = torch.tensor([p.lookup for p in every])
    module = lm.down(layer) if site == "down" else lm.layers[layer]
    seen: list[Tensor] = []
    with torch.no_grad(), watched_output(module, lambda out: seen.append(first(out))):
        logits = lm.model(input_ids=ids, attention_mask=mask).logits
    clean = seen[0][0, lookup[0]].clone()
    said = logits[-1, lookup[-1]].log_softmax(-1)
    delta = torch.zeros_like(clean, requires_grad=True)
    unit = clean.norm() / len(clean) ** 0.5 if settings.rate_unit == "rms" else 1.0
    adam = torch.optim.Adam([delta], lr=float(settings.rate * unit))

    def change(out: Tensor) -> Tensor:
        out = out.clone()
        out[torch.arange(len(every)), lookup] += delta
        return out

    losses: list[StepLoss] = []
    for step in range(settings.steps):
        with changed_output(module, change):
            logs = lm.model(input_ids=ids, attention_mask=mask).logits.log_softmax(-1)
        nll = torch.stack([_nll(logs[i], p.ids, p.target) for i, p in enumerate(task.prompts)]).mean()
        kl = torch.zeros(())
        if task.essence is not None:
            now = logs[-1, lookup[-1]]
            kl = settings.kl * (now.exp() * (now - said)).sum()
        decay = settings.decay * delta.norm() / clean.norm() ** 2
        total = nll + kl + decay.to(nll.device)
        losses.append(StepLoss(*(float(term.detach()) for term in (total, nll, kl, decay))))
        if total < settings.stop or step == settings.steps - 1:
            break
        adam.zero_grad()
        total.backward()  # type: ignore[no-untyped-call]
        adam.step()
        with torch.no_grad():
            delta *= min(1.0, float(settings.clamp * clean.norm() / delta.norm()))
    return (clean + delta).detach(), clean, losses


def _nll(logs: Tensor, ids: tuple[int, ...], target: int) -> Tensor:
    at = range(len(ids) - target, len(ids))
    return -torch.stack([logs[i - 1, ids[i]] for i in at]).mean()
