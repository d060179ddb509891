"""Text sampled from a model: its own chances, and the same draws every time."""

import io
from typing import Any

import pytest
import torch

from mlake.models import bars, sampled
from mlake.models.sampled import sampled_texts


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampled, "_ROWS", 3)
    monkeypatch.setattr(sampled, "_LENGTH", 12)


def test_samples_of_every_family(tiny_lm: Any, family: str) -> None:
    lm = tiny_lm(family)
    one = sampled_texts(lm, tokens=60, seed=0)
    assert 4 <= len(one) <= 6 and len(set(one)) > 3
    assert not any("<s>" in text or "</s>" in text or not text.strip() for text in one)
    assert sampled_texts(lm, tokens=60, seed=0) == one
    assert sampled_texts(lm, tokens=60, seed=1) != one


def test_more_tokens_append(tiny_lm: Any) -> None:
    lm = tiny_lm()
    few, more = sampled_texts(lm, tokens=1, seed=0), sampled_texts(lm, tokens=73, seed=0)
    assert more[: len(few)] == few and len(more) > 2 * len(few) > 0


def test_progress_is_shown_while_sampling(tiny_lm: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(bars, "_PATIENCE", 0)
    monkeypatch.setattr("sys.stderr", stream := Terminal())
    sampled_texts(tiny_lm(), tokens=36, seed=0)
    assert "sampling text:   0%" in stream.getvalue() and "/36.0" in stream.getvalue()


def test_each_token_follows_the_ones_before(tiny_lm: Any) -> None:
    """The draws again, from logits without a cache of keys and values."""
    lm = tiny_lm()
    generator = torch.Generator().manual_seed(0)
    ids = torch.zeros(3, 1, dtype=torch.long)
    for _ in range(12):
        ids = torch.cat([ids, sampled._drawn(lm.model(ids).logits[:, -1], generator)], dim=1)
    expected = lm.tokenizer.batch_decode(ids, skip_special_tokens=True)
    assert sampled_texts(lm, tokens=36, seed=0) == [text for text in expected if text.strip()]


def test_draws_follow_the_chances() -> None:
    chance = torch.tensor([0.0, 0.5, 0.3, 0.0, 0.2, 0.0])
    generator = torch.Generator().manual_seed(0)
    drawn = sampled._drawn(chance.log().expand(20_000, 6), generator)
    assert drawn.shape == (20_000, 1)
    seen = torch.bincount(drawn[:, 0], minlength=6) / 20_000
    assert seen[chance == 0].sum() == 0
    torch.testing.assert_close(seen, chance, atol=0.015, rtol=0)
