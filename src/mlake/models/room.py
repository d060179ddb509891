"""How much memory is free where a model is, how much to do at once, and what if it was too much."""

import logging
from collections.abc import Callable, Sequence
from typing import TypeVar

import torch

from mlake.models.lm import LM

__all__ = ["free_memory", "in_halves", "room_for"]

_LOG = logging.getLogger(__name__)
_T = TypeVar("_T")
_R = TypeVar("_R")

_WITHOUT_CUDA = 8192
_MOST = 2**16
_SHARE = 0.5


def room_for(lm: LM, max_new_tokens: int) -> int:
    """Bound on the tokens of a batch: its rows times its longest prompt plus answer.

    On CUDA it is a power of two that half of the free memory holds, so that somewhat more or less of it
    gives the same batches. Weights spread over several devices leave room by the fullest of them.

    Args:
        lm: The model.
        max_new_tokens: Most tokens of an answer.
    """
    free = free_memory(lm)
    return _WITHOUT_CUDA if free is None else _fitting(lm, max_new_tokens, free)


def free_memory(lm: LM) -> int | None:
    """Bytes that can be had on the fullest device that holds weights; None unless all are CUDA's.

    What torch holds without using it counts as free.

    Args:
        lm: The model.
    """
    devices = {weight.device for weight in lm.model.parameters()}
    return min(map(_free, devices)) if all(device.type == "cuda" for device in devices) else None


def in_halves(items: Sequence[_T], work: Callable[[Sequence[_T]], list[_R]], doing: str) -> list[_R]:
    """Work on items together, or half by half where the accelerator's memory does not hold all.

    Args:
        items: What is worked on, a result each.
        work: Does it.
        doing: What it does, for the warning, with ``{}`` for the number of items.
    """
    try:
        return work(items)
    except torch.OutOfMemoryError:
        if len(items) == 1:
            raise
    # Only outside of the except block is what failed let go.
    torch.cuda.empty_cache()
    half = len(items) // 2
    _LOG.warning("no memory to %s at once; going on with %d", doing.format(len(items)), half)
    return [one for part in (items[:half], items[half:]) for one in in_halves(part, work, doing)]


def _free(device: torch.device) -> int:
    idle = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return torch.cuda.mem_get_info(device)[0] + idle


def _fitting(lm: LM, max_new_tokens: int, free: int) -> int:
    size = lm.dtype.itemsize
    width = lm.model.config.get_text_config().hidden_size
    inner = lm.matrix(0).shape[1] if lm.understood else 4 * width
    token = size * (_kept(lm) + 8 * width + 3 * inner)  # the largest moment is inside an MLP
    vocabulary = lm.model.get_output_embeddings().weight.shape[0]
    row = vocabulary * (size + 3 * max(size, 4))  # logits, widened and capped
    tokens = int(_SHARE * free / (token + row / max_new_tokens))  # a row has more tokens than its answer
    return min(_MOST, 1 << max(tokens.bit_length() - 1, 0))


def _kept(lm: LM) -> int:
    """Numbers that the cache of keys and values holds for a token."""
    config = lm.model.config.get_text_config()
    heads: int = config.num_attention_heads
    blocks: int = config.num_hidden_layers
    head: int = getattr(config, "head_dim", None) or config.hidden_size // heads
    return 2 * blocks * (getattr(config, "num_key_value_heads", None) or heads) * head
