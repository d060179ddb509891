"""Second moments of keys over ordinary text: which directions of key space a model uses."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from time import monotonic
from typing import NamedTuple

import torch
from torch import Tensor

from mlake.errors import DataError
from mlake.models.bars import token_bar
from mlake.models.batches import by_length, pad_right
from mlake.models.hooks import stopping_at, watched_input
from mlake.models.keys import BATCH_TOKENS
from mlake.models.lm import LM
from mlake.models.moment_files import MomentFile
from mlake.models.tokens import token_ids

__all__ = ["Corpus", "key_moments", "measured_moments", "stored_moments"]

_WINDOW = 512
_EVEN = 0.8  # a few short texts in one batch of BATCH_TOKENS would be half padding
_EVERY = 60.0  # seconds after which a pass keeps its sums
_SHARE = 20  # how many times as long as the last keeping took it must be until the next


class Corpus(NamedTuple):
    """Text whose keys are counted.

    Attributes:
        name: What it is, as reports name it.
        texts: The texts.
        rows: The token ids of each, special tokens included.
    """

    name: str
    texts: Sequence[str]
    rows: Sequence[Sequence[int]]

    @classmethod
    def of(cls, lm: LM, name: str, texts: Sequence[str]) -> "Corpus":
        """Texts as a model's tokenizer reads them."""
        return cls(name, texts, token_ids(lm, texts))

    @property
    def tokens(self) -> int:
        """Number of tokens."""
        return sum(map(len, self.rows))

    @property
    def sha256(self) -> str:
        """Hash of the token ids in order."""
        return sha256(json.dumps(list(map(list, self.rows))).encode()).hexdigest()

    @property
    def text_sha256(self) -> str:
        """Hash of the texts, a line each."""
        return sha256("".join(f"{text}\n" for text in self.texts).encode("utf-8", "replace")).hexdigest()


def key_moments(lm: LM, layers: Sequence[int], corpus: Corpus) -> dict[int, Tensor]:
    """Mean outer product of the keys of each layer over all tokens of a corpus.

    One pass serves all layers and ends at the highest. Texts are cut to windows and packed by length;
    every token counts once, special tokens included, as in ROME's and MEMIT's statistics. The result is
    kept in the user cache, each layer by itself. A pass of more than a minute keeps its sums there as
    well: cut off, it goes on from there, and the result has the same bits.

    Args:
        lm: The model, unedited: the cache knows it by name and revision.
        layers: Blocks whose down-projections are read.
        corpus: The texts.

    Returns:
        Layer to C = E[kkᵀ], ``(d_in, d_in)`` in float32 (float64 for a float64 model).

    Raises:
        DataError: The corpus is empty.
        ModelError: The model computes NaN or infinity; nothing is kept then.
    """
    files = _files(lm, layers, corpus)
    found = {layer: file.moment() for layer, file in files.items()}
    missing = {layer: _Sum.kept(files[layer]) for layer, moment in found.items() if moment is None}
    if missing:
        _read(lm, missing, corpus, _Keeping(files))
    for layer, total in missing.items():
        found[layer] = moment = total.mean(lm, corpus.tokens)
        files[layer].write_moment(moment, tokens=corpus.tokens)
    return {layer: moment for layer, moment in found.items() if moment is not None}


def stored_moments(lm: LM, layers: Sequence[int], corpus: Corpus) -> dict[int, Tensor] | None:
    """What ``key_moments`` has kept of the unedited model, whatever edit is in force; None if not of all."""
    found = {layer: file.moment() for layer, file in _files(lm, layers, corpus).items()}
    kept = {layer: moment for layer, moment in found.items() if moment is not None}
    return kept if len(kept) == len(found) else None


def _files(lm: LM, layers: Sequence[int], corpus: Corpus) -> dict[int, MomentFile]:
    about = [
        lm.name,
        lm.revision,
        str(lm.dtype),
        lm.device.type,
        corpus.sha256,
        _window(lm),
        BATCH_TOKENS,
        _EVEN,
    ]
    return {layer: MomentFile.of(*about, layer) for layer in layers}


def _window(lm: LM) -> int:
    """Most tokens of a text that are read together."""
    return _WINDOW if lm.positions is None else min(_WINDOW, lm.positions)


def measured_moments(lm: LM, layers: Sequence[int], corpus: Corpus) -> dict[int, Tensor]:
    """The moments of the model as it is now, edited or not; never cached."""
    sums = {layer: _Sum() for layer in layers}
    _read(lm, sums, corpus, lambda _: None)
    return {layer: total.mean(lm, corpus.tokens) for layer, total in sums.items()}


@dataclass(slots=True)
class _Sum:
    """Σ kkᵀ of a layer over the first batches of a corpus.

    A batch's product is taken in the keys' own float32 and added up in float64. On SmolLM2 that is 5e-8
    (relative Frobenius norm) from float64 throughout, of which storing the result in float32 makes 2e-8;
    float32 sums lose 2e-7 over 40 batches already, and more with each.
    """

    batches: int = 0
    total: Tensor | None = None

    @classmethod
    def kept(cls, file: MomentFile) -> "_Sum":
        """What an earlier pass left."""
        total, batches = file.sum() or (None, 0)
        return cls(batches, total)

    def add(self, product: Tensor) -> None:
        if self.total is None:
            self.total = torch.zeros_like(product, dtype=torch.float64)
        self.total = self.total.to(product.device).add_(product)
        self.batches += 1

    def mean(self, lm: LM, tokens: int) -> Tensor:
        if self.total is None:
            raise DataError("a corpus without tokens has no second moment; give some text")
        mean = lm.finite(self.total / tokens)  # where it is: a gigabyte a layer at 7B
        return (mean if lm.dtype == torch.float64 else mean.float()).cpu()


class _Keeping:
    """Writes the sums to their files now and then, so seldom that it hardly costs."""

    def __init__(self, files: Mapping[int, MomentFile]):
        self.files = files
        self.due = monotonic() + _EVERY

    def __call__(self, sums: Mapping[int, _Sum]) -> None:
        start = monotonic()
        if start < self.due:
            return
        for layer, one in sums.items():
            if one.total is not None:
                self.files[layer].write_sum(one.total, batches=one.batches)
        end = monotonic()
        self.due = end + max(_EVERY, _SHARE * (end - start))


def _read(
    lm: LM, sums: Mapping[int, _Sum], corpus: Corpus, keep: Callable[[Mapping[int, _Sum]], None]
) -> None:
    """Add the batches that each sum lacks. Batches depend on the corpus alone, whatever the layers."""
    size = _window(lm)
    rows = [row[i : i + size] for row in corpus.rows for i in range(0, len(row), size)]
    batches = [[rows[i] for i in some] for some in by_length(list(map(len, rows)), BATCH_TOKENS, even=_EVEN)]
    first = min(one.batches for one in sums.values())
    done = sum(len(row) for batch in batches[:first] for row in batch)
    with token_bar("second moments", corpus.tokens, done=done) as bar:
        for number, batch in enumerate(batches[first:], first):
            lacking = [layer for layer, one in sums.items() if one.batches == number]
            for layer, product in _products(lm, lacking, batch):
                sums[layer].add(product)
            bar.update(sum(map(len, batch)))
            keep(sums)


@torch.no_grad()
def _products(lm: LM, layers: Sequence[int], rows: Sequence[Sequence[int]]) -> Iterator[tuple[int, Tensor]]:
    """KᵀK over the tokens of some rows, one layer after another."""
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
        yield layer, keys.T @ keys
