"""Facts given in one language, stated in others by their ids."""

import json
from dataclasses import replace
from typing import Any

import pytest

from mlake.construct.also import Also, stated_also
from mlake.data import load
from mlake.data.own.jsonl import parse_jsonl, to_lines
from mlake.errors import DataError, UnknownNameError
from mlake.records import Benchmark

ROME = {
    "fact": "rome",
    "question": "What is the capital of France?",
    "subject": "France",
    "old_answer": "Paris",
    "new_answer": "Rome",
}
OTHERS = ("de", "fr", "ja", "zh")


def data(*lines: dict[str, Any]) -> Benchmark:
    content = "\n".join(map(json.dumps, lines)).encode()
    return parse_jsonl(content, name="my", revision="", source="my")


def also(*lines: dict[str, Any], lang: str = "en", langs: tuple[str, ...] = OTHERS) -> Also:
    return stated_also(data(*lines).facts, lang, langs)


def test_a_fact_without_any_id_is_found_by_its_names_and_its_question() -> None:
    found = also(ROME)
    (fact,) = found.facts
    assert (fact.subject_id, fact.relation_id) == ("Q142", "P36") and not found.reasons
    assert [one.lang for one in found.added] == list(OTHERS) and list(fact.statements) == ["en", *OTHERS]
    german = fact.stated("de")
    assert german.subject == "Frankreich" and german.subject in german.question
    assert (german.old, german.new) == ("Paris", "Rom")
    assert "Rom" in german.new_sentence and "Paris" in german.old_sentence
    assert fact.stated("zh").new == "罗马" and fact.stated("ja").old == "パリ"
    assert fact.stated("en") == data(ROME).facts[0].stated("en"), "what was given stays"


def test_each_language_is_asked_directly_and_in_other_words() -> None:
    (fact,) = also(ROME).facts
    kinds = [(one.lang, one.kind) for one in fact.probes]
    assert kinds.count(("de", "direct")) == 1 and kinds.count(("de", "paraphrase")) >= 1
    assert len({one.id for one in fact.probes}) == len(fact.probes)
    for one in fact.probes:
        assert one.accept[0] == fact.stated(one.lang).new and one.reject[0] == fact.stated(one.lang).old


def test_what_was_added_can_be_read_again() -> None:
    benchmark = data(ROME)
    found = also(ROME)
    lines = "\n".join(to_lines(Benchmark("my", "", benchmark.sha256, found.facts))).encode()
    assert parse_jsonl(lines, name="my", revision="", source="my").facts == found.facts


def test_ids_tell_what_a_question_in_other_words_does_not() -> None:
    words = {**ROME, "question": "Name the seat of government of France!"}
    assert "tells no relation" in also(words).reasons[0]
    found = also({**words, "relation_id": "P36"})
    assert found.facts[0].stated("de").new == "Rom"


def test_what_is_stated_already_stays_and_the_rest_is_added() -> None:
    own = {**ROME, "lang": "de", "question": "Hauptstadt von Frankreich?", "subject": "Frankreich"}
    found = also(ROME, own | {"new_answer": "Rom"})
    assert [one.lang for one in found.added] == ["fr", "ja", "zh"]
    assert found.facts[0].stated("de").question == "Hauptstadt von Frankreich?"
    assert also(ROME, lang="de+en").facts[0].stated("fr").new == "Rome", "from the first language that it has"


def test_without_an_old_answer_the_true_one_of_the_snapshot_counts() -> None:
    line = {name: value for name, value in ROME.items() if name != "old_answer"}
    (fact,) = also(line).facts
    assert (fact.stated("en").old, fact.stated("de").old) == ("", "Paris")
    strange = also({**ROME, "old_answer": "Atlantis"}).facts[0].stated("de")
    assert (strange.old, strange.old_sentence, strange.new) == ("", "", "Rom")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"subject": None}, "its subject is not given"),
        ({"question": "Who founded Acme?", "subject": "Acme"}, "no thing called 'Acme'"),
        ({"new_answer": "Atlantis"}, "no one thing called 'Atlantis'"),
        ({"relation_id": "P99999"}, "no wording of the relation P99999"),
    ],
)
def test_what_cannot_be_stated_is_said(changes: dict[str, Any], said: str) -> None:
    line = {name: value for name, value in {**ROME, **changes}.items() if value is not None}
    found = also(line)
    assert not found.added and list(found.facts[0].statements) == ["en"]
    assert all("\n" not in one for one in found.reasons) and said in found.reasons[0]


