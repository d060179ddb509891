"""Second moments that were cut off: the sums that are kept and taken up again."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.models.measured import TEXTS, corpus_of, count_passes, damaged, files
from torch import Tensor

from mlake.models import moments
from mlake.models.moment_files import MomentFile
from mlake.models.moments import key_moments, measured_moments


@pytest.fixture(autouse=True)
def cache(cache: Path) -> Path:
    return cache / "moments"


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
