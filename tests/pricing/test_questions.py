"""Which questions tell the price of an edit."""

from typing import Any

import pytest

from mlake.data import load
from mlake.data.own.jsonl import parse_jsonl
from mlake.errors import DataError
from mlake.pricing.questions import SOME, price_questions
from mlake.records import Benchmark, Fact

PACKAGED = 2 * 63
"""A direct question and one about something else for each packaged fact."""


def own(**fields: Any) -> tuple[Fact, ...]:
    """One fact of a user's own."""
    import json

    line = {"question": "Where did Carl Sagan work?", "new_answer": "BBC"} | fields
    return parse_jsonl(json.dumps(line).encode(), name="my", revision="", source="my").facts


def mini() -> Benchmark:
    return load("mini")


def test_an_edit_is_asked_about_in_other_words_and_languages() -> None:
    fact = mini().facts[3]
    asking = price_questions([fact], "de")
    assert [(one.kind, one.probe.text) for one in asking.edited] == [("direct", fact.stated("de").question)]
    own = [one for one in asking.others if one.kind != "locality"]
    assert sorted(one.probe.lang for one in own if one.kind == "direct") == ["en", "fr", "ja", "zh"]
    assert sorted(one.probe.lang for one in own if one.kind == "paraphrase") == ["de", "en", "fr", "ja", "zh"]
    assert {one.probe.fact for one in own} == {fact.id}
    assert asking.facts == 1


def test_an_edit_in_several_languages_is_asked_about_in_all_of_them() -> None:
    facts = mini().facts[3:5]
    asking = price_questions(facts, "de+ja")
    assert [one.probe.lang for one in asking.edited] == ["de", "ja", "de", "ja"] and asking.count == 2
    elsewhere = {one.probe.lang for one in asking.others if one.kind == "direct"}
    assert elsewhere == {"en", "fr", "zh"}
    (fact,) = own()
    assert [one.probe.lang for one in price_questions([fact], "de+en", 0).edited] == ["en"]
    with pytest.raises(DataError, match="has no statement in 'de"):
        price_questions([fact], "de+ja")


def test_so_many_packaged_questions_in_each_language() -> None:
    asking = price_questions(own(), "en")
    for lang in ("en", "de", "fr", "ja", "zh"):
        texts = [one.probe.text for one in asking.others if one.probe.lang == lang]
        assert len(set(texts)) == len(texts) == SOME
    assert {one.kind for one in asking.others} == {"locality"} and asking.left_out == 0
    assert len({one.probe.fact for one in asking.others}) == SOME


def test_all_and_none() -> None:
    assert len(price_questions(own(), "en", None).others) == 5 * PACKAGED
    asking = price_questions(own(), "en", 0)
    assert asking.others == () and len(asking.edited) == 1 and asking.facts == 0


def test_of_many_facts_some_are_asked_about() -> None:
    facts = mini().facts
    asking = price_questions(facts, "en")
    assert len(asking.edited) == len(facts)
    assert asking.facts == SOME
    assert len({one.probe.fact for one in asking.others if one.kind == "paraphrase"}) == SOME
    assert price_questions(facts, "en", None).facts == len(facts)


@pytest.mark.parametrize(
    ("fields", "gone"),
    [
        ({"subject_id": "Q243"}, "mini-00/de/direct"),  # by id alone
        ({"question": "Who built the Eiffel Tower?", "subject": "Eiffel Tower"}, "mini-00/ja/direct"),
        ({"question": "Who built the Eiffel Tower?"}, "mini-00/ja/direct"),  # no subject is given
        ({"question": "エッフェル塔は？", "subject": "エッフェル塔", "lang": "ja"}, "mini-00/fr/direct"),
        ({"question": "Wer baute das Brandenburger Tor?", "subject": "Brandenburger Tor", "lang": "de"},
         "mini-00/zh/locality"),
        ({"question": "in which city does the brandenburg gate stand"}, "mini-00/fr/locality"),
    ],
)  # fmt: skip
def test_questions_about_an_edited_subject_are_left_out_in_every_language(
    fields: dict[str, Any], gone: str
) -> None:
    facts = own(**fields)
    lang = fields.get("lang", "en")
    asking = price_questions(facts, lang, None)
    left = {one.probe.id for one in asking.others}
    assert gone in {f"{fact.id}/{x}/{kind}" for fact in mini().facts for x in fact.statements
                    for kind in ("direct", "locality")}  # fmt: skip
    kind, fact = gone.split("/")[2], gone.split("/")[0]
    assert not [one for one in left if one.startswith(f"{fact}/") and one.endswith(kind)]
    assert asking.left_out >= 1 and len(left) == 5 * (PACKAGED - asking.left_out)


def test_a_name_inside_a_word_is_no_subject() -> None:
    assert price_questions(own(question="Is Ho a name?", subject="Ho"), "en", None).left_out == 0


def test_editing_the_packaged_facts_leaves_the_questions_about_others() -> None:
    asking = price_questions(mini().facts, "en", None)
    kinds = {one.probe.kind for one in asking.others if one.kind == "locality"}
    assert kinds == {"locality"} and asking.left_out >= 63


def test_a_language_that_is_not_stated() -> None:
    with pytest.raises(DataError, match="has no statement in 'fr'"):
        price_questions(own(), "fr")
