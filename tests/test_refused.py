"""Refusals: what a reader took for one is taken for one, as often as docs/fluency.md says."""

from collections import Counter

import pytest
from benchmarks.refused import PAGE, found, judged, page, table
from benchmarks.results import DOCS

from mlake.languages import LANGUAGES, Language
from mlake.records import Answer, Asked, Kind, Probe
from mlake.scorers.table import SCORERS

SEEN = [one for one in judged("phrases") if one["part"] == "seen"]


def value(
    scorer: str, text: str, lang: str = "en", *, stopped: bool = True, kind: Kind = "direct"
) -> float | None:
    probe = Probe("p", "f", kind, lang, "Where is Rome?", ("France",), ("Italy",))
    return SCORERS[scorer].score(Asked(None, None, kind, probe, Answer(text, stopped), None))


def test_docs_say_what_the_command_makes() -> None:
    assert (DOCS / PAGE).read_text(encoding="utf-8") == page(), "python -m benchmarks.refused"
    assert table().rows[0][1] == 100


def test_phrases_at_hand_are_told_apart() -> None:
    assert [one["text"] for one in SEEN if found(one) != one["refused"]] == []


def test_the_judged_answers_are_twenty_a_language_and_the_phrases_have_both_kinds() -> None:
    answers, phrases = judged("answers"), judged("phrases")
    assert set(Counter(one["lang"] for one in answers).values()) == {20}
    unseen = [one for one in phrases if one["part"] == "unseen"]
    assert Counter((one["lang"], one["refused"]) for one in unseen) == {
        (lang, refused): 8 if refused else 4
        for lang in ("en", "de", "fr", "ja", "zh")
        for refused in (True, False)
    }
    assert not {one["text"] for one in unseen} & {one["text"] for one in SEEN}


@pytest.mark.parametrize(
    ("text", "lang", "refused"),
    [
        ("I don’t know.", "en", 1),
        ("  SORRY, BUT I CAN'T HELP.", "en", 1),
        ("J. Christopher Stevens is not known.", "en", 1),
        ("Paris. I don't know more.", "en", 0),
        ("He was born in Rome.\nI don't know where.", "en", 0),
        ("", "en", 0),
        ("As an AI language model, I cannot say", "ja", 1),
        ("Ｉ ｄｏｎ＇ｔ ｋｎｏｗ", "zh", 1),
    ],
)
def test_only_the_opening_counts_in_any_language(text: str, lang: str, refused: int) -> None:
    assert value("refused", text, lang) == refused


def test_a_language_without_phrases_cannot_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(LANGUAGES, "xx", Language("xx", "Unknown", "Latn"))
    assert value("refused", "I don't know.", "xx") is None
    assert value("refused", "Rome", "xx") is None


@pytest.mark.parametrize(("stopped", "cut"), [(True, 0), (False, 1)])
def test_an_answer_that_did_not_end_is_cut(stopped: bool, cut: int) -> None:
    assert value("cut", "Rome is in", stopped=stopped) == cut
    assert value("cut", "A", stopped=stopped, kind="choice") is None


@pytest.mark.parametrize(
    ("text", "right", "other", "unknown"),
    [
        ("It is the capital of Italy.", 1, 0, 0),
        ("Das ist die Hauptstadt von Italien.", 0, 1, 0),
        ("Rome", None, 0, 1),
    ],
)
def test_languages_that_cannot_be_told_count_apart(
    text: str, right: float | None, other: float, unknown: float
) -> None:
    assert value("language", text) == right
    assert (value("other_language", text), value("language_unknown", text)) == (other, unknown)