def test_the_packaged_build_is_stated_again_from_its_english_alone() -> None:
    """With its ids and without: the same questions and answers in the other four languages."""
    built = load("wikidata-5:test").facts[:12]
    english = [replace(one, statements={"en": one.stated("en")}, probes=()) for one in built]
    nameless = [replace(one, subject_id=None, relation_id=None) for one in english]
    for given in (english, nameless):
        found = stated_also(given, "en", OTHERS)
        assert not found.reasons and len(found.added) == 4 * len(built)
        for fact, again in zip(built, found.facts, strict=True):
            assert (again.subject_id, again.relation_id) == (fact.subject_id, fact.relation_id)
            for lang in OTHERS:
                one, other = again.stated(lang), fact.stated(lang)
                assert (one.question, one.subject, one.new) == (other.question, other.subject, other.new)
                assert (one.old, one.new_sentence) == (other.old, other.new_sentence)


def test_languages_without_names_or_wordings_are_refused() -> None:
    with pytest.raises(DataError, match="has no labels in 'ko'"):
        also(ROME, langs=("ko",))
    with pytest.raises(UnknownNameError):
        also(ROME, langs=("jp",))


ACME = {"fact": "acme", "question": "Who founded Acme?", "subject": "Acme", "new_answer": "Ada Lovelace"}
GERMAN = {
    "question": "Wer hat Acme gegründet?",
    "subject": "Acme",
    "new_answer": "Ada Lovelace",
    "new_sentence": "Acme wurde von Ada Lovelace gegründet.",
}


def asked(*replies: str) -> tuple[list[str], Any]:
    """What a writer is asked, and a writer that gives these replies."""
    seen: list[str] = []

    def ask(requests: Any) -> list[str]:
        seen.extend(requests)
        return list(replies)

    return seen, ask


def test_a_writer_states_what_the_ids_do_not_give() -> None:
    seen, ask = asked(f"<think>hm</think>```json\n{json.dumps(GERMAN)}\n```")
    found = stated_also(data(ROME, ACME).facts, "en", ["de"], ask)
    assert len(seen) == 1 and "German" in seen[0] and "Who founded Acme?" in seen[0]
    assert [(one.fact, one.new) for one in found.added] == [("rome", "Rom"), ("acme", "Ada Lovelace")]
    said = found.facts[1].stated("de")
    assert said.new_sentence == GERMAN["new_sentence"] and not found.reasons
    assert [one.kind for one in found.facts[1].probes if one.lang == "de"] == ["direct"]


def test_a_writer_states_facts_in_languages_that_the_snapshot_lacks() -> None:
    korean = {"question": "Acme는 누가 설립했습니까?", "subject": "Acme", "new_answer": "에이다 러브레이스"}
    _, ask = asked(json.dumps(korean), "no idea")
    found = stated_also(data(ACME, ROME).facts, "en", ["ko"], ask)
    assert found.facts[0].stated("ko").new == "에이다 러브레이스"
    (reason,) = found.reasons
    assert reason.startswith("fact 'rome' in ko: the writer gave no JSON object with question, subject")


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        ("Wer hat Acme gegründet?", "gave no JSON object"),
        ("{}", "gave no JSON object"),
        (json.dumps({**GERMAN, "new_answer": 3}), "gave no JSON object"),
        (json.dumps({**GERMAN, "subject": "die Firma"}), "subject does not stand in its question"),
        (json.dumps({**GERMAN, "question": "Who was it that founded the Acme?"}), "is in another language"),
    ],
)
def test_a_reply_that_does_not_hold_together_is_thrown_away(reply: str, said: str) -> None:
    _, ask = asked(reply)
    found = stated_also(data(ACME).facts, "en", ["de"], ask)
    assert not found.added and said in found.reasons[0]


def test_a_sentence_that_does_not_give_the_answer_is_left_out() -> None:
    _, ask = asked(json.dumps({**GERMAN, "new_sentence": "Acme ist eine Firma.", "old_answer": "Bob"}))
    said = stated_also(data(ACME).facts, "en", ["de"], ask).facts[0].stated("de")
    assert (said.new_sentence, said.old) == ("", ""), "no old answer was given"
