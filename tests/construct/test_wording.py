"""Wording files: forms of names and phrases, joins, first letters, and what is wrong with a file."""

from pathlib import Path

import pytest

from mlake.construct.wording import Named, read_wording, worded_languages
from mlake.errors import DataError

GERMAN = """
[classes.bare]
nom = "{}"
dat = "{}"
in = "in {}"
[classes.f]
nom = "die {}"
dat = "der {}"
in = "in der {}"
[classes.city]
nom = "die Stadt{}"
dat = "der Stadt{}"
in = "in der Stadt{}"
[kinds]
school = "f"
[members]
f = ["Q39"]
[relations.P19]
label = "Geburtsort"
question = "In welcher Stadt wurde {s} geboren?"
paraphrases = ["Was ist der Geburtsort von {s.dat}?"]
sentence = "{s} wurde {o.in} geboren."
head = "city"
phrase = ", in der {s} geboren wurde"
[relations.P17]
label = "Staat"
question = "In welchem Land liegt {s}?"
paraphrases = ["Zu welchem Land gehört {s}?"]
sentence = "{s} liegt {o.in}."
head = "bare"
phrase = "das Land von {s.dat}"
hop = "Zu welchem Land gehört {s}?"
[relations.P17.company]
question = "Aus welchem Land kommt das Unternehmen {s}?"
"""
FRENCH = """
[classes.le]
nom = "le {}"
[members]
le = ["Q17"]
[[joins]]
left = "de "
right = "le "
becomes = ["du ", ""]
[[joins]]
left = "de "
right = "(?=[aeiouyéAEIOUYÉ])"
becomes = ["d'", ""]
[relations.P36]
label = "capitale"
question = "Quelle est la capitale de {s} ?"
paraphrases = ["Quelle ville est la capitale de {s} ?"]
sentence = "La capitale de {s} est {o}."
head = "bare"
phrase = "la capitale de {s}"
"""
SWITZERLAND, ZURICH = Named("Q39", "country", "Schweiz"), Named("Q72", "city", "Zürich")
IPHONE = Named("Q1", "device", "iPhone")


def wording(tmp_path: Path, text: str, lang: str = "de"):
    (tmp_path / f"{lang}.toml").write_text(text, encoding="utf-8")
    return read_wording(lang, tmp_path)


def test_names_and_phrases_stand_in_the_forms_of_their_class(tmp_path: Path) -> None:
    german = wording(tmp_path, GERMAN)
    assert german.sentence("P17", ZURICH, SWITZERLAND) == "Zürich liegt in der Schweiz."
    assert german.sentence("P17", SWITZERLAND, ZURICH) == "Die Schweiz liegt in Zürich."
    assert list(german.paraphrases("P19", Named("Q5", "person", "Max Frisch"))) == [
        "Was ist der Geburtsort von Max Frisch?"
    ]


def test_a_question_over_two_hops_takes_the_phrase_for_the_middle(tmp_path: Path) -> None:
    german, frisch = wording(tmp_path, GERMAN), Named("Q5", "person", "Max Frisch")
    assert german.two_hop("P19", frisch, "P17", "city") == (
        "Zu welchem Land gehört die Stadt, in der Max Frisch geboren wurde?"
    )


def test_a_kind_of_its_own_wording_asks_so_over_two_hops_too(tmp_path: Path) -> None:
    german = wording(tmp_path, GERMAN)
    nokia = Named("Q2", "company", "Nokia")
    assert german.question("P17", nokia) == "Aus welchem Land kommt das Unternehmen Nokia?"
    assert german.sentence("P17", nokia, SWITZERLAND) == "Nokia liegt in der Schweiz."
    assert german.relation("P17", "company").hop == "Aus welchem Land kommt das Unternehmen {s}?"


def test_a_name_keeps_its_first_letter(tmp_path: Path) -> None:
    german = wording(tmp_path, GERMAN)
    assert german.sentence("P17", IPHONE, ZURICH) == "iPhone liegt in Zürich."


