"""What a model thinks of texts that are put before it: teacher forcing, in batches."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from mlake.models.batches import by_length, pad_right
from mlake.models.lm import LM
from mlake.models.room import room_for
from mlake.models.tokens import check_fit

__all__ = ["Read", "read"]

_LOGITS = 2**26  # numbers that are held at once, beside those of the hidden states


@dataclass(frozen=True, slots=True)
class Read:
    """What a model thinks of the last tokens of a text, each after all that stand before it.

    Attributes:
        nll: Their mean negative log-likelihood, in nats.
        tokens: The tokens themselves.
        best: The likeliest token at the place of each.
    """

    nll: float
    tokens: tuple[int, ...]
    best: tuple[int, ...]


@torch.no_grad()
def read(
    lm: LM,
    rows: Sequence[tuple[Sequence[int], int]],
    progress: Callable[[int], object] = lambda done: None,
) -> list[Read]:
    """Read texts, in their order.

    Args:
        lm: The model.
        rows: Token ids, and how many of them at the end are meant.
        progress: Called with the number of rows read since the last call.

    Raises:
        ModelError: A text does not fit into the model's positions, or the model computes NaN.
    """
    found: dict[int, Read] = {}
    if not rows:
        return []
    lengths = [len(ids) for ids, _ in rows]
    advice = "leave out such answers, or read them with another model"
    check_fit(lm, max(lengths), "the longest text takes", advice)
    for batch in by_length(lengths, room_for(lm, max(count for _, count in rows))):
        values = _batch(lm, [rows[index] for index in batch])
        found.update(zip(batch, values, strict=True))
        progress(len(batch))
    return [found[index] for index in range(len(rows))]


def _batch(lm: LM, rows: Sequence[tuple[Sequence[int], int]]) -> list[Read]:
    ids, mask = pad_right([ids for ids, _ in rows], lm.pad_id, lm.device)
    # What stands before the tokens that are meant is a prompt, unless it is only the token of the start.
    ends = torch.tensor([len(one) - count - 1 or len(one) - 1 for one, count in rows], device=lm.device)
    with lm.passes.told(ends=ends):
        hidden: Tensor = lm.model.base_model(
            input_ids=ids, attention_mask=mask, use_cache=False
        ).last_hidden_state  # (rows, longest, d_model)
    places = [  # row and position of every token that is meant
        (row, place) for row, (one, count) in enumerate(rows) for place in range(len(one) - count, len(one))
    ]
    row, place = torch.tensor(places, device=hidden.device).T
    losses, best = _judged(lm, hidden[row, place - 1], ids.to(hidden.device)[row, place])
    counts = [count for _, count in rows]
    parts = zip(rows, torch.split(lm.finite(losses), counts), torch.split(best, counts), strict=True)
    return [
        Read(float(loss.mean()), tuple(one[len(one) - count :]), tuple(tokens.tolist()))
        for (one, count), loss, tokens in parts
    ]


def _judged(lm: LM, hidden: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Negative log-likelihood of each target, and the likeliest token, with the logits of a few at a time.

    Args:
        lm: The model.
        hidden: State before each target, ``(targets, d_model)``.
        targets: Token ids, ``(targets,)``.
    """
    size = max(_LOGITS // lm.model.get_output_embeddings().weight.shape[0], 1)
    losses, best = [], []
    for start in range(0, len(targets), size):
        logits = lm.logits(hidden[start : start + size])
        wanted = targets[start : start + size].to(logits.device)
        losses.append(torch.nn.functional.cross_entropy(logits, wanted, reduction="none"))
        best.append(logits.argmax(-1))
    return torch.cat(losses), torch.cat(best)
