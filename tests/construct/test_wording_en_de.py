"""The English and German wording: articles, cases and contractions at every name and phrase."""

import re

import pytest
from tests.construct.worded import texts

from mlake.construct.kinds import ENTITY_KINDS
from mlake.construct.relations import read_relations
from mlake.construct.wording import Named, read_wording

LANGS = ("en", "de")
WRONG = {
    # article doubled, "a" before a vowel, two full stops
    "en": r"\b[Tt]he [Tt]he\b|\b[Aa] [aeio]|\b[Aa]n (?![aeiou])|\.\.$",
    # preposition and article that must contract (no relative pronoun), article doubled
    "de": r"(?<!, )\b(?:an|bei|in|von|zu) dem |(?<!, )\bzu der |\b[Dd](?:er|ie|as|en|em) The\b|\.\.$",
}


@pytest.mark.parametrize("lang", LANGS)
def test_no_text_of_the_snapshot_is_ill_formed(lang: str) -> None:
    found = list(texts(lang))
    assert len(found) > 4000
    for end, name, text in found:
        assert name in text and text.endswith(end) and "  " not in text, text
        assert not re.search(WRONG[lang], text), text
        assert text.startswith(name) or text[0] in "“„" or text[0].isupper(), text
        assert text.count("“") == text.count("”" if lang == "en" else "„"), text


@pytest.mark.parametrize("lang", LANGS)
def test_every_relation_is_worded_in_three_ways(lang: str) -> None:
    wording = read_wording(lang)
    assert [one for one in read_relations() if not wording.has(one)] == []
    assert {kind for _, kind in wording.relations if kind} | set(wording.kinds) <= set(ENTITY_KINDS)
    for (relation, kind), row in wording.relations.items():
        assert len({row.question, *row.paraphrases}) == 3, (relation, kind)


def test_english_names_take_the_article_of_their_class() -> None:
    english = read_wording("en")
    states, novel = Named("Q30", "country", "United States of America"), Named("Q190192", "book", "Dune")
    actor, person = Named("Q33999", "occupation", "actor"), Named("Q1", "person", "Ada Lovelace")
    assert english.question("P36", states) == "What is the capital of the United States of America?"
    assert english.sentence("P106", person, actor) == "Ada Lovelace is known as an actor."
    assert english.question("P50", novel) == "Who is the author of “Dune”?"
    assert english.two_hop("P27", person, "P30", "country") == (
        "Which continent includes the country of citizenship of Ada Lovelace?"
    )


def test_german_names_stand_in_the_case_that_is_asked_for() -> None:
    german = read_wording("de")
    states, turkey = Named("Q30", "country", "Vereinigte Staaten"), Named("Q43", "country", "Türkei")
    city, phone = Named("Q1", "city", "Adaville"), Named("Q2766", "device", "iPhone")
    assert german.question("P36", turkey) == "Wie heißt die Hauptstadt der Türkei?"
    assert german.sentence("P17", city, turkey) == "Adaville liegt in der Türkei."
    assert german.sentence("P17", city, states) == "Adaville liegt im Land Vereinigte Staaten."
    assert german.two_hop("P17", city, "P36", "country") == (
        "Wie heißt die Hauptstadt des Landes, in dem Adaville liegt?"
    )
    assert german.two_hop("P176", phone, "P112", "company") == (
        "Wer gründete die Firma, die das iPhone hergestellt hat?"
    )
