"""Causal tracing: where in a model a fact's answer is decided (Meng et al. 2022, Figure 2).

The embeddings of the subject's tokens are disturbed by noise, and the answer becomes unlikely. Then one thing
is put back to what it was without noise: the state of one token after one block, or what the MLPs, or the
attention, of a few neighbouring blocks give one token. How much likelier that makes the answer is its
indirect effect.

Nothing before the first disturbed token changes, and nothing below what is put back: only tokens from the
subject on are traced, and each pass begins at the first block that can differ. All tokens and samples of
noise go through together; a test holds this and the obvious way together.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from mlake.errors import ModelError
from mlake.models.hooks import changed_output, first, replaced_input, skipped, watched_input, watched_output
from mlake.models.lm import LM
from mlake.models.room import room_for
from mlake.models.spans import Spanned

__all__ = ["KINDS", "PLACES", "Traced", "embedding_spread", "means", "noise_for", "trace", "window_of"]

KINDS = {"state": "states", "mlp": "MLPs", "attention": "attention"}
"""What is put back: a token's state after a block, or what the parts of some blocks give it."""

PLACES = {
    "first": "first subject token",
    "middle": "middle subject tokens",
    "last": "last subject token",
    "next": "next token",
    "further": "further tokens",
    "end": "last token",
}
"""Where a token stands."""

_WINDOW = 10 / 48  # of a model's blocks, as in the paper's figure for GPT-2 XL


class Traced(NamedTuple):
    """What tracing one prompt gave.

    Attributes:
        clean: Probability of the answer's first token without noise.
        corrupted: The same with noise, mean over samples.
        effects: Kind to the indirect effects, ``(blocks, tokens)``, of tokens from the subject's first on.
        places: Where each of these tokens stands, a name in ``PLACES``.
    """

    clean: float
    corrupted: float
    effects: dict[str, Tensor]
    places: tuple[str, ...]


@dataclass(frozen=True)
class _Seen:
    """What a pass went through.

    Attributes:
        entering: Input of each block, and the output of the last, ``(rows, tokens, d)`` each.
        parts: Kind to the output of that part in each block, ``(rows, tokens, d)`` each.
        final: Final hidden state of the last token, ``(rows, d)``.
        as_tuple: Whether blocks return tuples.
    """

    entering: list[Tensor]
    parts: dict[str, list[Tensor]]
    final: Tensor
    as_tuple: bool


def window_of(lm: LM) -> int:
    """How many neighbouring blocks' parts are put back together."""
    return max(1, round(_WINDOW * len(lm.layers)))


@torch.no_grad()
def embedding_spread(lm: LM, prompts: Sequence[Spanned]) -> float:
    """Standard deviation of the embeddings of all subjects' tokens, which noise is measured by."""
    embeddings = lm.model.get_input_embeddings()
    ids = [token for one in prompts for token in one.ids[one.first : one.last + 1]]
    return float(embeddings(torch.tensor(ids, device=lm.device)).float().std())


def noise_for(lm: LM, prompt: Spanned, *, spread: float, samples: int, seed: int) -> Tensor:
    """Normal noise for a subject's embeddings, ``(samples, subject tokens, d)``.

    Args:
        lm: The model.
        prompt: The prompt.
        spread: Its standard deviation.
        samples: How many draws.
        seed: Seed of the draw.
    """
    width = lm.model.get_input_embeddings().weight.shape[1]
    shape = samples, prompt.last - prompt.first + 1, width
    drawn = torch.randn(shape, generator=torch.Generator().manual_seed(seed))
    return (spread * drawn).to(lm.device, lm.dtype)


@torch.no_grad()
def trace(lm: LM, prompt: Spanned, noise: Tensor, window: int) -> Traced:
    """Indirect effects of all blocks and tokens on the answer that the model gives without noise.

    Args:
        lm: The model.
        prompt: Token ids, and which of them are the subject's.
        noise: Added to the subject's embeddings, ``(samples, subject tokens, d)``.
        window: Blocks whose parts are put back together, around each block.

    Raises:
        ModelError: The model computes NaN, or its attention is not found.
    """
    ids = torch.tensor([prompt.ids], device=lm.device)
    clean = _seen(lm, ids, None, prompt.first)
    chances = lm.logits(clean.final).softmax(-1)
    answer = int(lm.finite(chances).argmax())
    corrupted = _seen(lm, ids.expand(len(noise), -1), noise, prompt.first)
    before = _chance(lm, corrupted.final, answer).mean()
    tokens = range(prompt.first, len(prompt.ids))
    effects = {kind: torch.zeros(len(lm.layers), len(tokens), dtype=torch.float64) for kind in KINDS}
    for kind, found in effects.items():
        for layer in range(len(lm.layers)):
            after = _restored(lm, kind, layer, window, tokens, clean, corrupted, answer)
            found[layer] = (after.mean(1) - before).cpu()
    places = tuple(_place(prompt, token) for token in tokens)
    return Traced(float(chances[0, answer]), float(before), effects, places)


