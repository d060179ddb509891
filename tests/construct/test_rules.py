"""Each rule by which statements, facts and chains are left out, on real material."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from mlake.construct.facts import filtered, make_chains, make_facts
from mlake.construct.relations import read_relations
from mlake.construct.rules import CHAIN_RULES, FACT_RULES, STATEMENT_RULES, Setting
from mlake.construct.source import Claim, Entity, Source, read_source, snapshot
from mlake.construct.stage import Made

FIVE = ("en", "de", "fr", "ja", "zh")


@cache
def setting() -> Setting:
    return Setting(source=read_source(None, FIVE), relations=read_relations(), langs=FIVE)


@cache
def facts() -> Made:
    return make_facts(setting())


@cache
def filters() -> Made:
    return filtered(setting(), make_chains(facts().rows).rows)


def cases(name: str) -> list[dict[str, Any]]:
    text = (snapshot() / "filter-cases" / name).read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def entity(name: str, labels: Mapping[str, str], kind: str) -> Entity:
    return Entity(id=name, kind=kind, labels=labels, aliases={}, label_from={})


def only(entities: Sequence[Entity], *claims: Claim) -> Setting:
    return replace(setting(), source=Source({one.id: one for one in entities}, claims), named={})


def dropped(made: Made, rule: str) -> dict[str, str]:
    return {drop.id: drop.why for drop in made.drops if drop.rule == rule}


def left_out(made: Setting) -> dict[str, str]:
    """Id of what the first three stages leave out to the rule."""
    first = make_facts(made)
    last = filtered(made, make_chains(first.rows).rows)
    return {drop.id: drop.rule for drop in (*first.drops, *last.drops)}


def test_rules_have_names_of_their_own_and_count_all_that_is_left_out() -> None:
    names = [rule.name for rule in STATEMENT_RULES]
    names += [rule.name for rule in FACT_RULES] + [rule.name for rule in CHAIN_RULES]
    assert len(set(names)) == len(names)
    assert len(facts().rows) + len(facts().drops) == len(setting().source.claims)
    of_facts = {rule.name for rule in FACT_RULES}
    lost = [drop for drop in filters().drops if drop.rule in of_facts]
    assert len(filters().rows) + len(lost) == len(facts().rows)


def test_a_fact_says_what_it_is_and_who_has_it() -> None:
    row = next(row for row in facts().rows if row["id"] == "Q142/P36")
    assert row["text"] == "France | capital | Paris"
    assert (row["subject"], row["relation"], row["object"]) == ("Q142", "P36", "Q90")
    assert set(row["source"]) <= {"mp", "xf", "ml"}


@pytest.mark.parametrize(
    ("rule", "fact"),
    [
        ("volatile", "Q312/P159"),  # where Apple sits
        ("sensitive", "Q3044/P140"),  # the faith of Charlemagne
        ("kinds", "Q9682/P19"),  # a queen born in Mayfair, which is no city
    ],
)
def test_statements_that_are_left_out(rule: str, fact: str) -> None:
    assert fact in dropped(facts(), rule)


def test_flags_let_volatile_and_sensitive_relations_in() -> None:
    more = {row["id"] for row in make_facts(replace(setting(), allowed=("volatile", "sensitive"))).rows}
    assert {"Q312/P159", "Q3044/P140", "Q30/P35"} <= more
    some = {row["id"] for row in make_facts(replace(setting(), allowed=("volatile",))).rows}
    assert "Q312/P159" in some
    assert "Q30/P35" not in some  # a head of state is both


def test_a_witness_can_be_left_out() -> None:
    rows = make_facts(replace(setting(), without=("ml",))).rows
    assert rows
    assert all(set(row["source"]) != {"ml"} for row in rows)
    assert len(rows) < len(facts().rows)


def test_statements_of_relations_without_a_row_are_counted() -> None:
    few = {"P36": setting().relations["P36"]}
    made = make_facts(replace(setting(), relations=few))
    assert {row["relation"] for row in made.rows} == {"P36"}
    assert (
        len(dropped(made, "relation")) == len({c.subject + c.relation for c in setting().source.claims}) - 85
    )


def test_subjects_with_several_objects_in_wikidata_are_left_out() -> None:
    entities = [
        entity(row["id"], row["labels"], "country") for row in cases("several_objects_entities.jsonl")
    ]
    rows = [row for row in cases("several_objects.jsonl") if row["p"] in setting().relations]
    claims = [
        Claim(subject=row["s"], relation=row["p"], object=one, source=tuple(row["source"]))
        for row in rows
        for one in row["o"]
    ]
    wide = {
        name: replace(row, objects={"country": ("country",)}) for name, row in setting().relations.items()
    }
    made = make_facts(replace(only(entities, *claims), relations=wide, allowed=("volatile", "sensitive")))
    assert len(rows) > 30
    assert made.rows == []
    assert set(dropped(made, "one-object")) == {f"{row['s']}/{row['p']}" for row in rows}


def test_a_source_that_knows_of_more_objects_is_believed() -> None:
    paris, france = setting().entity("Q90"), setting().entity("Q142")
    claim = Claim(subject="Q142", relation="P36", object="Q90", source=("xf",), objects=2)
    assert left_out(only([paris, france], claim)) == {"Q142/P36": "one-object"}


def test_a_statement_that_stands_there_twice_is_taken_once() -> None:
    paris, france = setting().entity("Q90"), setting().entity("Q142")
    claim = Claim(subject="Q142", relation="P36", object="Q90", source=("xf",))
    made = make_facts(only([paris, france], claim, replace(claim)))
    assert [row["id"] for row in made.rows] == ["Q142/P36"]
    assert dropped(made, "twice") == {"Q142/P36": "stands there already"}


def test_entities_without_a_name_in_a_language_are_left_out() -> None:
    rows = cases("incomplete_labels.jsonl")
    people = [entity(row["id"], row["labels"], "person") for row in rows]
    claims = [Claim(subject=one.id, relation="P20", object="Q220", source=("mp",)) for one in people]
    made = only([*people, setting().entity("Q220")], *claims)
    assert left_out(made) == {f"{row['id']}/P20": "names" for row in rows}


def test_chinese_names_in_traditional_characters_are_left_out() -> None:
    for row in cases("zh_variants.jsonl"):
        labels = dict.fromkeys(FIVE, "Anna Smith") | {"zh": row["zh_source"]}
        claim = Claim(subject=row["id"], relation="P20", object="Q220", source=("mp",))
        made = only([entity(row["id"], labels, "person"), setting().entity("Q220")], claim)
        assert left_out(made) == {f"{row['id']}/P20": "script"}, row
        labels["zh"] = row["zh"]
        made = only([entity(row["id"], labels, "person"), setting().entity("Q220")], claim)
        assert "script" not in left_out(made).values(), row


def test_names_in_another_script_or_with_brackets_are_left_out() -> None:
    rome = setting().entity("Q220")
    claim = Claim(subject="Q1", relation="P20", object="Q220", source=("mp",))
    for name, rule in (("Пушкин", "script"), ("Africa (film)", "plain"), ("Q42", "plain"), ("--", "plain")):
        labels = dict.fromkeys(FIVE, "Anna Smith") | {"en": name}
        assert left_out(only([entity("Q1", labels, "person"), rome], claim)) == {"Q1/P20": rule}


@pytest.mark.parametrize(
    ("rule", "fact"),
    [
        ("unwanted", "Q184870/P176"),  # a bomber
        ("unwanted", "Q7934/P106"),  # true, but not what he is known for
        ("unwanted", "Q82545/P264"),  # a word of an English name
        ("ambiguous", "Q28515/P17"),  # one of two Springfields
        ("told", "Q41506/P112"),  # who founded Stanford University
        ("told", "Q213665/P495"),  # K-pop is named after its country in Chinese
    ],
)
def test_facts_that_are_left_out(rule: str, fact: str) -> None:
    assert fact in dropped(filters(), rule)


def test_a_class_of_weapons_is_unwanted() -> None:
    pistol = replace(setting().entity("Q159527"), kind="device")
    maker = setting().entity("Q312")
    claim = Claim(subject="Q159527", relation="P176", object="Q312", source=("xf",))
    assert left_out(only([pistol, maker], claim)) == {"Q159527/P176": "unwanted"}


def test_one_name_for_subject_and_object_is_left_out() -> None:
    one, other = entity("Q1", dict.fromkeys(FIVE, "Lima"), "city"), setting().entity("Q20")
    same = replace(other, labels={**other.labels, "fr": "Lima"})
    claim = Claim(subject="Q1", relation="P17", object="Q20", source=("xf",))
    assert left_out(only([one, same], claim)) == {"Q1/P17": "same-name"}
    longer = replace(other, labels={**other.labels, "fr": "Grand Lima"})
    assert left_out(only([one, longer], claim)) == {"Q1/P17": "told"}


@pytest.mark.parametrize(
    ("rule", "chain"),
    [
        ("hop", "Q116546/P50>P800"),  # the notable work of the author of a notable work
        ("cycle", "Q90/P17>P36"),  # the capital of the country that Paris lies in
        ("silly", "Q21/P36>P17"),  # the country of a capital
        ("chain-told", "Q152087/P17>P36"),  # the Humboldt University of Berlin lies in the country of Berlin
    ],
)
def test_chains_that_are_left_out(rule: str, chain: str) -> None:
    assert chain in dropped(filters(), rule)


def test_what_is_kept_has_second_hops_that_are_facts_of_its_object() -> None:
    kept = {(row["subject"], row["relation"], row["object"]) for row in filters().rows}
    hops = [(row, hop) for row in filters().rows for hop in row["before"]]
    assert len(hops) > 800
    for row, hop in hops:
        assert tuple(hop) in kept
        assert hop[0] == row["object"]
        assert hop[2] not in (row["subject"], row["object"])
