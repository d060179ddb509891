"""How much each MLP neuron does for an answer: integrated gradients (Dai et al. 2022, eq. 5).

With w the values of a block's neurons at the last token of a prompt, and P(w) the probability of the
answer's first token behind it, the attribution of neuron i is ``w_i / m · Σ_k ∂P(k/m · w) / ∂w_i`` for k from
1 to m. All attributions of a block add up to P(w) - P(0) as m grows.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from mlake.editing.locate.rows import Rows, Spot, wide
from mlake.models.deltas import NO_DELTAS
from mlake.models.keys import keys_at
from mlake.models.lm import LM
from mlake.models.spans import Encoded

__all__ = ["Attributed", "attributed"]

_TOGETHER = 64  # points that are computed side by side


class Attributed(NamedTuple):
    """What the neurons of each block do for an answer.

    Attributes:
        scores: ``(prompts, layers, d_ff)``.
        probability: Of the answer's first token behind each prompt, ``(prompts,)``.
    """

    scores: Tensor
    probability: Tensor


def attributed(lm: LM, prompts: Sequence[Encoded], points: int) -> Attributed:
    """Attribute answers to neurons.

    Args:
        lm: The model, edited before or not; left as it was.
        prompts: Prompts with answers as their targets.
        points: m, how many steps the path from no neuron to all of them takes.
    """
    bare = [Encoded(p.ids[: len(p.ids) - p.target], len(p.ids) - p.target - 1) for p in prompts]
    answer = torch.tensor([p.ids[len(p.ids) - p.target] for p in prompts])
    layers = [_at(lm, layer, bare, answer, points) for layer in range(len(lm.layers))]
    return Attributed(torch.stack([scores for scores, _ in layers], dim=1), layers[0][1])


def _at(lm: LM, layer: int, prompts: Sequence[Encoded], answer: Tensor, points: int) -> tuple[Tensor, Tensor]:
    """Scores of a block, ``(prompts, d_ff)``, and the probability with all neurons as they are."""
    fed = keys_at(lm, layer, prompts)  # (prompts, d_ff)
    matrix = wide(lm.matrix(layer))
    whole = [(at, one.ids, one.lookup) for at, one in enumerate(prompts)]
    rows, _ = Rows.prepare(lm, Spot(layer, "down"), whole, NO_DELTAS, [0] * len(prompts))
    every = [(at, step) for at in range(len(prompts)) for step in range(1, points + 1)]
    scores, last = torch.zeros_like(fed), torch.zeros(len(prompts), dtype=fed.dtype)
    for start in range(0, len(every), _TOGETHER):
        some = every[start : start + _TOGETHER]
        at = torch.tensor([prompt for prompt, _ in some])
        share = torch.tensor([step / points for _, step in some], dtype=fed.dtype)
        points_of = rows.chosen(at, torch.arange(len(at)))
        gradient, likely = _gradients(lm, points_of, fed[at], share, matrix, answer[at])
        scores.index_add_(0, at.to(scores.device), gradient.to(scores))
        full = share == 1
        last[at[full]] = likely[full]
    return (scores * fed / points).cpu(), last


def _gradients(
    lm: LM, rows: Rows, fed: Tensor, share: Tensor, matrix: Tensor, answer: Tensor
) -> tuple[Tensor, Tensor]:
    """Gradient of each row's probability at a share of its neurons' values, and that probability."""
    at = torch.stack([torch.arange(len(fed)), torch.zeros(len(fed), dtype=torch.long)], dim=1)
    with torch.enable_grad():
        # The block's output is linear in its neurons: less of them is as much less of what they write.
        lacking = (share - 1).to(fed.device)[:, None] * fed
        moved = (lacking @ matrix.T).requires_grad_()
        logs = lm.logits(rows.run(lm, moved, at)).log_softmax(-1)
        likely = logs.gather(1, answer.to(logs.device)[:, None])[:, 0].exp()
        (gradient,) = torch.autograd.grad(likely.sum(), moved)
    return gradient @ matrix, likely.detach().cpu()
