"""How many tokens a model can be asked at once."""

import torch

from mlake.models.lm import LM

__all__ = ["room_for"]

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
    devices = {weight.device for weight in lm.model.parameters()}
    if any(device.type != "cuda" for device in devices):
        return _WITHOUT_CUDA
    return _fitting(lm, max_new_tokens, min(map(_free, devices)))


def _free(device: torch.device) -> int:
    """Bytes that can be had, what torch holds without using it included."""
    idle = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return torch.cuda.mem_get_info(device)[0] + idle


def _fitting(lm: LM, max_new_tokens: int, free: int) -> int:
    size = lm.dtype.itemsize
    width, inner = lm.matrix(0).shape
    token = size * (_kept(lm) + 8 * width + 3 * inner)  # the largest moment is inside an MLP
    vocabulary = lm.model.get_output_embeddings().weight.shape[0]
    row = vocabulary * (size + 3 * max(size, 4))  # logits, widened and capped
    tokens = int(_SHARE * free / (token + row / max_new_tokens))  # a row has more tokens than its answer
    return min(_MOST, 1 << max(tokens.bit_length() - 1, 0))


def _kept(lm: LM) -> int:
    """Numbers that the cache of keys and values holds for a token."""
    config = lm.model.config.get_text_config()
    heads: int = config.num_attention_heads
    head: int = getattr(config, "head_dim", None) or lm.matrix(0).shape[0] // heads
    return 2 * len(lm.layers) * (getattr(config, "num_key_value_heads", None) or heads) * head
