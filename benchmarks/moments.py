"""Second moments: each layer by itself, text by text through the whole model, against one packed pass."""

from collections.abc import Iterator
from typing import Any

import torch

from benchmarks.machine import Floor, body, clock
from mlake.data import load
from mlake.data.ordinary import ordinary_text
from mlake.editing import editor
from mlake.models.corpora import corpus
from mlake.models.hooks import watched_input
from mlake.models.lm import LM
from mlake.models.moments import Corpus, measured_moments


@torch.no_grad()
def _plain(lm: LM, layer: int, text: Corpus) -> None:
    found: list[torch.Tensor] = []
    total = 0.0
    with watched_input(lm.down(layer), lambda keys: found.append(keys[0].float())):
        for one in text.texts:
            lm.model(input_ids=torch.tensor([lm.tokenizer(one)["input_ids"]], device=lm.device))
            keys = found.pop()
            total = total + keys.T @ keys


def second_moments(lm: LM, floor: Floor, *, tokens: int, share: int) -> Iterator[dict[str, Any]]:
    """Seconds for 10,000 tokens in all layers that MEMIT edits; the reference reads a share of them."""
    layers = editor("memit", lm).layers
    text = corpus(lm, "statements", tokens=tokens, seed=0, text=ordinary_text(load("mini")))
    part = Corpus.of(lm, "part", text.texts[:: max(1, share)])
    _plain(lm, layers[0], Corpus.of(lm, "one", part.texts[:1]))
    slow = sum(clock(lambda at=layer: _plain(lm, at, part), lm.device) for layer in layers)
    fast = clock(lambda: measured_moments(lm, layers, text), lm.device)
    count, read = text.tokens, part.tokens
    width = lm.matrix(0).shape[1]
    flops = 2.0 * (body(lm) - body(lm, max(layers) + 1)) + 2.0 * width * width * len(layers)
    yield {
        "name": "second moments",
        "unit": "s/10k tokens",
        "reference": slow / read * 1e4,
        "fast": fast / count * 1e4,
        "ratio": slow / read * count / fast,
        "floor": flops * 1e4 / floor.flops,
        "layers": list(layers),
        "tokens": count,
        "tokens_reference": read,
    }
