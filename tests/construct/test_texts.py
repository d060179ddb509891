"""The texts of a toy build: answers, two hops, options, and what the proof leaves out everywhere."""

from typing import Any

import pytest

from mlake.construct.proof import proved
from mlake.construct.texts import text_rows
from mlake.construct.wording import read_wording
from mlake.data.own.jsonl import parse_jsonl
from mlake.errors import DataError

ENGLISH = """
[relations.P36]
label = "capital"
question = "What is the capital of {s}?"
paraphrases = ["Which city is the capital of {s}?"]
sentence = "The capital of {s} is {o}."
head = "bare"
phrase = "the capital of {s}"
[relations.P17]
label = "country"
question = "In which country is {s}?"
paraphrases = ["Which country is {s} in?"]
sentence = "{s} is in {o}."
head = "bare"
phrase = "the country of {s}"
[relations.P30]
label = "continent"
question = "On which continent is {s}?"
paraphrases = ["Which continent is {s} on?"]
sentence = "{s} is in {o}."
head = "bare"
phrase = "the continent of {s}"
"""
GERMAN = """
[relations.P36]
label = "Hauptstadt"
question = "Was ist die Hauptstadt von {s}?"
paraphrases = ["Wie heißt die Hauptstadt von {s}?"]
sentence = "Die Hauptstadt von {s} ist {o}."
head = "bare"
phrase = "die Hauptstadt von {s}"
[relations.P17]
label = "Staat"
question = "In welchem Land liegt {s}?"
paraphrases = ["Zu welchem Land gehört {s}?"]
sentence = "{s} liegt in {o}."
head = "bare"
phrase = "das Land von {s}"
[relations.P30]
label = "Kontinent"
question = "Auf welchem Kontinent liegt {s}?"
paraphrases = ["Zu welchem Kontinent gehört {s}?"]
sentence = "{s} liegt in {o}."
head = "bare"
phrase = "der Kontinent von {s}"
"""
NAMES = {
    "Q1": ("city", "Lyon", "Lyon"),
    "Q2": ("country", "France", "Frankreich"),
    "Q3": ("country", "Japan", "Japan"),
    "Q4": ("city", "Paris", "Paris"),
    "Q5": ("city", "Tokyo", "Tokio"),
    "Q6": ("continent", "Asia", "Asien"),
    "Q7": ("continent", "Europe", "Europa"),
    "Q8": ("country", "Peru", "Peru"),
    "Q9": ("country", "Kenya", "Kenia"),
    "Q10": ("city", "Kyoto", "Kyoto"),
}
TRUTH = {
    ("Q1", "P17"): "Q2",
    ("Q2", "P36"): "Q4",
    ("Q3", "P36"): "Q5",
    ("Q3", "P30"): "Q6",
}


def draft(**changes: Any) -> dict[str, Any]:
    row = {
        "id": "Q1-P17",
        "subject": "Q1",
        "relation": "P17",
        "object": "Q2",
        "new": "Q3",
        "before": [["Q2", "P36", "Q4"]],
        "after": [["Q3", "P36", "Q5"], ["Q3", "P30", "Q6"]],
        "others": [["Q10", "P17", "Q3"]],
        "distractors": ["Q8", "Q9"],
    }
    return row | changes


def names(aliases: dict[str, list[str]] | None = None) -> list[dict[str, Any]]:
    return [
        {
            "id": one,
            "kind": kind,
            "labels": {"en": en, "de": de},
            "aliases": {"en": (aliases or {}).get(one, []), "de": []},
        }
        for one, (kind, en, de) in NAMES.items()
    ]


@pytest.fixture
def wordings(tmp_path):
    for lang, text in (("en", ENGLISH), ("de", GERMAN)):
        (tmp_path / f"{lang}.toml").write_text(text, encoding="utf-8")
    return [read_wording(lang, tmp_path) for lang in ("en", "de")]


def lines(wordings, drafts, aliases=None, seed=0):
    return text_rows(wordings, drafts, names(aliases), TRUTH, seed)


