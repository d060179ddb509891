"""Context prefixes that a model makes up from a few English words, as ROME and MEMIT do."""

from collections.abc import Sequence
from unicodedata import normalize

import torch

from mlake.models.batches import pad_right
from mlake.models.lm import LM
from mlake.models.tokens import token_ids

__all__ = ["WORDS", "sampled_openings"]

WORDS = ("The", "Therefore", "Because", "I", "You")
"""How sampled prefixes begin, whatever language is edited."""

_LIKELIEST = 5


@torch.no_grad()
def sampled_openings(lm: LM, lengths: Sequence[int], *, seed: int) -> tuple[str, ...]:
    """Prefixes that go on from each of ``WORDS``, each token drawn from the five likeliest.

    Args:
        lm: The model, unedited.
        lengths: Tokens of a prefix, special ones included; for each length there is a prefix from each word.
        seed: Seed of the draws, which do not depend on the device.
    """
    generator = torch.Generator().manual_seed(seed)
    starts = token_ids(lm, WORDS)
    rows = [(list(ids), length) for length in lengths for ids in starts]
    for _ in range(max(lengths, default=0)):
        ids = pad_right([row for row, _ in rows], lm.pad_id, lm.device)
        hidden = lm.model.base_model(
            input_ids=ids.ids, attention_mask=ids.mask, use_cache=False
        ).last_hidden_state
        last = hidden[torch.arange(len(rows), device=hidden.device), ids.mask.sum(1).to(hidden.device) - 1]
        chances, tokens = lm.logits(last).double().softmax(-1).topk(_LIKELIEST)
        uniform = torch.rand(len(rows), 1, dtype=torch.float64, generator=generator).to(chances.device)
        reached = (chances / chances.sum(1, keepdim=True)).cumsum(1)
        drawn = torch.searchsorted(reached, uniform).clamp_max(_LIKELIEST - 1)
        for (row, length), token in zip(rows, tokens.gather(1, drawn)[:, 0].tolist(), strict=True):
            if len(row) < length:
                row.append(token)
    texts = lm.tokenizer.batch_decode([row for row, _ in rows], skip_special_tokens=True)
    return tuple(f"{_plain(text)}. " for text in texts)


def _plain(text: str) -> str:
    """The text without what would break a prompt: paragraphs, and the braces of templates."""
    return normalize("NFKD", text).replace("\n\n", " ").replace("{", "").replace("}", "")
