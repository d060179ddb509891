"""Second moments against a direct computation: what is packed together, cached and taken up again."""

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from mlake.errors import DataError, ModelError
from mlake.models import moments
from mlake.models.hooks import watched_input
from mlake.models.moment_files import MomentFile
from mlake.models.moments import Corpus, key_moments, measured_moments, stored_moments

TEXTS = ("The capital of France is Paris.", "A", "フランスの首都はどこですか？", "法国的首都是巴黎。", "Köln")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MLAKE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "moments"


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


def corpus_of(lm: Any, texts: Any = TEXTS) -> Corpus:
    return Corpus.of(lm, "statements", texts)


def files(cache: Path) -> list[str]:
    return sorted(path.suffix for path in cache.iterdir()) if cache.is_dir() else []


def count_passes(lm: Any) -> list[int]:
    calls: list[int] = []
    lm.layers[0].register_forward_pre_hook(lambda *_: calls.append(1))
    return calls


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


def damaged(good: bytes, damage: str) -> bytes:
    flipped = good[:-9] + bytes([good[-9] ^ 1]) + good[-8:]
    return {"empty": b"", "other": b"not safetensors", "cut": good[:-9], "flipped": flipped}[damage]


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


class Cut(BaseException):
    """What ends a process here."""


@pytest.fixture
def cut(monkeypatch: pytest.MonkeyPatch) -> Callable[[int | None], None]:
    """``cut(n)``: small batches, sums kept after each, and an end before the batch after the first n."""
    products = moments._products
    left: list[int | None] = [None]

    def limited(*args: Any) -> Any:
        if left[0] is not None:
            if left[0] == 0:
                raise Cut
            left[0] -= 1
        return products(*args)

    monkeypatch.setattr(moments, "BATCH_TOKENS", 20)
    monkeypatch.setattr(moments, "_EVERY", 0.0)
    monkeypatch.setattr(moments, "_SHARE", 0)
    monkeypatch.setattr(moments, "_products", limited)
    return lambda count: left.__setitem__(0, count)


def test_a_pass_that_was_cut_off_goes_on(tiny_lm: Any, cache: Path, cut: Any) -> None:
    lm = tiny_lm()
    lm.model.to(torch.float32)
    whole = measured_moments(lm, (0, 2), corpus_of(lm, TEXTS * 4))
    calls = count_passes(lm)
    measured_moments(lm, (0, 2), corpus_of(lm, TEXTS * 4))
    batches = len(calls)
    assert batches > 6
    for stop in (2, 0, 3):
        cut(stop)
        with pytest.raises(Cut):
            key_moments(lm, (0, 2), corpus_of(lm, TEXTS * 4))
        assert files(cache) == [".partial"] * 2
    cut(None)
    calls.clear()
    found = key_moments(lm, (0, 2), corpus_of(lm, TEXTS * 4))
    assert len(calls) == batches - 5
    assert all(torch.equal(found[layer], whole[layer]) for layer in (0, 2))
    assert files(cache) == [".safetensors"] * 2


def test_a_cut_pass_serves_other_layers_too(tiny_lm: Any, cache: Path, cut: Any) -> None:
    lm = tiny_lm()
    corpus = corpus_of(lm, TEXTS * 4)
    whole = measured_moments(lm, (0, 1, 2), corpus)
    cut(3)
    with pytest.raises(Cut):
        key_moments(lm, (0, 1), corpus)
    cut(2)
    with pytest.raises(Cut):
        key_moments(lm, (1, 2), corpus)
    cut(None)
    found = key_moments(lm, (0, 1, 2), corpus)
    assert all(torch.equal(found[layer], whole[layer]) for layer in (0, 1, 2))
    assert files(cache) == [".safetensors"] * 3


@pytest.mark.parametrize("damage", ["empty", "other", "cut", "flipped"])
def test_damaged_sums_start_over(tiny_lm: Any, cache: Path, cut: Any, damage: str) -> None:
    lm = tiny_lm()
    corpus = corpus_of(lm, TEXTS * 4)
    whole = measured_moments(lm, (0, 1), corpus)
    cut(3)
    with pytest.raises(Cut):
        key_moments(lm, (0, 1), corpus)
    path = sorted(cache.iterdir())[0]
    path.write_bytes(damaged(path.read_bytes(), damage))
    cut(None)
    found = key_moments(lm, (0, 1), corpus)
    assert all(torch.equal(found[layer], whole[layer]) for layer in (0, 1))
    assert files(cache) == [".safetensors"] * 2


def test_two_at_once(tiny_lm: Any, cache: Path, cut: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second process does the same work from start to end in the middle of the first one's."""
    lm = tiny_lm()
    corpus = corpus_of(lm, TEXTS * 4)
    whole = measured_moments(lm, (0, 1), corpus)
    products, found = moments._products, []

    def meanwhile(*args: Any) -> Any:
        if sum(path.suffix == ".partial" for path in (cache.iterdir() if cache.is_dir() else ())) == 2:
            monkeypatch.setattr(moments, "_products", products)
            found.append(key_moments(lm, (0, 1), corpus))
        return products(*args)

    monkeypatch.setattr(moments, "_products", meanwhile)
    found.append(key_moments(lm, (0, 1), corpus))
    assert len(found) == 2
    assert all(torch.equal(one[layer], whole[layer]) for one in found for layer in (0, 1))
    assert files(cache) == [".safetensors"] * 2


def test_short_work_keeps_no_sums(tiny_lm: Any, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moments, "BATCH_TOKENS", 20)
    monkeypatch.setattr(MomentFile, "write_sum", lambda *_, **__: pytest.fail("sums were kept"))
    lm = tiny_lm()
    key_moments(lm, (0,), corpus_of(lm))
    assert files(cache) == [".safetensors"]


def test_keeping_sums_takes_a_small_share_of_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now, kept = [0.0], []
    monkeypatch.setattr(moments, "monotonic", lambda: now[0])

    class Slow:
        def write_sum(self, total: Tensor, *, batches: int) -> None:
            now[0] += 10.0
            kept.append(now[0])

    keeping = moments._Keeping({0: Slow()})  # type: ignore[dict-item]
    while now[0] < 500:
        keeping({0: moments._Sum(1, torch.zeros(1))})
        now[0] += 1.0
    assert kept == [70.0, 280.0, 490.0]


def test_what_a_killed_writer_left_is_removed(tiny_lm: Any, cache: Path, cut: Any) -> None:
    lm = tiny_lm()
    cut(2)
    with pytest.raises(Cut):
        key_moments(lm, (0,), corpus_of(lm, TEXTS * 4))
    (path,) = cache.iterdir()
    torn = cache / f".tmp-{path.name}.a1b2c3"
    torn.write_bytes(b"half")
    cut(None)
    key_moments(lm, (0,), corpus_of(lm, TEXTS * 4))
    assert files(cache) == [".safetensors"] and not torn.exists()


def test_the_bar_counts_every_token_once(tiny_lm: Any, cut: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Any] = []

    class Bar:
        def __init__(self, doing: str, total: int, *, done: int):
            told.append([total, done])

        def __enter__(self) -> "Bar":
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def update(self, tokens: int) -> None:
            told[-1][1] += tokens

    monkeypatch.setattr(moments, "token_bar", Bar)
    lm = tiny_lm()
    corpus = corpus_of(lm, TEXTS * 4)
    cut(3)
    with pytest.raises(Cut):
        key_moments(lm, (0,), corpus)
    cut(None)
    key_moments(lm, (0,), corpus)
    (total, cut_at), (again, end) = told
    assert total == again == end == corpus.tokens and 0 < cut_at < end
