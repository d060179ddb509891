"""Asking and reading models that are not on the CPU gives what the CPU gives."""

from typing import Any

import pytest
import torch
from torch import Tensor

from mlake.editing.prompts import prompted
from mlake.models.deltas import RowDeltas
from mlake.models.generate import answers
from mlake.models.keys import keys_at, outputs_at, prompt_keys
from mlake.models.moments import Corpus, measured_moments
from mlake.models.sampled import sampled_texts
from mlake.models.spans import Encoded
from mlake.records import Statement

from .conftest import Pair
from .pretend import FIRST, SECOND

pytestmark = pytest.mark.slow  # every operation of the pretend device is dispatched in Python

QUESTIONS = ("Where did Carl Sagan work?", "フランスの首都は？", "Wo?", "Wo?")


def close(found: Tensor, expected: Tensor) -> None:
    torch.testing.assert_close(found.cpu(), expected, rtol=1e-9, atol=1e-9)


def asked(lm: Any, statements: tuple[Statement, ...]) -> list[Encoded]:
    found = [prompted(lm, one, kind="question", key="subject", contexts=1) for one in statements]
    return [prompt for one in found for prompt in one.task.prompts]


def factors(seed: int) -> tuple[Tensor, Tensor]:
    random = torch.Generator().manual_seed(seed)
    return tuple(torch.randn(size, 2, generator=random, dtype=torch.float64) for size in (32, 80))  # type: ignore[return-value]


def test_where_the_weights_are(any_pair: Pair) -> None:
    devices = [weight.device for weight in any_pair.there.model.parameters()]
    assert any_pair.there.device == devices[0] == FIRST
    assert set(devices) in ({FIRST}, {FIRST, SECOND})
    places = [any_pair.there.weight(layer).device for layer in range(4)]
    assert places in ([FIRST] * 4, [FIRST, FIRST, SECOND, SECOND])


def test_logits(any_pair: Pair) -> None:
    found = []
    for lm in any_pair:
        ids = torch.tensor([lm.tokenizer(QUESTIONS[0])["input_ids"]], device=lm.device)
        found.append(lm.logits(lm.model.base_model(input_ids=ids).last_hidden_state))
    close(*found)


def test_answers_of_rows_that_end_at_different_times(any_pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    free = answers(any_pair.here, QUESTIONS, max_new_tokens=8)
    assert len({len(one.text) for one in free}) > 1
    ends: set[str] = {any_pair.here.tokenizer.decode([token]) for token in range(0, 400, 3)}
    monkeypatch.setattr(
        "mlake.models.generate._Ends.__call__", lambda self, token: self._decode([token]) in ends
    )
    there, here = (answers(lm, QUESTIONS, max_new_tokens=8) for lm in any_pair)
    assert there == here and any(one.stopped for one in here)


def test_answers_under_many_edits(any_pair: Pair) -> None:
    deltas = RowDeltas(({0: factors(0), 3: factors(1)}, {}, {2: factors(2)}))
    groups = [0, 1, 2, 0]
    there, here = (answers(lm, QUESTIONS, max_new_tokens=6, deltas=deltas, groups=groups) for lm in any_pair)
    assert there == here != answers(any_pair.here, QUESTIONS, max_new_tokens=6)


@pytest.mark.parametrize("layer", [0, 2, 3])
def test_keys_and_outputs(any_pair: Pair, layer: int, statements: tuple[Statement, ...]) -> None:
    there, here = (asked(lm, statements) for lm in any_pair)
    deltas = RowDeltas(({}, {0: factors(0), 2: factors(1)}))
    settings: Any = {"deltas": deltas, "groups": [index % 2 for index in range(len(here))]}
    close(keys_at(any_pair.there, layer, there, **settings), keys_at(any_pair.here, layer, here, **settings))
    close(prompt_keys(any_pair.there, layer, there), prompt_keys(any_pair.here, layer, here))
    for site in ("down", "block"):
        found, expected = (
            outputs_at(lm, layer, prompts, site, **settings)
            for lm, prompts in zip(any_pair, (there, here), strict=True)
        )
        close(found, expected)


def test_moments(any_pair: Pair) -> None:
    found, expected = (
        measured_moments(lm, [0, 3], Corpus.of(lm, "some", ["Some text.", "日本の首都は東京です。", "Wo?"]))
        for lm in any_pair
    )
    for layer in (0, 3):
        assert found[layer].device.type == "cpu"
        close(found[layer], expected[layer])


def test_sampled_text(any_pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mlake.models.sampled._ROWS", 3)
    monkeypatch.setattr("mlake.models.sampled._LENGTH", 5)
    there, here = (sampled_texts(lm, tokens=15, seed=1) for lm in any_pair)
    assert there == here
