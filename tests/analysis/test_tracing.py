"""Causal tracing, against the obvious way: a whole pass for each block, token and sample of noise."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import torch
from torch import Tensor

from mlake.analysis.tracing import (
    KINDS,
    PLACES,
    Traced,
    embedding_spread,
    means,
    noise_for,
    trace,
    window_of,
)
from mlake.models.spans import Spanned, spanned

TEXT = "Q: Where was George Hackenschmidt born? A:"
SUBJECT = "George Hackenschmidt"


def prompt_of(lm: Any, text: str = TEXT, subject: str = SUBJECT) -> Spanned:
    start = text.index(subject)
    return spanned(lm, text, start, start + len(subject))


class Obvious:
    """Whole passes of the model, with hooks of its own."""

    def __init__(self, lm: Any, prompt: Spanned, noise: Tensor):
        self.lm, self.prompt, self.noise = lm, prompt, noise
        self.clean: dict[Any, Tensor] = {}
        chances = self.run(None, self.watching())
        self.answer = int(chances.argmax())
        self.chance = float(chances[self.answer])

    def module(self, kind: str, layer: int) -> Any:
        block = self.lm.layers[layer]
        if kind == "state":
            return block
        if kind == "mlp":
            return self.lm.mlp(layer)
        return next(one for name, one in block.named_children() if name in ("self_attn", "attn", "attention"))

    def watching(self) -> Iterator[tuple[Any, Callable[[Tensor], None]]]:
        for kind in KINDS:
            for layer in range(len(self.lm.layers)):
                yield self.module(kind, layer), self.kept(kind, layer)

    def kept(self, kind: str, layer: int) -> Callable[[Tensor], None]:
        def keep(out: Tensor) -> None:
            self.clean[kind, layer] = out.clone()

        return keep

    def put(self, kind: str, layer: int, token: int) -> tuple[Any, Callable[[Tensor], None]]:
        def change(out: Tensor) -> None:
            out[0, token] = self.clean[kind, layer][0, token]

        return self.module(kind, layer), change

    @torch.no_grad()
    def run(self, sample: int | None, hooks: Any) -> Tensor:
        def disturb(_: Any, __: Any, out: Tensor) -> Tensor:
            out = out.clone()
            if sample is not None:
                out[0, self.prompt.first : self.prompt.last + 1] += self.noise[sample]
            return out

        def call(do: Callable[[Tensor], None]) -> Any:
            return lambda _, __, out: do(out[0] if isinstance(out, tuple) else out)

        with ExitStack() as stack:
            embeddings = self.lm.model.get_input_embeddings()
            stack.callback(embeddings.register_forward_hook(disturb).remove)
            for module, do in hooks:
                stack.callback(module.register_forward_hook(call(do)).remove)
            logits = self.lm.model(input_ids=torch.tensor([self.prompt.ids]), use_cache=False).logits
        return logits[0, -1].double().softmax(-1)  # type: ignore[no-any-return]

    def effect(self, kind: str, blocks: range, token: int) -> float:
        hooks = [self.put(kind, layer, token) for layer in blocks]
        found = [float(self.run(sample, hooks)[self.answer]) for sample in range(len(self.noise))]
        return sum(found) / len(found) - self.corrupted()

    def corrupted(self) -> float:
        found = [float(self.run(sample, ())[self.answer]) for sample in range(len(self.noise))]
        return sum(found) / len(found)


def made(lm: Any, samples: int = 2) -> tuple[Spanned, Tensor]:
    prompt = prompt_of(lm)
    spread = 3 * embedding_spread(lm, [prompt])
    return prompt, noise_for(lm, prompt, spread=spread, samples=samples, seed=1)


def test_all_at_once_is_one_by_one(tiny_lm: Any, family: str) -> None:
    lm = tiny_lm(family, layers=4)
    prompt, noise = made(lm)
    found = trace(lm, prompt, noise, 3)
    obvious = Obvious(lm, prompt, noise)
    assert found.clean == pytest.approx(obvious.chance, rel=1e-6)
    assert found.corrupted == pytest.approx(obvious.corrupted(), rel=1e-6)
    for kind, effects in found.effects.items():
        assert effects.shape == (4, len(prompt.ids) - prompt.first) and bool(effects.abs().max() > 1e-6)
        for layer in range(4):
            blocks = (
                range(layer, layer + 1) if kind == "state" else range(max(0, layer - 1), min(4, layer + 2))
            )
            for place, token in ((0, prompt.first), (3, prompt.first + 3), (-1, len(prompt.ids) - 1)):
                expected = obvious.effect(kind, blocks, token)
                assert float(effects[layer, place]) == pytest.approx(expected, rel=1e-5, abs=1e-9)


def test_without_noise_nothing_has_an_effect_and_the_last_state_restores_all(tiny_lm: Any) -> None:
    lm = tiny_lm("llama", layers=4)
    prompt, noise = made(lm)
    still = trace(lm, prompt, 0 * noise, 2)
    assert still.clean == pytest.approx(still.corrupted, abs=1e-12)
    assert all(bool(one.abs().max() < 1e-12) for one in still.effects.values())
    found = trace(lm, prompt, noise, 2)
    whole = found.clean - found.corrupted
    assert float(found.effects["state"][-1, -1]) == pytest.approx(whole, abs=1e-12)
    assert bool(found.effects["state"][-1, :-1].abs().max() < 1e-12), "no block is left to carry it on"


def test_nothing_stays_on_the_model(tiny_lm: Any) -> None:
    lm = tiny_lm("llama", layers=4)
    prompt, noise = made(lm)
    before = [(len(one._forward_hooks), len(one._forward_pre_hooks)) for one in lm.model.modules()]
    trace(lm, prompt, noise, 2)
    assert before == [(len(one._forward_hooks), len(one._forward_pre_hooks)) for one in lm.model.modules()]
    assert not any("forward" in one.__dict__ for one in lm.model.modules())


def test_tokens_are_named_by_where_they_stand(tiny_lm: Any) -> None:
    lm = tiny_lm("llama", layers=4)
    prompt, noise = made(lm)
    found = trace(lm, prompt, noise, 2)
    size = prompt.last - prompt.first + 1
    assert size > 2 and found.places[:size] == ("first", *["middle"] * (size - 2), "last")
    assert found.places[size] == "next" and found.places[-1] == "end" and set(found.places) == set(PLACES)
    text = lm.tokenizer.decode(prompt.ids[prompt.first : prompt.last + 1])
    assert text.strip() == SUBJECT
    one = Traced(0.5, 0.1, {"state": torch.arange(6.0).view(2, 3)}, ("last", "further", "further"))
    assert list(means(one)) == [
        ("state", "last", 0, 0.0), ("state", "last", 1, 3.0),
        ("state", "further", 0, 1.5), ("state", "further", 1, 4.5),
    ]  # fmt: skip


def test_a_name_in_another_script_is_found_whole(tiny_lm: Any) -> None:
    lm = tiny_lm("llama")
    prompt = prompt_of(lm, "Q: 日本の首都は東京ですか？ A:", "日本")
    assert lm.tokenizer.decode(prompt.ids[prompt.first : prompt.last + 1]).strip().startswith("日本")
    assert prompt.first > 0


def test_noise_is_drawn_by_seed_in_units_of_the_embeddings(tiny_lm: Any) -> None:
    lm = tiny_lm("llama")
    prompt = prompt_of(lm)
    spread = embedding_spread(lm, [prompt])
    ids = list(prompt.ids[prompt.first : prompt.last + 1])
    assert spread == pytest.approx(float(lm.model.get_input_embeddings().weight[ids].std()), rel=1e-5)
    first, again, other = (
        noise_for(lm, prompt, spread=3 * spread, samples=50, seed=seed) for seed in (1, 1, 2)
    )
    assert torch.equal(first, again) and not torch.equal(first, other)
    assert float(first.std()) == pytest.approx(3 * spread, rel=0.05)


def test_a_window_grows_with_the_depth(tiny_lm: Any) -> None:
    assert window_of(tiny_lm("llama", layers=3)) == 1 and window_of(tiny_lm("llama", layers=24)) == 5
