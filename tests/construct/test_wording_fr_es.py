"""The French and Spanish wording: articles, contractions and elisions at all names of the snapshot."""

import re

import pytest
from tests.construct.worded import texts

from mlake.construct.kinds import ENTITY_KINDS
from mlake.construct.relations import read_relations
from mlake.construct.wording import Named, read_wording

LANGS = ("fr", "es")
WRONG = {
    "fr": (
        r"\b(?:de|à) [Ll]es? "  # an article must contract; that of a name cannot
        r"|\b(?:de|que) (?!One |U2)[aeiouéèêâîôûAEIOUÉÈÊÂÎÔ]"
        r"|\b(?:l[ea]s?|l') (?:l[ea]s?|l')\b"
    ),
    "es": r"\b(?:de|a) el |\b(?:el|la|los|las) (?:el|la|los|las)\b",
}


@pytest.mark.parametrize("lang", LANGS)
def test_no_text_of_the_snapshot_lacks_a_contraction_or_an_elision(lang: str) -> None:
    found = list(texts(lang))
    assert len(found) > 4000
    for end, name, text in found:
        assert name in text and text.endswith(end) and "  " not in text, text
        assert not re.search(WRONG[lang], text.replace(name, "X" if name[0].isupper() else "x")), text
        assert text[0] in ("¿" if lang == "es" and end == "?" else text[0].upper()), text


@pytest.mark.parametrize("lang", LANGS)
def test_every_relation_is_worded_in_three_ways_and_every_kind_is_one(lang: str) -> None:
    wording = read_wording(lang)
    assert [one for one in read_relations() if not wording.has(one)] == []
    assert {kind for _, kind in wording.relations if kind} | set(wording.kinds) <= set(ENTITY_KINDS)
    for (relation, kind), row in wording.relations.items():
        assert len({row.question, *row.paraphrases}) == 3, (relation, kind)


def test_french_names_take_the_article_and_the_place_word_of_their_class() -> None:
    french = read_wording("fr")
    states, cairo = Named("Q30", "country", "États-Unis"), Named("Q85", "city", "Le Caire")
    person, film = Named("Q1", "person", "Ada"), Named("Q47703", "film", "Le Parrain")
    assert french.question("P36", states) == "Quelle est la capitale des États-Unis ?"
    assert french.sentence("P17", cairo, states) == "Le Caire se trouve aux États-Unis."
    assert french.sentence("P19", person, cairo) == "Ada a vu le jour dans la ville appelée Le Caire."
    assert french.two_hop("P27", person, "P30", "country") == (
        "Sur quel continent se situe le pays dont Ada a la nationalité ?"
    )
    assert french.question("P364", film) == "Quelle est la langue originale du film Le Parrain ?"


def test_spanish_articles_contract_but_those_of_names_do_not() -> None:
    spanish = read_wording("es")
    kingdom, cairo = Named("Q145", "country", "Reino Unido"), Named("Q85", "city", "El Cairo")
    assert spanish.question("P36", kingdom) == "¿Cuál es la capital del Reino Unido?"
    assert spanish.question("P37", cairo) == "¿Cuál es la lengua oficial de El Cairo?"
    assert spanish.two_hop("P495", Named("Q396", "band", "U2"), "P36", "country") == (
        "¿Cuál es la capital del país de origen del grupo U2?"
    )
