"""The packaged snapshot as edits and splits: what is asked of a benchmark, over every triple of it."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import pytest

from mlake.construct.contradiction import Edit, Mark, marks_of, marks_on
from mlake.construct.counterfactual import Chooser
from mlake.construct.edits import EDIT_ROW, EDIT_RULES, make_edits
from mlake.construct.facts import filtered, make_chains, make_facts
from mlake.construct.pick import OBJECT_CAP
from mlake.construct.pipeline import meanings
from mlake.construct.relations import read_relations
from mlake.construct.rules import CHAIN_RULES, FACT_RULES, STATEMENT_RULES, Setting, named_in
from mlake.construct.source import Source, read_source
from mlake.construct.splits import SPLIT_ROW, edited_pairs, known_pairs, make_splits
from mlake.construct.stage import Made, Row
from mlake.construct.whereabouts import Whereabouts
from mlake.data.faults import faults
from mlake.records import Triple

FIVE = ("en", "de", "fr", "ja", "zh")


@cache
def setting() -> Setting:
    return Setting(source=read_source(None, FIVE), relations=read_relations(), langs=FIVE)


@cache
def kept() -> Made:
    return filtered(setting(), make_chains(make_facts(setting()).rows).rows)


@cache
def edits() -> Made:
    return make_edits(setting(), kept().rows, 0)


def edit_of(row: Row) -> Edit:
    return Edit(row["subject"], row["relation"], row["object"], row["new"])


def asked(row: Row) -> Iterator[Triple]:
    """Every statement that a question about a fact takes for true, whatever else is edited."""
    yield from map(Triple._make, (*row["before"], *row["after"], *row["others"]))


def test_there_are_enough_edits_and_questions() -> None:
    rows = edits().rows
    assert len(rows) >= 720
    assert len({row["relation"] for row in rows}) >= 31
    assert sum(len(row["before"]) for row in rows) >= 615
    assert sum(len(row["after"]) for row in rows) >= 1005


def test_rows_are_of_their_shape() -> None:
    assert [list(faults(row, EDIT_ROW)) for row in edits().rows] == [[]] * len(edits().rows)


def test_the_first_facts_are_a_sample_of_all_relations() -> None:
    """Whoever takes the first of them must not get those of one relation."""
    rows = edits().rows
    every, first = (Counter(row["relation"] for row in some) for some in (rows, rows[:100]))
    assert len(first) >= 20 and max(first.values()) <= 2 * 100 * max(every.values()) / len(rows)


def test_every_fact_is_edited_or_the_rule_against_it_is_named() -> None:
    named = {drop.id for drop in edits().drops if ">" not in drop.id}
    made = {row["id"] for row in edits().rows}
    assert not named & made
    assert named | made == {row["id"] for row in kept().rows}
    assert {drop.rule for drop in edits().drops} <= set(meanings())
    names = [*(one.name for one in STATEMENT_RULES), *(one.name for one in FACT_RULES), *EDIT_RULES]
    names += [one.name for one in CHAIN_RULES]
    assert len(set(names)) == len(names)


def test_no_statement_of_any_question_is_one_that_an_edit_contradicts() -> None:
    marks: dict[Mark, str] = {}
    for row in edits().rows:
        for mark in marks_on(edit_of(row), setting().relations):
            marks.setdefault(mark, row["id"])
    for row in edits().rows:
        for one in asked(row):
            against = [marks[mark] for mark in marks_of(one) if mark in marks]
            assert not against, f"{one} of {row['id']} against {against}"


def test_no_edit_contradicts_another_one() -> None:
    said = [(edit_of(row).statement, row["id"]) for row in edits().rows]
    by_mark: dict[Mark, set[str]] = {}
    for one, name in said:
        for mark in marks_of(one):
            by_mark.setdefault(mark, set()).add(name)
    for row in edits().rows:
        for mark in marks_on(edit_of(row), setting().relations):
            assert by_mark.get(mark, set()) <= {row["id"]}, f"{row['id']} at {mark}"


def test_second_hops_are_facts_of_the_source_about_the_old_and_the_new_object() -> None:
    facts = {(one.subject, one.relation, one.object) for one in setting().source.claims}
    for row in edits().rows:
        for when, middle in (("before", row["object"]), ("after", row["new"])):
            assert len(row[when]) <= 3
            assert len({hop[1] for hop in row[when]}) == len(row[when])
            for hop in row[when]:
                assert tuple(hop) in facts
                assert hop[0] == middle
                assert hop[2] not in (row["subject"], middle)
                assert row["relation"] not in setting().relations[hop[1]].silly


def test_the_whereabouts_of_things_are_known_beyond_the_statements() -> None:
    where = Whereabouts(setting().source)
    assert where.answers("Q12191", "P17") == {"Q142"}  # Nantes, by the table
    assert where.answers("Q12191", "P30") == {"Q46"}
    assert "Q145" in where.answers("Q84", "P17")  # London, by a statement
    assert "Q21" in where.around("Q84")  # and as the capital of England
    assert where.answers("Q43", "P30") == {"Q46", "Q48"}  # Turkey is on two continents
    assert where.answers("Q90", "P36") == set()
    places = {name for name, one in setting().source.entities.items() if one.kind in ("city", "region")}
    objects = {row["object"] for row in kept().rows} & places
    assert [one for one in objects if not where.answers(one, "P17") or not where.answers(one, "P30")] == []


def test_a_second_hop_has_another_answer_after_the_edit() -> None:
    where = Whereabouts(setting().source)
    for row in edits().rows:
        true = {(one.relation, one.object) for one in setting().source.about(row["object"])}
        for hop in row["after"]:
            assert (hop[1], hop[2]) not in true, row["id"]
            assert hop[2] not in where.answers(row["object"], hop[1]), row["id"]


def test_new_objects_are_of_the_kind_of_the_old_and_not_true() -> None:
    about, kind = setting().source.about, setting().source.kind
    for row in edits().rows:
        subject, old, new = row["subject"], row["object"], row["new"]
        assert kind(new) == kind(old)
        assert new not in {one.object for one in about(subject)}
        assert subject not in {one.object for one in about(new)}
        for one in row["distractors"]:
            assert kind(one) == kind(old)
            assert one not in {claim.object for claim in about(subject)}
        assert len({subject, old, new, *row["distractors"]}) == 5


def test_no_name_of_subject_answers_and_options_stands_in_another_one() -> None:
    for row in edits().rows:
        ends = [row["object"], row["new"], *row["distractors"]]
        for one in ends:
            for other in (*ends, row["subject"]):
                if one != other:
                    pair = setting().entity(one), setting().entity(other)
                    assert not named_in(setting(), *pair), row["text"]


def test_objects_that_often_hold_together_do_not_take_each_others_place() -> None:
    for row in edits().rows:
        relation = setting().relations[row["relation"]]
        for one in (row["new"], *row["distractors"]):
            assert relation.swaps(row["object"], one), row["text"]
    genre, spouse = setting().relations["P136"], setting().relations["P26"]
    assert not genre.swaps("Q182659", "Q8341")  # a singer of ballads may sing jazz
    assert genre.swaps("Q182659", "Q170238")
    assert spouse.swaps("Q234773", "Q44063")
    assert not spouse.swaps("Q234773", "Q8027")
    assert spouse.swaps("Q62766", "Q8027")


def test_new_objects_of_a_relation_differ() -> None:
    by: dict[str, Counter[str]] = {}
    for row in edits().rows:
        by.setdefault(row["relation"], Counter())[row["new"]] += 1
    for relation, news in by.items():
        if news.total() > 5:
            assert max(news.values()) <= 0.5 * news.total() + 1, relation


def test_no_object_old_or_new_is_in_too_many_edits() -> None:
    for end in ("object", "new"):
        assert max(Counter(row[end] for row in edits().rows).values()) <= OBJECT_CAP


def test_questions_about_other_facts_are_about_facts_that_nothing_edits() -> None:
    true = {(row["subject"], row["relation"], row["object"]) for row in kept().rows}
    edited = {(row["subject"], row["relation"]) for row in edits().rows}
    alike = 0
    for row in edits().rows:
        assert len({tuple(one) for one in row["others"]}) == 2
        for subject, relation, obj in row["others"]:
            assert (subject, relation, obj) in true
            assert (subject, relation) not in edited
            assert not {subject, obj} & {row["subject"], row["object"], row["new"]}
        alike += row["relation"] == row["others"][0][1]
    assert alike > 0.85 * len(edits().rows)


def test_the_seed_decides_and_nothing_else() -> None:
    again = make_edits(
        Setting(source=read_source(None, FIVE), relations=read_relations(), langs=FIVE), kept().rows, 0
    )
    assert again.rows == edits().rows
    assert again.drops == edits().drops
    other = make_edits(setting(), kept().rows, 1)
    assert [row["new"] for row in other.rows] != [row["new"] for row in edits().rows]


@pytest.mark.parametrize(
    ("edit", "statement"),
    [
        (Edit("Q90", "P17", "Q142", "Q38"), Triple("Q90", "P17", "Q142")),  # the same subject and relation
        (Edit("Q90", "P17", "Q142", "Q17"), Triple("Q90", "P30", "Q46")),  # the continent of a moved city
        (Edit("Q90", "P17", "Q142", "Q38"), Triple("Q142", "P36", "Q90")),  # whose capital a moved city is
        (Edit("Q16", "P36", "Q1930", "Q90"), Triple("Q90", "P17", "Q142")),  # the country of a new capital
        (Edit("Q16", "P36", "Q1930", "Q90"), Triple("Q1930", "P131", "Q1904")),  # that of the old one
        (Edit("Q16", "P36", "Q1930", "Q90"), Triple("Q142", "P36", "Q90")),  # what else it is the capital of
        (Edit("Q8027", "P26", "Q230969", "Q62766"), Triple("Q230969", "P26", "Q8027")),  # the other way round
        (
            Edit("Q8027", "P26", "Q230969", "Q62766"),
            Triple("Q36153", "P26", "Q62766"),
        ),  # the new one's spouse
        (Edit("Q41567", "P50", "Q692", "Q859"), Triple("Q41567", "P170", "Q692")),  # creator for author
    ],
)
def test_what_an_edit_contradicts(edit: Edit, statement: Triple) -> None:
    assert set(marks_on(edit, setting().relations)) & set(marks_of(statement))


@pytest.mark.parametrize(
    "statement",
    [
        Triple("Q142", "P36", "Q90"),  # of the country that a city moves from
        Triple("Q90", "P37", "Q150"),
        Triple("Q64", "P17", "Q183"),
        Triple("Q38", "P36", "Q220"),
    ],
)
def test_what_it_does_not_contradict(statement: Triple) -> None:
    edit = Edit("Q1748", "P17", "Q35", "Q142")  # Copenhagen lies in France
    assert not set(marks_on(edit, setting().relations)) & set(marks_of(statement))


def test_a_fact_for_which_no_object_will_do_stays_true() -> None:
    few = [row for row in kept().rows if row["id"] in ("Q21/P36", "Q142/P36")]
    plain = [row | {"before": []} for row in few]
    known = {name: setting().entity(name) for name in ("Q21", "Q84", "Q142", "Q90")}
    made = make_edits(replace(setting(), source=Source(known, ())), plain, 0)
    assert made.rows == []
    assert {drop.rule for drop in made.drops} <= {"no-new-object", "no-distractors", "contradiction"}


def test_a_country_of_the_past_is_no_new_country_of_today() -> None:
    past = "Q3024240"
    types = {name: one.types for name, one in setting().source.entities.items()}
    for row in edits().rows:
        if past not in types[row["object"]]:
            assert not any(past in types[one] for one in (row["new"], *row["distractors"])), row["text"]


def test_the_object_within_two_statements_is_never_new() -> None:
    edit = Edit("Q692", "P1412", "Q1860", None)  # what Shakespeare spoke
    facts = [Triple(row["subject"], row["relation"], row["object"]) for row in kept().rows]
    chooser = Chooser(setting(), facts, [edit], 0)
    new = chooser.choose(edit)
    assert new is not None
    assert setting().source.kind(new) == "language"


@cache
def splits() -> Made:
    return make_splits(edits().rows, {row["id"] for row in edits().rows}, 0)


def test_the_tuning_split_is_unknown_to_mini_and_the_release() -> None:
    rows = {row["id"]: row for row in edits().rows}
    tuning = [rows[row["fact"]] for row in splits().rows if row["split"] == "tuning"]
    assert len(tuning) >= 150
    known, edited = known_pairs(), edited_pairs()
    assert ("Q410", "P108") in edited  # the release's first fact
    assert ("Q243", "P131") in edited  # that of mini
    assert ("Q90", "P17") in known  # a second hop of mini
    for row in tuning:
        assert (row["subject"], row["relation"]) not in known
        assert "ml" not in row["source"]
        assert not {tuple(hop[:2]) for hop in (*row["before"], *row["after"])} & edited
    assert len({row["relation"] for row in tuning}) >= 15
    assert sum(len(row["after"]) for row in tuning) >= 100


def test_every_fact_with_texts_has_a_split() -> None:
    assert [row["fact"] for row in splits().rows] == [row["id"] for row in edits().rows]
    assert [list(faults(row, SPLIT_ROW)) for row in splits().rows] == [[]] * len(splits().rows)
    some = {row["id"] for row in edits().rows[:100]}
    made = make_splits(edits().rows, some, 0)
    assert {row["fact"] for row in made.rows} == some
    assert {row["split"] for row in made.rows} == {"tuning", "test"}
