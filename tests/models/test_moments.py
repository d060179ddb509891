"""Second moments against a direct computation: what is packed together and cached."""

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.models.measured import TEXTS, corpus_of, count_passes, damaged, files
from torch import Tensor

from mlake.errors import DataError, ModelError
from mlake.models import moments
from mlake.models.hooks import watched_input
from mlake.models.moments import Corpus, key_moments, measured_moments, stored_moments


@pytest.fixture(autouse=True)
def cache(cache: Path) -> Path:
    return cache / "moments"


@torch.no_grad()
def direct(lm: Any, layer: int, texts: Any) -> Tensor:
    """Mean of kkᵀ, text by text, one token after another."""
    total, count = torch.zeros(80, 80, dtype=torch.float64), 0
    for text in texts:
        seen: list[Tensor] = []
        with watched_input(lm.down(layer), seen.append):
            lm.model(input_ids=torch.tensor([lm.tokenizer(text)["input_ids"]]))
        for key in seen[0][0]:
            total += torch.outer(key, key)
            count += 1
    return total / count


def test_direct(tiny_lm: Any, family: str) -> None:
    lm = tiny_lm(family)
    found = key_moments(lm, (0, 2), corpus_of(lm))
    assert list(found) == [0, 2]
    rough = 1e-5 if family in ("gemma2", "gpt_neo", "gptj") else 1e-9
    for layer, moment in found.items():
        assert moment.dtype == torch.float64
        torch.testing.assert_close(moment, direct(lm, layer, TEXTS), rtol=rough, atol=rough)


def test_nothing_above_the_highest_layer_runs(tiny_lm: Any) -> None:
    lm = tiny_lm()
    above: list[int] = []
    lm.layers[2].register_forward_pre_hook(lambda *_: above.append(1))
    key_moments(lm, (0, 1), corpus_of(lm))
    assert above == []


@pytest.mark.parametrize(("budget", "even"), [(30, 0.0), (10**6, 0.0), (10**6, 0.9), (1, 0.5)])
def test_any_packing(tiny_lm: Any, monkeypatch: pytest.MonkeyPatch, budget: int, even: float) -> None:
    monkeypatch.setattr(moments, "BATCH_TOKENS", budget)
    monkeypatch.setattr(moments, "_EVEN", even)
    lm = tiny_lm()
    texts = TEXTS * 3
    torch.testing.assert_close(key_moments(lm, (1,), corpus_of(lm, texts))[1], direct(lm, 1, TEXTS))


def test_batches_hold_little_padding_and_the_longest_comes_first(tiny_lm: Any) -> None:
    lm = tiny_lm()
    corpus = corpus_of(lm, ["x " * n for n in range(1, 60)])
    shapes: list[torch.Size] = []
    lm.layers[0].register_forward_pre_hook(
        lambda _, args, kwargs: shapes.append((args[0] if args else kwargs["hidden_states"]).shape[:2]),
        with_kwargs=True,
    )
    measured_moments(lm, (0,), corpus)
    lengths = [shape[1] for shape in shapes]
    assert lengths == sorted(lengths, reverse=True) and lengths[0] == max(map(len, corpus.rows))
    padded = sum(shape.numel() for shape in shapes)
    assert corpus.tokens <= padded < 1.25 * corpus.tokens


def test_long_texts_are_cut_to_windows(tiny_lm: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moments, "_WINDOW", 5)
    lm = tiny_lm()
    corpus = corpus_of(lm, ["a b c d e f g h"])
    (row,) = corpus.rows
    seen: list[Tensor] = []
    with watched_input(lm.down(1), seen.append):
        for start in range(0, len(row), 5):
            lm.model(input_ids=torch.tensor([row[start : start + 5]]))
    keys = torch.cat([keys[0] for keys in seen])
    assert len(seen) > 1 and len(keys) == corpus.tokens
    torch.testing.assert_close(key_moments(lm, (1,), corpus)[1], keys.T @ keys / len(keys))


@pytest.mark.parametrize("kind", [torch.float32, torch.bfloat16])
def test_narrow_models(tiny_lm: Any, kind: torch.dtype) -> None:
    lm = tiny_lm()
    expected = direct(lm, 1, TEXTS)
    lm.model.to(kind)
    found = key_moments(lm, (1,), corpus_of(lm))[1]
    assert found.dtype == torch.float32
    rough = 1e-5 if kind == torch.float32 else 0.1
    assert float((found - expected).norm() / expected.norm()) < rough


def test_sums_lose_nothing_over_many_batches() -> None:
    """A thousand float32 products, as exact as one; float32 sums would be 1e-6 off."""
    product = torch.full((2, 2), 0.1)
    total = moments._Sum()
    for _ in range(1000):
        total.add(product)
    assert total.batches == 1000 and total.total is not None
    torch.testing.assert_close(total.total, product.double() * 1000, rtol=1e-14, atol=0)


def test_an_empty_corpus(tiny_lm: Any) -> None:
    lm = tiny_lm()
    with pytest.raises(DataError, match="a corpus without tokens has no second moment; give some text"):
        measured_moments(lm, (0,), Corpus("empty", ["", ""], [[], []]))


