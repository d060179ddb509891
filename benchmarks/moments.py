"""Second moments: each layer by itself, text by text through the whole model, against one packed pass."""

from collections.abc import Iterator
from functools import partial

import torch
from torch import Tensor

from benchmarks.case import Case
from benchmarks.cost import Cost, Row, compared, measured
from benchmarks.facts import packaged
from benchmarks.machine import body
from mlake.data.ordinary import ordinary_text
from mlake.editing.locate.metric_cache import solving_device
from mlake.editing.locate.update import InverseMoment, filled_up
from mlake.models.corpora import corpus
from mlake.models.hooks import watched_input
from mlake.models.lm import LM
from mlake.models.moments import Corpus, measured_moments

_TOKENS = 10_000
_SHARE = 10


@torch.no_grad()
def _plain(lm: LM, layer: int, text: Corpus) -> None:
    found: list[Tensor] = []
    total: Tensor | float = 0.0
    with watched_input(lm.down(layer), lambda keys: found.append(keys[0].float())):
        for one in text.texts:
            lm.model(input_ids=torch.tensor([lm.tokenizer(one)["input_ids"]], device=lm.device))
            keys = found.pop()
            total = total + keys.T @ keys


def second_moments(case: Case) -> Iterator[Row]:
    """Seconds for 10,000 tokens in all layers that MEMIT edits; the reference reads a share of them.

    ``factorise`` is the seconds that a layer's moment is then factorised in, once for all batches.
    """
    lm, layers = case.lm, case.editor("memit").layers
    text = corpus(lm, "statements", tokens=_TOKENS, seed=0, text=ordinary_text(packaged()))
    part = Corpus.of(lm, "part", text.texts[::_SHARE])
    _plain(lm, layers[0], Corpus.of(lm, "one", part.texts[:1]))
    slow = Cost.of(measured(partial(_plain, lm, layer, part), lm.device) for layer in layers)
    found: dict[int, Tensor] = {}
    fast = measured(lambda: found.update(measured_moments(lm, layers, text)), lm.device)
    width = lm.matrix(0).shape[1]
    flops = 2.0 * (body(lm) - body(lm, max(layers) + 1)) + 2.0 * width * width * len(layers)
    whole = filled_up(found[layers[0]], text.tokens)
    device = solving_device(lm.device, width)
    factor = measured(lambda: InverseMoment.of(whole, device=device), lm.device)
    yield compared(
        "second moments",
        "s/10k tokens",
        slow.each(part.tokens / _TOKENS),
        fast.each(text.tokens / _TOKENS),
        floor=flops * _TOKENS / case.floor.flops,
        layers=list(layers),
        tokens=text.tokens,
        tokens_reference=part.tokens,
        width=width,
        factorise=factor.seconds,
        factorise_peak_bytes=factor.peak,
        factorise_on=device.type,
    )
