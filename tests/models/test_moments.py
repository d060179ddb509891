"""Second moments against a direct computation, and their cache."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from mlake.models import moments
from mlake.models.hooks import watched_input
from mlake.models.moments import Corpus, key_moments

TEXTS = ("The capital of France is Paris.", "A", "フランスの首都はどこですか？", "法国的首都是巴黎。", "Köln")
CORPUS = Corpus("statements", TEXTS)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MLAKE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "moments"


@torch.no_grad()
def direct(lm: Any, layer: int, texts: Any) -> Tensor:
    """Mean of kkᵀ, one token after another."""
    total, count = torch.zeros(80, 80, dtype=torch.float64), 0
    for text in texts:
        seen: list[Tensor] = []
        with watched_input(lm.down(layer), seen.append):
            lm.model(input_ids=torch.tensor([lm.tokenizer(text)["input_ids"]]))
        for key in seen[0][0]:
            total += torch.outer(key, key)
            count += 1
    return total / count


def files(cache: Path) -> list[Path]:
    return sorted(cache.iterdir())


def count_passes(lm: Any) -> list[int]:
    calls: list[int] = []
    lm.layers[0].register_forward_pre_hook(lambda *_: calls.append(1))
    return calls


def test_direct(tiny_lm: Any, family: str) -> None:
    lm = tiny_lm(family)
    told: list[int] = []
    found = key_moments(lm, (0, 2), CORPUS, progress=told.append)
    assert list(found) == [0, 2] and sum(told) == len(TEXTS)
    rough = 1e-5 if family in ("gemma2", "gpt_neo", "gptj") else 1e-9
    for layer, moment in found.items():
        assert moment.dtype == torch.float64
        torch.testing.assert_close(moment, direct(lm, layer, TEXTS), rtol=rough, atol=rough)


def test_nothing_above_the_highest_layer_runs(tiny_lm: Any) -> None:
    lm = tiny_lm()
    above: list[int] = []
    lm.layers[2].register_forward_pre_hook(lambda *_: above.append(1))
    key_moments(lm, (0, 1), CORPUS)
    assert above == []


def test_many_batches(tiny_lm: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moments, "_BATCH", 2)
    lm = tiny_lm()
    torch.testing.assert_close(key_moments(lm, (1,), CORPUS)[1], direct(lm, 1, TEXTS))


def test_long_texts_are_cut_to_windows(tiny_lm: Any) -> None:
    lm = tiny_lm()
    ids = lm.tokenizer("a b c d e f g h")["input_ids"]
    windows = moments._windows(lm, "a b c d e f g h", length=5)
    assert [len(window) for window in windows[:-1]] == [5] * (len(windows) - 1)
    assert [i for window in windows for i in window] == ids


@pytest.mark.parametrize("kind", [torch.float32, torch.bfloat16])
def test_narrow_models(tiny_lm: Any, kind: torch.dtype) -> None:
    lm = tiny_lm()
    expected = direct(lm, 1, TEXTS)
    lm.model.to(kind)
    found = key_moments(lm, (1,), CORPUS)[1]
    assert found.dtype == torch.float32
    rough = 1e-4 if kind == torch.float32 else 0.1
    assert float((found - expected).norm() / expected.norm()) < rough


def test_cached(tiny_lm: Any, cache: Path) -> None:
    lm = tiny_lm()
    calls = count_passes(lm)
    computed = key_moments(lm, (0, 2), CORPUS)
    assert calls and len(files(cache)) == 1
    calls.clear()
    again = key_moments(lm, (2, 0), Corpus("file:other-name", list(TEXTS)))
    assert calls == [] and list(again) == [2, 0]
    assert all(torch.equal(again[layer], computed[layer]) for layer in (0, 2))


@pytest.mark.parametrize("damage", [b"", b"not safetensors", None])
def test_a_damaged_cache_is_computed_again(tiny_lm: Any, cache: Path, damage: bytes | None) -> None:
    lm = tiny_lm()
    computed = key_moments(lm, (1,), CORPUS)[1]
    (path,) = files(cache)
    good = path.read_bytes()
    path.write_bytes(good[:-9] if damage is None else damage)
    calls = count_passes(lm)
    assert torch.equal(key_moments(lm, (1,), CORPUS)[1], computed)
    assert calls and path.read_bytes() == good and files(cache) == [path]


def test_what_matters_makes_another_cache(tiny_lm: Any, cache: Path) -> None:
    lm = tiny_lm()
    narrow = tiny_lm()
    narrow.model.to(torch.float32)
    for number, (model, layers, texts) in enumerate(
        [
            (lm, (1,), TEXTS),
            (lm, (0, 1), TEXTS),
            (lm, (1,), TEXTS[:-1]),
            (lm, (1,), TEXTS[::-1]),
            (replace(lm, revision="1" * 40), (1,), TEXTS),
            (replace(lm, name="other"), (1,), TEXTS),
            (narrow, (1,), TEXTS),
        ],
        start=1,
    ):
        key_moments(model, layers, Corpus("c", texts))
        assert len(files(cache)) == number


def test_hash_of_a_corpus() -> None:
    assert Corpus("a", ("x", "y")).sha256 == Corpus("b", ["x", "y"]).sha256
    assert len({Corpus("a", t).sha256 for t in (("x", "y"), ("xy",), ("y", "x"), ("x", "", "y"))}) == 4
