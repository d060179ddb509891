"""Wikipedia through a stand-in for the datasets package: what is asked of it, and how it fails."""

import sys
from collections.abc import Iterator
from itertools import islice
from types import ModuleType
from typing import Any

import pytest

from mlake.errors import DataError, UnknownNameError
from mlake.models.wikipedia import REVISION, articles

ARTICLES = {"en": "Anarchism is", "de": "Köln ist", "fr": "Tours est", "ja": "東京は", "zh": "北京是"}


class Datasets(ModuleType):
    """The part of datasets that is used."""

    def __init__(self) -> None:
        super().__init__("datasets")
        self.asked: list[Any] = []
        self.read = 0
        self.fails_at: int | None = None
        self.error: Exception = ConnectionError("Couldn't reach the Hub.\nSecond line")

    def load_dataset(self, path: str, name: str, **options: Any) -> Iterator[dict[str, str]]:
        self.asked.append((path, name, options))
        if self.fails_at is None and self.read < 0:
            raise self.error
        return self._rows(name.split(".")[1])

    def _rows(self, lang: str) -> Iterator[dict[str, str]]:
        for number in range(50):
            if number == self.fails_at:
                raise self.error
            self.read += 1
            yield {"id": str(number), "title": "t", "text": ARTICLES[lang] + f" {number} " + "x" * 5000}


@pytest.fixture
def datasets(monkeypatch: pytest.MonkeyPatch) -> Datasets:
    fake = Datasets()
    monkeypatch.setitem(sys.modules, "datasets", fake)
    return fake


@pytest.mark.parametrize("lang", sorted(ARTICLES))
def test_starts_of_articles_in_order(datasets: Datasets, lang: str) -> None:
    found = list(islice(articles(lang), 3))
    assert [text[: len(ARTICLES[lang]) + 2] for text in found] == [f"{ARTICLES[lang]} {n}" for n in range(3)]
    assert {len(text) for text in found} == {2000} and datasets.read == 3
    options = {"split": "train", "streaming": True, "revision": REVISION}
    assert datasets.asked == [("wikimedia/wikipedia", f"20231101.{lang}", options)]


def test_all_articles(datasets: Datasets) -> None:
    assert len(list(articles("en"))) == 50


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(DataError) as caught:
        next(articles("en"))
    expected = "the corpus 'wikipedia' needs the datasets package; run: pip install 'mlake[wikipedia]', or "
    assert str(caught.value) == expected + "name another text with --set corpus=file:PATH"


@pytest.mark.parametrize("at", [None, 0, 7])
def test_without_a_network(datasets: Datasets, at: int | None) -> None:
    datasets.fails_at = at
    datasets.read = -1 if at is None else 0
    with pytest.raises(DataError) as caught:
        list(articles("ja"))
    assert str(caught.value) == (
        "cannot read wikimedia/wikipedia 20231101.ja: Couldn't reach the Hub; check the network, "
        "or give text with --set corpus=file:PATH"
    )


def test_an_error_without_text(datasets: Datasets) -> None:
    datasets.fails_at, datasets.error = 0, TimeoutError()
    with pytest.raises(DataError, match=r"20231101\.en: TimeoutError; check the network"):
        next(articles("en"))


def test_unknown_languages(datasets: Datasets) -> None:
    with pytest.raises(UnknownNameError, match="unknown language 'xx'"):
        next(articles("xx"))
    assert datasets.asked == []