def probes(line: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [probe for probe in line["probes"] if probe["kind"] == kind]


def test_a_fact_is_stated_and_asked_about_in_every_language(wordings) -> None:
    english, german = lines(wordings, [draft()]).rows
    assert (english["question"], english["subject"]) == ("In which country is Lyon?", "Lyon")
    assert (english["old_sentence"], english["new_sentence"]) == ("Lyon is in France.", "Lyon is in Japan.")
    assert (german["old_answer"], german["new_answer"]) == ("Frankreich", "Japan")
    assert german["new_sentence"] == "Lyon liegt in Japan."
    assert [probe["text"] for probe in probes(german, "paraphrase")] == ["Zu welchem Land gehört Lyon?"]


def test_two_hops_ask_for_what_follows_from_the_edit_and_what_held_before(wordings) -> None:
    english, _ = lines(wordings, [draft()]).rows
    capital, continent = probes(english, "multihop")
    assert capital["text"] == "What is the capital of the country of Lyon?"
    assert (capital["accept"], capital["reject"]) == (["Tokyo"], ["Paris"])
    assert capital["triples"] == [["Q1", "P17", "Q3"], ["Q3", "P36", "Q5"]]
    assert capital["relations"] == ["country", "capital"]
    assert (continent["accept"], continent["reject"]) == (["Asia"], [])  # nothing is known of France
    (before,) = probes(english, "multihop_before")
    assert (before["accept"], before["reject"]) == (["Paris"], [])
    assert [probe["text"] for probe in probes(english, "bridge")] == [
        "What is the capital of Japan?",
        "On which continent is Japan?",
        "What is the capital of France?",
    ]


def test_options_are_four_sentences_in_one_order_in_all_languages(wordings) -> None:
    letters = set()
    for seed in range(30):
        english, german = lines(wordings, [draft()], seed=seed).rows
        (choice,), (wahl) = probes(english, "choice"), probes(german, "choice")[0]
        assert choice["options"][ord(choice["accept"][0]) - ord("A")] == "Lyon is in Japan."
        assert choice["options"][ord(choice["reject"][0]) - ord("A")] == "Lyon is in France."
        assert wahl["options"][ord(wahl["accept"][0]) - ord("A")] == "Lyon liegt in Japan."
        assert (choice["accept"], len(set(choice["options"]))) == (wahl["accept"], 4)
        letters |= set(choice["accept"])
    assert letters == set("ABCD")


def test_an_alias_within_a_name_of_the_other_answer_does_not_count(wordings) -> None:
    aliases = {"Q3": ["Nippon", "Land of France and Japan"], "Q2": ["French Republic"]}
    english, _ = lines(wordings, [draft()], aliases).rows
    assert english["new_aliases"] == ["Nippon"]
    assert english["old_aliases"] == ["French Republic"]


def test_an_alias_that_a_question_gives_does_not_count_there(wordings) -> None:
    english, _ = lines(wordings, [draft()], {"Q5": ["Edo", "the capital of Japan"]}).rows
    bridge = next(probe for probe in probes(english, "bridge") if probe["id"].endswith("Q3-P36"))
    assert bridge["accept"] == ["Tokyo", "Edo"]
    assert probes(english, "multihop")[0]["accept"] == ["Tokyo", "Edo", "the capital of Japan"]


def test_a_question_at_fault_in_one_language_is_left_out_in_all(wordings) -> None:
    made = lines(wordings, [draft(others=[["Q10", "P17", "Q3"], ["Q5", "P17", "Q3"]])]).rows
    for line in made:
        for probe in line["probes"]:
            if line["lang"] == "de" and "Q5" in probe["id"]:
                probe["text"] = "Wo liegt x2?"
    left = proved(made)
    assert [(drop.id, drop.rule) for drop in left.drops] == [("Q1-P17/locality-Q5-P17", "placeholder")]
    assert left.drops[0].why.startswith("de: ")
    for line in left.rows:
        assert [probe["id"].rpartition("/")[2] for probe in probes(line, "locality")] == ["locality-Q10-P17"]


@pytest.mark.parametrize(
    ("field", "text", "rule"),
    [
        ("question", "Nennen Sie Lyon", "not-a-question"),
        ("new_sentence", "Lyon liegt woanders.", "name-not-in-text"),
        ("old_sentence", "Die Stadt liegt in Frankreich.", "name-not-in-text"),
        ("new_answer", "Frankreich", "noop-edit"),
    ],
)
def test_a_fact_at_fault_in_one_language_is_left_out_wholly(wordings, field, text, rule) -> None:
    other = draft(
        id="Q10-P17", subject="Q10", object="Q3", new="Q2", before=[], after=[], others=[["Q4", "P17", "Q2"]]
    )
    made = lines(wordings, [draft(), other]).rows
    broken = [
        line | ({field: text} if line["lang"] == "de" and line["fact"] == "Q1-P17" else {}) for line in made
    ]
    left = proved(broken)
    assert {line["fact"] for line in left.rows} == {"Q10-P17"}
    assert {line["row"] for line in left.rows} == {0}
    assert ("Q1-P17", rule) in [(drop.id, drop.rule) for drop in left.drops]


def test_a_fact_keeps_a_question_of_each_needed_kind(wordings) -> None:
    with pytest.raises(DataError, match=r"no fact is left after the proof.*no locality question is left"):
        lines(wordings, [draft(others=[])])


def test_the_lines_are_facts_as_everybody_reads_them(wordings) -> None:
    import json

    made = lines(wordings, [draft()]).rows
    content = "".join(json.dumps(line) + "\n" for line in made).encode()
    (fact,) = parse_jsonl(content, name="toy", revision="toy", source="toy").facts
    assert fact.subject_id == "Q1" and fact.relations == {"en": "country", "de": "Staat"}
    assert sum(probe.kind == "direct" for probe in fact.probes) == 2