def test_words_before_a_slot_join_with_what_fills_it(tmp_path: Path) -> None:
    french = wording(tmp_path, FRENCH, "fr")
    assert french.question("P36", Named("Q17", "country", "Japon")) == "Quelle est la capitale du Japon ?"
    assert french.question("P36", Named("Q2", "country", "Israël")) == "Quelle est la capitale d'Israël ?"
    assert french.question("P36", Named("Q3", "country", "Cuba")) == "Quelle est la capitale de Cuba ?"
    le_havre = Named("Q4", "city", "le Havre")  # part of the name: no article of ours to swallow
    assert french.question("P36", le_havre) == "Quelle est la capitale de le Havre ?"


def test_a_form_that_a_class_lacks_is_named(tmp_path: Path) -> None:
    german = wording(tmp_path, GERMAN.replace('in = "in der {}"\n[classes.city]', "[classes.city]"))
    with pytest.raises(DataError, match="the class of 'Schweiz' has no form 'in'; it has: nom, dat; add it"):
        german.sentence("P17", ZURICH, SWITZERLAND)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('nom = "die {}"', 'nom = "die"', r"form nom of \[classes.f\] must hold {} once: 'die'"),
        ('f = ["Q39"]', 'g = ["Q39"]', r"\[members\] names the class 'g'; known: bare, f, city"),
        ('f = ["Q39"]', 'f = ["Q39"]\ncity = ["Q39"]', "Q39 is in two classes of .members.: f and city"),
        ('school = "f"', 'school = "x"', r"\[kinds\] names the class 'x'"),
        ("[relations.P19]", "[relations.born]", r"\[relations.born\] must be named by a property"),
        ("wurde {s} geboren?", "wurde geboren?", r"question of \[relations.P19\] must hold {s}"),
        ("{s} liegt {o.in}.", "{s} liegt.", r"sentence of \[relations.P17\] must hold {s} and {o}"),
        ("{s} liegt {o.in}.", "{s} liegt {o.in.", "the braces of sentence of .relations.P17. do not match"),
        ('head = "city"', 'head = "town"', r"head of \[relations.P19\] names the class 'town'"),
        ('head = "city"\n', "", r"head of \[relations.P19\] must be a text, not None"),
        ('paraphrases = ["Zu', 'paraphrase = ["Zu', r"unknown key 'paraphrase' in \[relations.P17\]"),
        ("[kinds]", "[kind]", "unknown key 'kind' in the file"),
        ("[kinds]", "kinds]", "de.toml is no TOML"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_in_one_line(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert GERMAN.count(old) == 1
    with pytest.raises(DataError, match=said) as error:
        wording(tmp_path, GERMAN.replace(old, new))
    assert "\n" not in str(error.value) and "de.toml" in str(error.value)


def test_a_language_without_a_file_is_refused_with_what_there_is(tmp_path: Path) -> None:
    wording(tmp_path, FRENCH, "fr")
    with pytest.raises(DataError, match=r"no wording in 'xx': there are files for .*fr.*; write xx.toml"):
        read_wording("xx", tmp_path)
    with pytest.raises(DataError, match="no folder"):
        read_wording("xx", tmp_path / "none")
    assert worded_languages(tmp_path) == ("fr",)


def test_a_relation_without_wording_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no wording of relation P6 in fr: add \[relations.P6\]"):
        wording(tmp_path, FRENCH, "fr").question("P6", SWITZERLAND)


def test_the_point_of_an_abbreviation_ends_the_sentence_too(tmp_path: Path) -> None:
    words = wording(tmp_path, GERMAN)
    capital = Named("Q61", "city", "Washington, D.C.")
    assert words.sentence("P19", Named("Q1", "person", "Ada Lovelace"), capital).endswith("D.C. geboren.")
    assert words.sentence("P17", capital, Named("Q2", "company", "Apple Inc.")).endswith("in Apple Inc.")
