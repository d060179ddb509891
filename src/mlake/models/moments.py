"""Second moments of keys over ordinary text: which directions of key space a model uses."""

import hashlib
import json
import logging
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import NamedTuple

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor

from mlake.data.cache import cache_dir, write_atomic
from mlake.models.batches import pad_right
from mlake.models.hooks import stopping_at, watched_input
from mlake.models.lm import LM

__all__ = ["Corpus", "key_moments", "measured_moments"]

_LOG = logging.getLogger(__name__)
_BATCH = 16


class Corpus(NamedTuple):
    """Text whose keys are counted.

    Attributes:
        name: What it is, as reports and cache files name it.
        texts: The texts.
    """

    name: str
    texts: Sequence[str]

    def tokens(self, lm: LM) -> int:
        """Number of tokens that the model reads it as."""
        return sum(len(lm.tokenizer(text)["input_ids"]) for text in self.texts)

    @property
    def sha256(self) -> str:
        """Hash of the texts in order."""
        return hashlib.sha256(json.dumps(list(self.texts), ensure_ascii=False).encode()).hexdigest()


def key_moments(
    lm: LM,
    layers: Sequence[int],
    corpus: Corpus,
    *,
    progress: Callable[[int], object] = lambda done: None,
) -> dict[int, Tensor]:
    """Mean outer product of the keys of each layer over all tokens of a corpus.

    One pass serves all layers and ends at the highest. Texts are cut to windows and padded by length;
    every token counts once, special tokens included, as in ROME's and MEMIT's statistics. The result
    is cached by model revision, data type, layers and content of the corpus.

    Args:
        lm: The model.
        layers: Blocks whose down-projections are read.
        corpus: The texts.
        progress: Called with the number of texts just read.

    Returns:
        Layer to C = E[kkᵀ], ``(d_in, d_in)`` in float32 (float64 for a float64 model).
    """
    path = _cache_path(lm, layers, corpus)
    cached = _cached(path, layers)
    if cached is not None:
        return cached
    moments, count = measured_moments(lm, layers, corpus, progress=progress)
    try:
        write_atomic(path, save({str(layer): m for layer, m in moments.items()}, {"tokens": str(count)}))
    except OSError as error:
        _LOG.warning("cannot keep key moments in %s: %s", path, error)
    return moments


def measured_moments(
    lm: LM,
    layers: Sequence[int],
    corpus: Corpus,
    *,
    progress: Callable[[int], object] = lambda done: None,
) -> tuple[dict[int, Tensor], int]:
    """The moments of the model as it is now, edited or not, and the number of tokens; never cached."""
    rows = [row for text in corpus.texts for row in _windows(lm, text)]
    rows.sort(key=len, reverse=True)
    sums: dict[int, Tensor] = {}
    count = 0
    for start in range(0, len(rows), _BATCH):
        batch = rows[start : start + _BATCH]
        _add(lm, layers, batch, sums)
        count += sum(len(row) for row in batch)
        progress(len(batch))
    return {layer: _narrow(lm, sums[layer] / count) for layer in layers}, count


def _narrow(lm: LM, moment: Tensor) -> Tensor:
    return moment.cpu() if lm.dtype == torch.float64 else moment.float().cpu()


def _windows(lm: LM, text: str, length: int = 512) -> list[list[int]]:
    ids = lm.tokenizer(text)["input_ids"]
    return [ids[i : i + length] for i in range(0, len(ids), length)]


@torch.no_grad()
def _add(lm: LM, layers: Sequence[int], rows: Sequence[Sequence[int]], sums: dict[int, Tensor]) -> None:
    padded = pad_right(rows, lm.pad_id, lm.device)
    keep = padded.mask.bool()
    found: dict[int, Tensor] = {}
    with ExitStack() as stack:
        for layer in layers:
            stack.enter_context(watched_input(lm.down(layer), partial(found.__setitem__, layer)))
        stack.enter_context(stopping_at(lm.down(max(layers))))
        lm.model.base_model(input_ids=padded.ids, attention_mask=padded.mask, use_cache=False)
    for layer, inputs in found.items():
        keys = inputs[keep.to(inputs.device)]
        keys = keys if keys.dtype == torch.float64 else keys.float()
        product = (keys.T @ keys).double()
        sums[layer] = sums[layer] + product if layer in sums else product


def _cache_path(lm: LM, layers: Sequence[int], corpus: Corpus) -> Path:
    key = json.dumps([lm.name, lm.revision, str(lm.dtype), sorted(layers), corpus.sha256, "moments/1"])
    return cache_dir() / "moments" / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.safetensors"


def _cached(path: Path, layers: Sequence[int]) -> dict[int, Tensor] | None:
    if not path.is_file():
        return None
    try:
        stored = load_file(path)
    except (SafetensorError, OSError):
        return None  # a damaged cache is computed again
    return {layer: stored[str(layer)] for layer in layers}
