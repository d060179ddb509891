import json
from dataclasses import replace
from typing import Any

from tests.data.neighbours.conftest import Read, asked, kinds


def hop(question: str, answer: str, *aliases: str) -> dict[str, Any]:
    return {"question": question, "cloze": "", "answer": answer, "answer_alias": list(aliases)}


def edit(subject: str, old: str, new: str, question: str, relation: str = "P27") -> dict[str, Any]:
    return {
        "prompt": "{} is bound to",
        "relation_id": relation,
        "target_new": {"str": new, "id": f"Q-{new}"},
        "target_true": {"str": old, "id": f"Q-{old}"},
        "subject": subject,
        "question": question,
    }


LAND = "What is the land of Bo {Lind}?"  # braces of a name must not be taken for a place to fill in


def case(edits: list[dict[str, Any]], new_hops: list[dict[str, Any]], new: list[list[str]]) -> dict[str, Any]:
    old = [["Bo {Lind}", "P27", "Norge"], ["Norge", "P36", "Oslo"]]

    def ids(chain: list[list[str]]) -> list[list[str]]:
        return [[f"Q-{subject}", relation, f"Q-{answer}"] for subject, relation, answer in chain]

    return {
        "case_id": 1,
        "requested_rewrite": edits,
        "questions": ["Which city leads Bo {Lind}'s land?", "Bo {Lind}'s land is led by which city?"],
        "answer": "Oslo",
        "answer_alias": ["Christiania"],
        "new_answer": new[-1][2],
        "new_answer_alias": [],
        "single_hops": [hop(LAND, "Norge", "Norway"), hop("Which city leads Norge?", "Oslo")],
        "new_single_hops": new_hops,
        "orig": {
            "triples": ids(old),
            "triples_labeled": [[one, f"label {relation}", two] for one, relation, two in old],
            "new_triples": ids(new),
            "new_triples_labeled": [[one, f"label {relation}", two] for one, relation, two in new],
            "edit_triples": [],
        },
    }


def cases() -> list[dict[str, Any]]:
    """Two cases that share an edit; the second changes the capital too, which the first one passes."""
    land, capital = edit("Bo {Lind}", "Norge", "España", LAND), "Which city leads España?"
    first = case(
        [land],
        [hop(LAND, "España", "Spain"), hop(capital, "Madrid")],
        [["Bo {Lind}", "P27", "España"], ["España", "P36", "Madrid"]],
    )
    second = case(
        [land, edit("España", "Madrid", "München", capital, "P36")],
        [hop(LAND, "España", "Spain"), hop(capital, "München", "Munich")],
        [["Bo {Lind}", "P27", "España"], ["España", "P36", "München"]],
    )
    return [first, second]


def test_mquake_identical_edits_are_one_fact(read: Read) -> None:
    benchmark = read("mquake-cf-3k-v2", cases())
    one, two = benchmark.facts
    said = one.stated("en")
    assert (one.id, two.id) == ("mquake-cf-3k-v2-0000", "mquake-cf-3k-v2-0001")
    assert (said.subject, said.question, said.new, said.new_aliases) == (
        "Bo {Lind}", LAND, "España", ("Spain",)
    )  # fmt: skip
    assert (said.old, said.old_aliases) == ("Norge", ("Norway",))
    assert said.new_sentence == "Bo {Lind} is bound to España"
    assert (one.subject_id, one.relation_id, one.relations) == (
        "Q-Bo {Lind}", "P27", {"en": "label P27"}
    )  # fmt: skip
    assert kinds(one) == {"direct": 1, "multihop": 2, "multihop_before": 2, "bridge": 1, "locality": 1}
    assert kinds(two) == {"direct": 1, "multihop": 2, "multihop_before": 2, "locality": 1}
    assert two.stated("en").old_aliases == ()


def test_mquake_question_over_two_edits_needs_both(read: Read) -> None:
    one, two = read("mquake-cf-3k-v2", cases()).facts
    assert {probe.needs for probe in one.probes} == {()}
    for probe in asked(two, "multihop"):
        assert probe.needs == (one.id,)
        assert (probe.accept, probe.reject) == (("München",), ("Oslo", "Christiania"))
        assert probe.triples[1] == ("Q-España", "P36", "Q-München")
    assert [probe.accept for probe in asked(two, "multihop_before")] == [("Oslo", "Christiania")] * 2
    assert asked(two, "multihop_before")[0].needs == ()


def test_mquake_single_hops(read: Read) -> None:
    one, two = read("mquake-cf-3k-v2", cases()).facts
    (bridge,), (locality,) = asked(one, "bridge"), asked(one, "locality")
    assert (bridge.text, bridge.accept) == ("Which city leads España?", ("Madrid",))
    assert (locality.text, locality.accept) == ("Which city leads Norge?", ("Oslo",))
    assert asked(two, "bridge") == []


def test_mquake_conflicts_are_counted(read: Read) -> None:
    first, second = cases()
    again = json.loads(json.dumps(second).replace("M\\u00fcnchen", "Sevilla"))
    benchmark = read("mquake-cf-3k-v2", [first, second, again, first])
    assert [fact.stated("en").new for fact in benchmark.facts] == ["España", "München", "Sevilla"]
    assert benchmark.notes == (
        "2 single hops repeated in another case of the same fact: asked once",
        "2 facts contradict another fact about the same subject and relation",
        "4 cases pass a fact that another case changes: wrong where both are edited",
    )


def test_mquake_t_has_more_answers_from_before(read: Read) -> None:
    first = cases()[0] | {"answer_extended": ["Bergen", "Oslo"]}
    (fact,) = read("mquake-t", [first]).facts
    assert asked(fact, "multihop_before")[0].accept == ("Oslo", "Christiania", "Bergen")
    assert asked(fact, "multihop")[0].reject == ("Oslo", "Christiania", "Bergen")


def test_mquake_chain_without_its_hops(read: Read) -> None:
    first = cases()[0]
    first["new_single_hops"].pop()
    benchmark = read("mquake-cf-3k-v2", [first])
    assert benchmark.notes == ("1 chains with another number of single hops: single hops left out",)
    assert kinds(benchmark.facts[0])["bridge"] == 0
    assert asked(benchmark.facts[0], "multihop")[0].accept == ("Madrid",)


def flat(row: dict[str, Any]) -> dict[str, Any]:
    """A case as MQuAKE-Remastered lays it out."""
    orig = row["orig"]
    rewrites = [
        {name: one[name] for name in ("prompt", "relation_id", "subject", "question")}
        | {f"{side}_str": one[side]["str"] for side in ("target_true", "target_new")}
        | {f"{side}_id": one[side]["id"] for side in ("target_true", "target_new")}
        for one in row["requested_rewrite"]
    ]
    chains = {("orig_" if name.startswith("triples") else "") + name: orig[name] for name in orig}
    return {**row, **chains, "orig": None, "requested_rewrite": rewrites, "new_answer_alias": None}


def test_mquake_remastered_differs_in_layout_alone(read: Read, tables: None) -> None:
    remastered = read("mquake-remastered-cf-3k", [flat(one) for one in cases()])
    plain = read("mquake-cf-3k-v2", cases())
    assert [fact.stated("en").new_aliases for fact in remastered.facts] == [("Spain",), ("Munich",)]
    ours, theirs = (
        [
            [replace(probe, id="", fact="", needs=tuple("n" for _ in probe.needs)) for probe in fact.probes]
            for fact in benchmark.facts
        ]
        for benchmark in (remastered, plain)
    )
    assert ours == theirs
