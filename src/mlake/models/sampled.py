"""Text that a model makes up by itself."""

import torch
from torch import Tensor

from mlake.models.bars import token_bar
from mlake.models.lm import LM

__all__ = ["sampled_texts"]

_ROWS = 128
_LENGTH = 128


@torch.no_grad()
def sampled_texts(lm: LM, *, tokens: int, seed: int) -> list[str]:
    """Texts sampled from a model at temperature 1, each from its BOS token on; blank ones are left out.

    Args:
        lm: The model.
        tokens: Tokens to sample, filled up to whole batches. More tokens only append texts.
        seed: Seed of the draws, which do not depend on the device.
    """
    generator = torch.Generator().manual_seed(seed)
    start = lm.tokenizer.bos_token_id
    start = lm.pad_id if start is None else start
    length = _LENGTH if lm.positions is None else min(_LENGTH, lm.positions)
    rounds = -(-tokens // (_ROWS * length))
    texts: list[str] = []
    with token_bar("sampling text", rounds * _ROWS * length) as bar:
        for _ in range(rounds):
            step = ids = torch.full((_ROWS, 1), start, device=lm.device)
            cache = None
            for _ in range(length):
                out = lm.model(input_ids=step, past_key_values=cache, use_cache=True, logits_to_keep=1)
                cache = out.past_key_values
                step = _drawn(out.logits[:, -1], generator)
                ids = torch.cat([ids, step], dim=1)
                bar.update(_ROWS)
            texts += lm.tokenizer.batch_decode(ids, skip_special_tokens=True)
    return [text for text in texts if text.strip()]


def _drawn(logits: Tensor, generator: torch.Generator) -> Tensor:
    """A token a row: where a uniform number falls among the chances added up, ``(rows, 1)``."""
    reached = logits.double().softmax(-1).cumsum(-1)
    uniform = torch.rand(len(logits), 1, dtype=torch.float64, generator=generator).to(logits.device)
    found = torch.searchsorted(reached, uniform * reached[:, -1:], right=True)
    return found.clamp_max(logits.shape[1] - 1)