def test_cached(tiny_lm: Any, cache: Path) -> None:
    lm = tiny_lm()
    calls = count_passes(lm)
    computed = key_moments(lm, (0, 1, 2), corpus_of(lm))
    assert calls and files(cache) == [".safetensors"] * 3
    calls.clear()
    again = key_moments(lm, (2, 0), corpus_of(lm)._replace(name="file:other-name"))
    assert calls == [] and list(again) == [2, 0]
    assert all(torch.equal(again[layer], computed[layer]) for layer in (0, 2))


def test_what_was_stored_is_the_unedited_models(tiny_lm: Any, cache: Path) -> None:
    lm = tiny_lm("llama")
    text = corpus_of(lm)
    clean = key_moments(lm, [1, 2], text)
    with torch.no_grad():
        lm.matrix(0).mul_(2)  # what lies above layer 0 changes
    assert stored_moments(lm, [0, 1], text) is None
    found = stored_moments(lm, [2, 1], text)
    assert found is not None and all(torch.equal(found[layer], clean[layer]) for layer in (1, 2))
    assert not torch.equal(found[2], measured_moments(lm, [2], text)[2])
    assert files(cache) == [".safetensors"] * 2


def test_only_what_is_not_cached_is_measured(tiny_lm: Any, cache: Path) -> None:
    lm = tiny_lm()
    alone = {layer: measured_moments(lm, (layer,), corpus_of(lm))[layer] for layer in (0, 1, 2)}
    assert files(cache) == []
    key_moments(lm, (1,), corpus_of(lm))
    seen: list[int] = []
    lm.down(1).register_forward_pre_hook(lambda *_: seen.append(1))
    lm.layers[2].register_forward_pre_hook(lambda *_: seen.append(2))
    found = key_moments(lm, (0, 1), corpus_of(lm))
    assert seen == [] and list(found) == [0, 1]
    found |= key_moments(lm, (2,), corpus_of(lm))
    assert all(torch.equal(found[layer], alone[layer]) for layer in (0, 1, 2))


@pytest.mark.parametrize("damage", ["empty", "other", "cut", "flipped"])
def test_a_damaged_cache_is_computed_again(tiny_lm: Any, cache: Path, damage: str) -> None:
    lm = tiny_lm()
    computed = key_moments(lm, (1,), corpus_of(lm))[1]
    (path,) = cache.iterdir()
    good = path.read_bytes()
    path.write_bytes(damaged(good, damage))
    calls = count_passes(lm)
    assert torch.equal(key_moments(lm, (1,), corpus_of(lm))[1], computed)
    assert calls and path.read_bytes() == good and files(cache) == [".safetensors"]


def test_a_cache_that_cannot_be_written(
    tiny_lm: Any, cache: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    lm = tiny_lm()
    cache.parent.mkdir()
    cache.write_text("a file where a folder belongs")
    monkeypatch.setattr(moments, "_EVERY", 0.0)
    with caplog.at_level(logging.WARNING):
        found = key_moments(lm, (1,), corpus_of(lm))[1]
    torch.testing.assert_close(found, direct(lm, 1, TEXTS))
    assert "cannot write to the cache" in caplog.text


def test_what_matters_makes_another_cache(tiny_lm: Any, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lm = tiny_lm()
    narrow = tiny_lm()
    narrow.model.to(torch.float32)
    for number, (model, layer, texts) in enumerate(
        [
            (lm, 1, TEXTS),
            (lm, 0, TEXTS),
            (lm, 1, TEXTS[:-1]),
            (lm, 1, TEXTS[::-1]),
            (replace(lm, revision="1" * 40), 1, TEXTS),
            (replace(lm, name="other"), 1, TEXTS),
            (narrow, 1, TEXTS),
        ],
        start=1,
    ):
        key_moments(model, (layer,), corpus_of(lm, texts))
        assert len(files(cache)) == number
    elsewhere = property(lambda lm: torch.device("cuda"))
    monkeypatch.setattr(type(lm), "device", elsewhere)
    with pytest.raises((AssertionError, RuntimeError)):  # not found in the cache: tries to compute there
        key_moments(lm, (1,), corpus_of(lm))


def test_moments_that_are_not_finite_are_not_kept(tiny_lm: Any, cache: Path) -> None:
    lm = tiny_lm()
    with torch.no_grad():
        lm.matrix(0)[0, 0] = float("inf")
    with pytest.raises(ModelError, match="computes NaN or infinity"):
        key_moments(lm, (1,), corpus_of(lm))
    assert not files(cache)


def test_hash_of_a_corpus(tiny_lm: Any) -> None:
    lm = tiny_lm()
    assert Corpus.of(lm, "a", ("x", "y")).sha256 == Corpus.of(lm, "b", ["x", "y"]).sha256
    every = [Corpus.of(lm, "a", t) for t in (("x", "y"), ("xy",), ("y", "x"), ("x", "", "y"))]
    assert len({one.sha256 for one in every}) == 4
    assert [one.tokens for one in every] == [4, len(lm.tokenizer("xy")["input_ids"]), 4, 5]
