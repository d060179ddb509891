"""Corpora: what they hold, how much of it, and what they refuse."""

from pathlib import Path
from typing import Any

import pytest

from mlake.errors import DataError, UnknownNameError
from mlake.models import corpora
from mlake.models.corpora import corpus

TEXT = tuple(f"Statement number {n}, 首都 {n}." for n in range(20))


def size(lm: Any, texts: Any) -> int:
    return sum(len(lm.tokenizer(text)["input_ids"]) for text in texts)


def test_statements_are_shuffled_and_cut(tiny_lm: Any) -> None:
    lm = tiny_lm()
    whole = corpus(lm, "statements", tokens=10**6, seed=0, text=TEXT)
    assert whole.name == "statements" and sorted(whole.texts) == sorted(TEXT) and whole.texts != list(TEXT)
    some = corpus(lm, "statements", tokens=100, seed=0, text=TEXT)
    assert some.texts == whole.texts[: len(some.texts)]
    assert size(lm, some.texts[:-1]) < 100 <= size(lm, some.texts)


def test_statements_depend_on_the_seed_and_not_on_order_or_copies(tiny_lm: Any) -> None:
    lm = tiny_lm()
    one = corpus(lm, "statements", tokens=10**6, seed=0, text=TEXT)
    assert corpus(lm, "statements", tokens=10**6, seed=0, text=TEXT[::-1] * 2).sha256 == one.sha256
    assert corpus(lm, "statements", tokens=10**6, seed=1, text=TEXT).sha256 != one.sha256


@pytest.mark.parametrize("text", [(), ("", "  ")])
def test_no_statements(tiny_lm: Any, text: tuple[str, ...]) -> None:
    with pytest.raises(DataError, match="the data set holds no text for key moments; give some with --set"):
        corpus(tiny_lm(), "statements", tokens=10, seed=0, text=text)


def test_file(tiny_lm: Any, tmp_path: Path) -> None:
    path = tmp_path / "text: odd name.txt"
    path.write_text("Köln\n\n東京\r\n北京\n", encoding="utf-8")
    found = corpus(tiny_lm(), f"file:{path}", tokens=10**6, seed=0)
    assert found.texts == ["Köln", "東京", "北京"] and found.name == f"file:{path}"
    assert corpus(tiny_lm(), f"file:{path}", tokens=1, seed=5).texts == ["Köln"]


def test_files_that_cannot_be_read(tiny_lm: Any, tmp_path: Path) -> None:
    lm = tiny_lm()
    with pytest.raises(DataError, match=r"cannot read the corpus .*absent.*; give a UTF-8 text file"):
        corpus(lm, f"file:{tmp_path / 'absent'}", tokens=10, seed=0)
    with pytest.raises(DataError, match="cannot read the corpus"):
        corpus(lm, "file:", tokens=10, seed=0)
    (tmp_path / "latin").write_bytes("Köln".encode("latin-1"))
    with pytest.raises(DataError, match=r"cannot read the corpus .*; give a UTF-8 text file"):
        corpus(lm, f"file:{tmp_path / 'latin'}", tokens=10, seed=0)
    (tmp_path / "empty").write_text("\n \n")
    with pytest.raises(DataError, match="empty holds no text for key moments"):
        corpus(lm, f"file:{tmp_path / 'empty'}", tokens=10, seed=0)


def test_unknown(tiny_lm: Any) -> None:
    with pytest.raises(UnknownNameError, match=r"unknown corpus 'statement'; known: .*mean 'statements'"):
        corpus(tiny_lm(), "statement", tokens=10, seed=0)


def test_sampled_from_the_model(tiny_lm: Any, family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corpora, "_ROWS", 3)
    monkeypatch.setattr(corpora, "_LENGTH", 12)
    lm = tiny_lm(family)
    told: list[int] = []
    one = corpus(lm, "self", tokens=60, seed=0, progress=told.append)
    assert told == [36, 36] and one.name == "self"
    assert 4 <= len(one.texts) <= 6 and len(set(one.texts)) > 3
    assert not any("<s>" in text or "</s>" in text for text in one.texts)
    assert corpus(lm, "self", tokens=60, seed=0).texts == one.texts
    assert corpus(lm, "self", tokens=60, seed=1).texts != one.texts


def test_samples_follow_the_models_chances(tiny_lm: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """First tokens of many samples, against the model's distribution after BOS."""
    import torch

    monkeypatch.setattr(corpora, "_ROWS", 4000)
    monkeypatch.setattr(corpora, "_LENGTH", 1)
    lm = tiny_lm()
    chance = lm.model(torch.tensor([[0]])).logits[0, -1].softmax(-1)
    top = int(chance.argmax())
    text = lm.tokenizer.decode([top])
    same = [i for i in range(len(chance)) if lm.tokenizer.decode([i]) == text]
    texts = corpora._sampled(lm, 4000, 0, lambda _: None)
    expected = 4000 * float(chance[same].sum())
    assert text.strip() and abs(texts.count(text) - expected) < 5 * expected**0.5
