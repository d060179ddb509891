from typing import Any

import pytest
from tests.data.neighbours.conftest import Read, asked, kinds

from mlake.errors import DataError

FRAMES = {"MOTHER": "Mother of {} is", "FOLLOWS": "{} comes after"}
IDS = {"Mia Öst": "Q1", "Ada Quill": "Q2", "New York": "Q3", "New York City": "Q4", "D.C.": "Q5"}


def query(
    relation: str, subject: str, *answers: str, phrase: str | None = None, **more: Any
) -> dict[str, Any]:
    named = {"Ada Quill": ["Quill", "A. Quill"], "New York City": ["NYC"]}
    return {
        "prompt": phrase or FRAMES[relation].format(subject),
        "answers": [{"value": one, "aliases": named.get(one, [])} for one in answers],
        "query_type": "regular",
        "subject_id": f"Q-{subject}",
        "relation": relation,
        "target_ids": [IDS.get(one, f"Q-{one}") for one in answers],
        "phrase": phrase,
        **more,
    }


def block(*queries: dict[str, Any], condition: str = "OR", given: tuple[Any, ...] = ()) -> dict[str, Any]:
    return {"test_queries": list(queries), "test_condition": condition, "condition_queries": list(given)}


def stated(relation: str, subject: str, answer: str) -> dict[str, Any]:
    return {
        "prompt": f"{FRAMES[relation].format(subject)} {answer}.",
        "subject_id": f"Q-{subject}",
        "relation": relation,
        "target_id": IDS.get(answer, f"Q-{answer}"),
    }


def row(relation: str, subject: str, new: str, old: str | None, **criteria: Any) -> dict[str, Any]:
    edit = stated(relation, subject, new)
    if old is not None:
        edit["original_fact"] = stated(relation, subject, old)
    names: tuple[str, ...] = ("Relation_Specificity", "Logical_Generalization", "Subject_Aliasing")
    names += ("Compositionality_I", "Compositionality_II", "Forgetfulness")
    return {"example_type": "popular", "edit": edit, **{one: [] for one in names}, **criteria}


# Three sentences a relation show the words around its subject.
OTHERS = [
    block(query("MOTHER", one, "Eva Bek"), given=(query("FOLLOWS", two, "Nine"),))
    for one, two in (("Bo Lind", "Ten"), ("Émile Zorn", "Day Two"), ("Li", "Song of Li"))
]


def test_edit_is_taken_apart(read: Read) -> None:
    aliasing = [block(query("MOTHER", "M. Öst", "Ada Quill", phrase="Mother of M. Öst is"))]
    first = row(
        "MOTHER", "Mia Öst", "Ada Quill", "Eva Bek", Relation_Specificity=OTHERS, Subject_Aliasing=aliasing
    )
    (fact,) = read("rippleedits-popular", [first]).facts
    said = fact.stated("en")
    assert (fact.id, fact.subject_id, fact.relations) == (
        "rippleedits-popular-0000", "Q-Mia Öst", {"en": "mother"}
    )  # fmt: skip
    assert (said.question, said.subject) == ("Mother of Mia Öst is", "Mia Öst")
    assert (said.new, said.new_aliases, said.old) == ("Ada Quill", ("Quill", "A. Quill"), "Eva Bek")
    assert said.new_sentence == "Mother of Mia Öst is Ada Quill."
    assert kinds(fact) == {"direct": 1, "locality": 3, "paraphrase": 1}
    (paraphrase,) = asked(fact, "paraphrase")
    assert paraphrase.id == "rippleedits-popular-0000/Subject_Aliasing-0-0"
    assert (paraphrase.accept, paraphrase.reject) == (("Ada Quill", "Quill", "A. Quill"), ("Eva Bek",))
    assert {probe.reject for probe in asked(fact, "locality")} == {()}


def test_answers_that_share_words_are_told_apart(read: Read) -> None:
    rows = [
        row("MOTHER", "Mia Öst", "New York City", "New York", Relation_Specificity=OTHERS),
        row("FOLLOWS", "Mia Öst", "D.C.", "New York"),
    ]
    said = [fact.stated("en") for fact in read("rippleedits-random", rows).facts]
    assert [(one.new, one.old) for one in said] == [("New York City", "New York"), ("D.C.", "New York")]
    assert [one.question for one in said] == ["Mother of Mia Öst is", "Mia Öst comes after"]


