"""Bars: only on a terminal, only after a while, gone in the end."""

import io

import pytest

from mlake.models import bars
from mlake.models.bars import token_bar


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(monkeypatch: pytest.MonkeyPatch, stream: io.StringIO) -> str:
    monkeypatch.setattr("sys.stderr", stream)
    with token_bar("second moments", 4000, done=1000) as bar:
        bar.update(1000)
        bar.refresh()
    return stream.getvalue()


def test_a_terminal_shows_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bars, "_PATIENCE", 0)
    text = shown(monkeypatch, Terminal())
    assert "second moments:  50%" in text and "2.00k/4.00k" in text and "<" in text
    assert text.rstrip(" ").endswith("\r")  # nothing stays


def test_short_work_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr", stream := Terminal())
    with token_bar("second moments", 4000) as bar:
        for _ in range(4):
            bar.update(1000)
    assert stream.getvalue() == ""


def test_a_file_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bars, "_PATIENCE", 0)
    assert shown(monkeypatch, io.StringIO()) == ""
