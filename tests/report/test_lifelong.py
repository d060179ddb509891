"""Sequences of edits side by side: what is left of the first one, counted by hand."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.report.test_sequences import stored

from mlake.errors import RunError
from mlake.evaluation.units import Question, Unit
from mlake.report.figures import lifelong_figure
from mlake.report.findings.lifelong import lifelong_table, lifelongs
from mlake.report.rundata import RunData
from mlake.report.view import Given
from mlake.report.views import VIEWS


def _lasts_two_steps(unit: Unit, question: Question) -> bool:
    """In English a fact is right in its own language while fewer than two edits came on top of it."""
    lang, batch, test, step = unit.place
    return lang == test == "en" and step is not None and step - batch < 2


def _never(unit: Unit, question: Question) -> bool:
    return False


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., RunData]:
    def made(name: str, right: Callable[[Unit, Question], bool], sequence: str | None = "batches") -> RunData:
        return stored(tmp_path / name, sequence, right)

    return made


def test_each_language_has_a_sequence_of_its_own(run: Callable[..., RunData]) -> None:
    english, german = lifelongs([run("a", _lasts_two_steps)])
    assert (english.edit, german.edit) == (("en",), ("de",))
    assert [share.value for share in english.first] == [1, 1, 0]
    assert (english.own.value, english.own.n) == (1, 6)
    assert (english.every.value, english.every.n) == (pytest.approx(4 / 6), 6)
    assert [share.value for share in german.first] == [0, 0, 0] and german.own.value == 0
    assert english.kept.value is None, "nothing was asked about other facts"


def test_languages_after_languages_are_one_sequence(run: Callable[..., RunData]) -> None:
    def right(unit: Unit, question: Question) -> bool:
        lang, batch, test, step = unit.place
        return test == lang or (batch == 0 and step == 1)

    (one,) = lifelongs([run("a", right, "languages")])
    assert one.edit == ("en", "de") and one.own.value == 1
    assert [share.value for share in one.first] == [1, pytest.approx(1 / 3)], "asked in English both times"


def test_the_table_has_a_row_for_each_and_leaves_out_runs_without_a_sequence(
    run: Callable[..., RunData],
) -> None:
    table = lifelong_table([run("plain", _lasts_two_steps, None), run("a", _lasts_two_steps)])
    assert [row[2:5] for row in table.rows] == [("en", 3, 6), ("de", 3, 6)]
    first = dict(zip(table.columns, table.rows[0], strict=True))
    assert first["own, %"] == 100 and first["first at once, %"] == 100 and first["first at the end, %"] == 0
    assert first["all at the end, %"] == pytest.approx(200 / 3) and first["other facts kept, %"] is None


def test_the_figure_has_what_lasts_longest_on_top(run: Callable[..., RunData]) -> None:
    picture = lifelong_figure([run("never", _never), run("a", _lasts_two_steps)])
    axes, _ = picture.draw().axes
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert len(names) == 4 and names[0].endswith(", en"), "of the run that lasts, in English"
    texts = [text.get_text() for text in axes.texts]
    assert texts[:5] == ["100", "100", "0.0", "66.7", "–"] and set(texts[5:]) == {"0.0", "–"}
    assert picture.rendered("svg").startswith(b"<?xml")


def test_without_a_sequence_there_is_nothing_to_show(run: Callable[..., RunData]) -> None:
    plain = run("plain", _lasts_two_steps, None)
    with pytest.raises(RunError, match="lifelong needs edits that come on top of each other"):
        lifelong_figure([plain])
    assert isinstance(VIEWS["lifelong"].tried(Given([plain])), RunError)
    assert not isinstance(VIEWS["lifelong"].tried(Given([run("a", _never)])), RunError)
