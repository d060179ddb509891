"""The packaged snapshot, its tables of kinds and relations, and what is said of a bad source."""

import json
from collections import Counter
from pathlib import Path

import pytest

from mlake.construct.kinds import ENTITY_KINDS, kinds
from mlake.construct.relations import check_known, read_relations
from mlake.construct.source import Source, read_source, snapshot
from mlake.errors import DataError, UnknownNameError

FIVE = ("en", "de", "fr", "ja", "zh")
PARIS = {"id": "Q90", "labels": {"en": "Paris"}, "kind": "place"}
FRANCE = {"id": "Q142", "labels": {"en": "France"}, "kind": "country"}
CAPITAL = {"s": "Q142", "p": "P36", "o": "Q90", "source": ["xf"]}


@pytest.fixture(scope="module")
def source() -> Source:
    return read_source(None, FIVE)


def folder(path: Path, entities: list[object], statements: list[object]) -> Path:
    for name, rows in (("entities", entities), ("statements", statements)):
        (path / f"{name}.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return path


def test_the_snapshot_holds_what_its_own_counts_say(source: Source) -> None:
    counts = json.loads((snapshot() / "counts.json").read_text(encoding="utf-8"))
    assert len(source.entities) == counts["entities"]
    assert Counter(claim.relation for claim in source.claims) == counts["facts"]
    assert all(set(FIVE) <= set(one.labels) for one in source.entities.values())


def test_every_entity_has_a_kind_and_the_exceptions_are_entities(source: Source) -> None:
    assert {one.kind for one in source.entities.values()} <= set(ENTITY_KINDS)
    assert set(kinds().entities) <= set(source.entities)
    wrong_there = {"Q71": "city", "Q174009": "character", "Q477115": "event", "Q1904": "region"}
    assert {one: source.kind(one) for one in wrong_there} == wrong_there


def test_every_relation_of_the_snapshot_has_a_row_and_kinds_that_fit_its_facts(source: Source) -> None:
    relations = read_relations()
    check_known(relations, source)
    assert {claim.relation for claim in source.claims} == set(relations)
    for name, row in relations.items():
        claims = [claim for claim in source.claims if claim.relation == name]
        fitting = [one for one in claims if row.fits(source.kind(one.subject), source.kind(one.object))]
        assert len(fitting) > len(claims) / 2 - 1, name
        assert {*row.conflicts, *row.mirrors, *row.silly} <= set(relations)
        assert all(name in relations[other].conflicts for other in row.conflicts), name
        assert all(row.volatile == one.volatile and row.sensitive == one.sensitive for one in claims), name


def test_a_further_language_comes_from_its_file(source: Source) -> None:
    spanish = read_source(None, (*FIVE, "es"))
    assert spanish.label("Q16", "es") == "Canadá"
    assert "es" not in source.entities["Q16"].labels
    assert sum("es" in one.labels for one in spanish.entities.values()) == 873


def test_a_folder_of_ones_own_is_read(tmp_path: Path) -> None:
    own = read_source(folder(tmp_path, [PARIS, FRANCE], [CAPITAL]), ("en",))
    assert own.kind("Q90") == "city"
    assert [(one.subject, one.relation, one.object, one.source) for one in own.claims] == [
        ("Q142", "P36", "Q90", ("xf",))
    ]


@pytest.mark.parametrize(
    ("entities", "statements", "said"),
    [
        ([PARIS], [CAPITAL], "statements.jsonl: 'Q142' is no entity"),
        ([PARIS, PARIS], [], "'Q90' stands there twice"),
        ([{"id": "Q90"}], [], "entities.jsonl line 1: labels is missing"),
        ([PARIS | {"labels": {"en": ""}}], [], "labels.en must be a name"),
        ([PARIS | {"aliases": {"en": "Paname"}}], [], "must be a list of names"),
        ([PARIS], [{"s": "Q90", "p": "P17"}], "statements.jsonl line 1: o is missing"),
        ([PARIS | {"labels": {"de": "Paris"}}], [], "no labels in 'en'"),
    ],
)
def test_a_bad_source_is_one_line(
    tmp_path: Path, entities: list[object], statements: list[object], said: str
) -> None:
    with pytest.raises(DataError) as error:
        read_source(folder(tmp_path, entities, statements), ("en",))
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_a_missing_or_mistaken_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"cannot read .*entities.jsonl: No such file"):
        read_source(tmp_path, ("en",))
    (tmp_path / "entities.jsonl").write_bytes("{}\n".encode("utf-16"))
    with pytest.raises(DataError, match="is no UTF-8"):
        read_source(tmp_path, ("en",))
    (tmp_path / "entities.jsonl").write_text("{\n")
    with pytest.raises(DataError, match="line 1 is no JSON"):
        read_source(tmp_path, ("en",))
    with pytest.raises(UnknownNameError, match="xx"):
        read_source(None, ("xx",))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[capital]\nlabel = 'capital'\nobjects = {}\n", "must be named by a Wikidata property"),
        ("[P36]\nlabel = 'capital'\n", "[P36]: objects is missing"),
        ("[P36]\nlabel = 'capital'\nobjects = { land = ['city'] }\n", "objects.land is not known"),
        ("[P36]\nlabel = 'capital'\nobjects = { country = ['town'] }\n", "unknown kind of entity 'town'"),
        ("[P36]\nlabel = 'capital'\nobjects = {}\nsilli = []\n", "did you mean 'silly'?"),
        ("[P36\n", "is no TOML"),
        ("P36 = 1\n", "must be an object"),
    ],
)
def test_a_bad_table_of_relations_is_one_line(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "own.toml").write_text(text)
    with pytest.raises(DataError) as error:
        read_relations(tmp_path / "own.toml")
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_a_relation_without_a_statement_is_named(tmp_path: Path, source: Source) -> None:
    (tmp_path / "own.toml").write_text("[P9999]\nlabel = 'of nothing'\nobjects = {}\n")
    with pytest.raises(DataError, match="no statement of relation 'P9999'"):
        check_known(read_relations(tmp_path / "own.toml"), source)