def test_subject_that_holds_the_words_after_it(read: Read) -> None:
    """Only the answer's name tells where "This is Us" ends; without it the edit is left out."""
    named = [*OTHERS, block(query("FOLLOWS", "Ten", "Ada Quill"))]
    rows = [
        row("MOTHER", "This is Us", "Ada Quill", "Eva Bek", Relation_Specificity=named),
        row("MOTHER", "This is Us", "Bo", "Eva Bek"),
    ]
    benchmark = read("rippleedits-popular", rows)
    assert [fact.stated("en").subject for fact in benchmark.facts] == ["This is Us"]
    assert "1 edits left out: their sentence shows no question or no answer" in benchmark.notes


def test_recent_edits_have_no_old_answer(read: Read) -> None:
    rows = [row("MOTHER", "Mia Öst", "Ada Quill", None, Relation_Specificity=OTHERS)]
    benchmark = read("rippleedits-recent", rows)
    said = benchmark.facts[0].stated("en")
    assert (said.old, said.old_sentence, said.new) == ("", "", "Ada Quill")
    assert asked(benchmark.facts[0], "direct")[0].reject == ()
    assert benchmark.notes == (
        "3 conditions that chose the tests are not asked",
        "1 edits without an old answer",
    )


def test_number_as_answer(read: Read) -> None:
    first = row("MOTHER", "Mia Öst", "3", "2", Relation_Specificity=OTHERS)
    first["edit"]["target_id"] = 3
    first["Compositionality_II"] = [block(query("MOTHER", "Li", "3") | {"target_ids": [3]})]
    (fact,) = read("rippleedits-popular", [first]).facts
    assert (fact.stated("en").new, asked(fact, "multihop")[0].reject) == ("3", ("2",))


def test_relation_that_is_seen_too_seldom(read: Read) -> None:
    rows = [
        row("MOTHER", "Mia Öst", "Ada Quill", "Eva Bek", Relation_Specificity=OTHERS[:2]),
        row("FOLLOWS", "Mia Öst", "Nine", "Ten", Relation_Specificity=OTHERS),
    ]
    assert len(read("rippleedits-popular", rows).facts) == 2
    with pytest.raises(DataError, match="holds no facts"):
        read("rippleedits-popular", rows[:1])


def test_chains_and_conditions(read: Read) -> None:
    two = {"query_type": "two_hop", "second_relation": "FOLLOWS", "second_hop_target_ids": ["Q4"]}
    chain = query("MOTHER", "Mia Öst", "New York City", phrase="After whom Mia Öst's mother comes:", **two)
    brothers = query("MOTHER", "Li", "Bo", "Ed", "")
    first = row(
        "MOTHER",
        "Mia Öst",
        "Ada Quill",
        "Ada Quill",
        Relation_Specificity=OTHERS,
        Compositionality_I=[block(chain)],
        Logical_Generalization=[block(brothers, chain, condition="AND", given=(chain,))],
        Forgetfulness=[block(query("MOTHER", "Li", ""))],
    )
    benchmark = read("rippleedits-popular", [first])
    (fact,) = benchmark.facts
    assert [probe.accept for probe in asked(fact, "multihop")] == [
        ("Bo", "Ed"), ("New York City", "NYC"), ("New York City", "NYC")
    ]  # fmt: skip
    assert asked(fact, "multihop")[-1].relations == ("mother", "follows")
    assert kinds(fact)["locality"] == 3
    assert benchmark.notes == (
        "1 tests of several questions, of which each had to hold, are asked as questions",
        "2 blank names of answers left out",
        "4 conditions that chose the tests are not asked",
        "1 edits put the old answer in its own place",
        "1 questions with several right answers, of which any one is accepted",
        "1 questions without text or answer left out",
    )


def test_problems_are_named_by_row_and_field(read: Read) -> None:
    first = row("MOTHER", "Mia Öst", "Ada Quill", "Eva Bek", Relation_Specificity=[block({"prompt": 3})])
    with pytest.raises(
        DataError, match=r"'Relation_Specificity\[0\].test_queries\[0\].prompt': must be a str"
    ):
        read("rippleedits-popular", [first])
