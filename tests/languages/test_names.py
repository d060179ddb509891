"""Names in sentences of each language: a dozen written with the rules, and a dozen before them."""

from collections import Counter
from pathlib import Path

import pytest
from benchmarks.languages import FIRST, PAGE, SECOND, Sentence, page, sentences, wrong

from mlake.languages import LANGUAGES
from mlake.text import contains_name, same_name


@pytest.mark.parametrize("one", sentences(FIRST), ids=lambda one: f"{one.lang}-{one.text}")
def test_a_sentence_written_with_the_rules(one: Sentence) -> None:
    assert contains_name(one.text, [one.name], one.lang) is one.found


@pytest.mark.parametrize("path", [FIRST, SECOND], ids=["first", "second"])
def test_every_language_has_a_dozen_with_names_there_and_not_there(path: Path) -> None:
    counts = Counter((one.lang, one.found) for one in sentences(path))
    assert {lang for lang, _ in counts} == set(LANGUAGES)
    for lang in LANGUAGES:
        assert counts[lang, True] + counts[lang, False] >= 12 and counts[lang, False] >= 3


@pytest.mark.parametrize(
    "one", [one for one in sentences(FIRST) if len(one.name) > 2], ids=lambda one: f"{one.lang}-{one.text}"
)
def test_a_name_alone_is_found_whatever_its_case(one: Sentence) -> None:
    for text in (one.name, f"{one.name}.", one.name.upper(), one.name.lower()):
        if same_name(text, one.name, one.lang):
            assert contains_name(text, [one.name], one.lang)


def test_no_sentence_stands_in_both() -> None:
    assert not {one.text for one in sentences(FIRST)} & {one.text for one in sentences(SECOND)}


def test_rules_of_today_are_no_worse_than_at_first() -> None:
    at_first = {(one.lang, one.text) for one in sentences(SECOND) if one.measured is not one.found}
    assert {(one.lang, one.text) for one in wrong(SECOND)} <= at_first


def test_the_page_has_the_figures_as_first_measured() -> None:
    assert PAGE.read_text(encoding="utf-8") == page()