def _place(prompt: Spanned, token: int) -> str:
    """Where a token stands; the only token of a subject is its last."""
    if token == prompt.last:
        return "last"
    if token <= prompt.last:
        return "first" if token == prompt.first else "middle"
    if token == len(prompt.ids) - 1:
        return "end"
    return "next" if token == prompt.last + 1 else "further"


def _part(lm: LM, kind: str, layer: int) -> nn.Module:
    """The MLP or the attention of a block.

    Raises:
        ModelError: It is not clear which part is the attention.
    """
    if kind == "mlp":
        return lm.mlp(layer)
    parts = lm.layers[layer].children()
    found = [
        one for one in parts if "attention" in (name := type(one).__name__.lower()) and "norm" not in name
    ]
    if len(found) != 1:
        raise ModelError(f"the attention of {lm.arch.family}'s blocks was not found; trace another model")
    return found[0]


def _seen(lm: LM, ids: Tensor, noise: Tensor | None, at: int) -> _Seen:
    """A whole pass, with noise added to the embeddings from a token on."""
    entering: list[Tensor] = []
    parts: dict[str, list[Tensor]] = {"mlp": [], "attention": []}
    leaving: list[object] = []

    def disturbed(embedded: Tensor) -> Tensor:
        if noise is None:
            return embedded
        embedded = embedded.clone()
        embedded[:, at : at + noise.shape[1]] += noise
        return embedded

    with ExitStack() as stack:
        stack.enter_context(changed_output(lm.model.get_input_embeddings(), disturbed))
        for layer, block in enumerate(lm.layers):
            stack.enter_context(watched_input(block, entering.append))
            for kind, some in parts.items():
                keep = _keeper(some)
                stack.enter_context(watched_output(_part(lm, kind, layer), keep))
        stack.enter_context(watched_output(lm.layers[-1], leaving.append))
        hidden: Tensor = lm.model.base_model(input_ids=ids, use_cache=False).last_hidden_state
    return _Seen([*entering, first(leaving[0])], parts, hidden[:, -1], isinstance(leaving[0], tuple))


def _keeper(some: list[Tensor]) -> Callable[[object], None]:
    return lambda out: some.append(first(out))


def _restored(
    lm: LM, kind: str, layer: int, window: int, tokens: range, clean: _Seen, corrupted: _Seen, answer: int
) -> Tensor:
    """Probability of the answer with something put back at each token, ``(tokens, samples)``."""
    samples, length = corrupted.entering[0].shape[:2]
    every = [(token, sample) for token in tokens for sample in range(samples)]
    size = max(1, room_for(lm, 1) // length)
    found = [
        _chance(lm, _final(lm, kind, layer, window, every[at : at + size], clean, corrupted), answer)
        for at in range(0, len(every), size)
    ]
    return torch.cat(found).view(len(tokens), samples)


def _final(
    lm: LM,
    kind: str,
    layer: int,
    window: int,
    rows: Sequence[tuple[int, int]],
    clean: _Seen,
    corrupted: _Seen,
) -> Tensor:
    """Final hidden state of the last token for rows of a token and a sample each, ``(rows, d)``."""
    depth = len(lm.layers)
    blocks = range(max(0, layer - window // 2), min(depth, layer - window // 2 + window))
    start = layer + 1 if kind == "state" else blocks.start
    token, sample = torch.tensor(rows, device=lm.device).T
    place = torch.arange(len(rows), device=lm.device)
    hidden = corrupted.entering[start][sample]  # (rows, tokens, d)

    def put_back(out: Tensor, good: Tensor) -> Tensor:
        out = out.clone()
        out[place.to(out.device), token.to(out.device)] = good[0, token.to(good.device)].to(out.device)
        return out

    if kind == "state":
        hidden = put_back(hidden, clean.entering[start])
    with ExitStack() as stack:
        stack.enter_context(skipped(lm.layers[:start], as_tuple=clean.as_tuple))
        stack.enter_context(replaced_input(lm.layers[min(start, depth - 1)], hidden))
        if kind != "state":
            for block in blocks:
                good = clean.parts[kind][block]
                stack.enter_context(changed_output(_part(lm, kind, block), _with(put_back, good)))
        final: Tensor = lm.model.base_model(
            inputs_embeds=hidden.to(lm.device), use_cache=False
        ).last_hidden_state
    return final[:, -1]


def _with(put_back: Callable[[Tensor, Tensor], Tensor], good: Tensor) -> Callable[[Tensor], Tensor]:
    return lambda out: put_back(out, good)


def _chance(lm: LM, final: Tensor, answer: int) -> Tensor:
    """Probability of a token, ``(rows,)``."""
    return lm.finite(lm.logits(final).softmax(-1)[:, answer].double())


def means(traced: Traced) -> Iterator[tuple[str, str, int, float]]:
    """Kind, place, block and mean indirect effect over the tokens that stand there."""
    for kind, effects in traced.effects.items():
        for place in PLACES:
            at = [index for index, one in enumerate(traced.places) if one == place]
            if at:
                for layer, value in enumerate(effects[:, at].mean(1).tolist()):
                    yield kind, place, layer, value
