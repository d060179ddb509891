"""Keys and outputs in batches against plain hooks on one prompt at a time."""

from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor

from mlake.models import keys
from mlake.models.hooks import first
from mlake.models.keys import keys_at, outputs_at, prompt_keys
from mlake.models.spans import Encoded, encode

PROMPTS = (
    ("Q: Which university educated Carl Sagan? A:", "Carl Sagan", " BBC"),
    ("Paris is", "Paris", ""),
    ("Q: フランスの首都は？", "フランス", "東京"),
    ("Q", "Q", ""),
    ("法国的首都是哪里？", "法国", "北京"),
)


def encoded(lm: Any) -> list[Encoded]:
    return [encode(lm, p, target=t, subject_end=p.index(s) + len(s)) for p, s, t in PROMPTS]


@torch.no_grad()
def by_hand(lm: Any, module: Any, prompt: Encoded, *, fed: bool) -> Tensor:
    """What a module is fed or emits at all tokens of a prompt with its target, ``(tokens, d)``."""
    seen: list[Tensor] = []
    handle = module.register_forward_hook(lambda _, args, out: seen.append(first(args if fed else out)))
    lm.model(input_ids=torch.tensor([prompt.ids]), use_cache=False)
    handle.remove()
    return seen[0][0]


@pytest.mark.parametrize("budget", [1, 40, 8192])
def test_at_key_tokens(tiny_lm: Any, family: str, budget: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "BATCH_TOKENS", budget)
    lm = tiny_lm(family)
    prompts = encoded(lm)
    for layer in (0, 2):
        for read, module, fed, width in (
            (keys_at, lm.down(layer), True, 80),
            (partial(outputs_at, site="down"), lm.down(layer), False, 32),
            (partial(outputs_at, site="block"), lm.layers[layer], False, 32),
        ):
            found = read(lm, layer, prompts)
            expected = torch.stack([by_hand(lm, module, p, fed=fed)[p.lookup] for p in prompts])
            assert found.shape == (5, width) and found.dtype == torch.float64
            rough = 1e-5 if family in ("gemma2", "gpt_neo", "gptj") else 1e-9
            torch.testing.assert_close(found, expected, rtol=rough, atol=rough)


def test_prompt_keys_are_those_of_the_other_tokens(tiny_lm: Any, family: str) -> None:
    lm = tiny_lm(family)
    prompts = encoded(lm)
    edited = {p.ids[: p.lookup + 1] for p in prompts}
    expected: dict[tuple[int, ...], Tensor] = {}
    for p in prompts:
        every = by_hand(lm, lm.down(1), p, fed=True)
        for at in range(len(p.ids) - p.target):
            if p.ids[: at + 1] not in edited:
                expected.setdefault(p.ids[: at + 1], every[at])
    assert sum(context == (0,) for context in expected) == 1  # the BOS token of all five counts once
    found = prompt_keys(lm, 1, prompts)
    assert found.shape == (len(expected), 80)
    wanted = torch.stack(list(expected.values()))
    distance = torch.cdist(wanted, found)
    assert sorted(distance.argmin(1).tolist()) == list(range(len(expected)))
    assert float(distance.min(1).values.max()) < 1e-4


def test_prompt_keys_leave_out_what_is_edited_elsewhere(tiny_lm: Any) -> None:
    """The key token of one prompt is an ordinary token of a longer one that starts the same."""
    lm = tiny_lm()
    short, long = encode(lm, "Q: A", special=False), encode(lm, "Q: A b c d", special=False)
    assert long.ids[: len(short.ids)] == short.ids and len(long.ids) > len(short.ids) + 1
    assert len(prompt_keys(lm, 0, [short, long])) == len(long.ids) - 2


def test_narrow_models_give_float32(tiny_lm: Any) -> None:
    lm = tiny_lm()
    lm.model.to(torch.bfloat16)
    assert keys_at(lm, 0, encoded(lm)).dtype == prompt_keys(lm, 0, encoded(lm)).dtype == torch.float32
