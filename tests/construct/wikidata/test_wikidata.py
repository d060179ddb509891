"""What an entity is called, what holds of it now, what kind of thing it is, and the folder made of that."""

from pathlib import Path

import pytest
from tests.construct.wikidata.items import WORLD, item, named, statement, time

from mlake.construct.source import read_source
from mlake.construct.wikidata.classes import kind_of
from mlake.construct.wikidata.entity import narrow
from mlake.construct.wikidata.laid import is_laid, lay, write_laid
from mlake.construct.wikidata.names import codes, names
from mlake.construct.wikidata.statements import Current, current
from mlake.errors import DataError

TODAY = "2026-11-26"
FIVE = ("en", "de", "fr", "ja", "zh")


def now(*statements: object) -> Current:
    row = narrow(item("Q1", {}, {"P35": statements}), (), ("P35",))  # type: ignore[dict-item]
    return current(row["claims"]["P35"], TODAY)


def test_without_a_name_of_its_own_a_language_has_that_of_all_latin_ones() -> None:
    labels = {"mul": "Douglas Adams", "ja": "ダグラス・アダムズ"}
    assert names(labels, {"mul": ["DNA"], "en": ["Bop Ad"]}, "en") == (
        "Douglas Adams",
        "wd:mul",
        ["Bop Ad", "DNA"],
    )
    assert names(labels, {}, "ja") == ("ダグラス・アダムズ", "wd", [])
    assert names(labels, {}, "zh") is None and names({"mul": "x"}, {}, "ja") is None


@pytest.mark.parametrize(
    ("labels", "name", "witness"),
    [
        ({"zh-hans": "道格拉斯", "zh": "道格拉斯·亞當斯"}, "道格拉斯", "wd:zh-hans"),
        ({"zh-sg": "巴黎", "zh-tw": "巴黎"}, "巴黎", "wd:zh-sg"),
        ({"zh": "歌劇"}, "歌剧", "wd>t2s"),
        ({"zh": "歌剧"}, "歌剧", "wd"),
        ({"zh-hk": "馬納瓜"}, "马纳瓜", "wd:zh-hk>t2s"),
    ],
)
def test_chinese_is_simplified_and_says_from_what(labels: dict[str, str], name: str, witness: str) -> None:
    found = names(labels, {}, "zh")
    assert found is not None and found[:2] == (name, witness)


def test_other_chinese_names_are_kept_beside_the_main_one() -> None:
    found = names({"zh-hans": "悉尼", "zh-tw": "雪梨"}, {"zh": ["雪梨市", "悉尼"], "zh-cn": [" "]}, "zh")
    assert found == ("悉尼", "wd:zh-hans", ["雪梨", "雪梨市"])


def test_all_codes_of_a_language_are_asked_for() -> None:
    assert codes(("en", "fr")) == ("en", "mul", "fr")
    assert {"zh", "zh-hans", "zh-mo"} <= set(codes(("zh",))) and "mul" not in codes(("zh", "ja"))


def test_the_best_rank_alone_holds() -> None:
    assert now("Q10", "Q11").objects == ("Q10", "Q11")
    found = now(statement("Q10", "preferred"), "Q11", statement("Q12", "deprecated"))
    assert found == Current(("Q10",), 1, {"outranked": 1, "deprecated": 1})


def test_what_has_ended_or_not_begun_does_not_hold() -> None:
    found = now(
        statement("Q10", start="1990-00-00", end="2001-05-06"),
        statement("Q11", start="2026-11-26"),
        statement("Q12", start="2027-01-01"),
        statement("Q13", end="2030-00-00"),
    )
    assert found == Current(("Q11", "Q13"), 2, {"ended": 1, "not-begun": 1})
    unknown_end = statement("Q10") | {"qualifiers": {"P582": [{"snaktype": "somevalue"}]}}
    no_end = statement("Q11") | {"qualifiers": {"P582": [{"snaktype": "novalue"}]}}
    before_christ = statement("Q12")
    before_christ["qualifiers"] = {"P582": [time("0044-03-15")]}
    before_christ["qualifiers"]["P582"][0]["datavalue"]["value"]["time"] = "-0044-03-15T00:00:00Z"
    assert now(unknown_end, no_end, before_christ).objects == ("Q11",)


def test_an_unknown_object_is_one_and_none_is_none() -> None:
    found = now("Q10", statement(None), statement(None, snaktype="novalue"))
    assert found == Current(("Q10",), 2, {"no-value": 1})
    assert now(statement("Q10", old=True)).objects == ("Q10",)  # old dumps have numbers alone
    text = statement(None) | {
        "mainsnak": {"snaktype": "value", "datavalue": {"value": "x", "type": "string"}}
    }
    assert now(text) == Current((), 1, {})


def test_a_kind_is_told_by_classes_and_by_those_above_them() -> None:
    assert kind_of(["Q5"], {}) == "person"
    assert kind_of(["Q515", "Q1549591", "Q5119"], {}) == "city"
    assert kind_of(["Q90000001"], {"Q90000001": ["Q90000002"], "Q90000002": ["Q515"]}) == "city"
    assert kind_of(["Q90000001"], {"Q90000001": ["Q90000001"]}) == "other" == kind_of([], {})


def world(langs: tuple[str, ...] = ("en", "de"), **more: object) -> list[dict[str, object]]:
    entities = [*WORLD.values(), *more.values()]
    return [narrow(one, codes(langs), ("P31", "P36", "P17")) for one in entities]  # type: ignore[arg-type]


def test_a_folder_is_laid_out_and_read(tmp_path: Path) -> None:
    more = named("Q38", "Italy", {"P36": ["Q220", "Q90"], "P17": ["Q1000"], "P31": ["Q6256"]})
    laid = lay(
        world(italy=more),
        langs=("en", "de"),
        relations=("P36", "P17"),
        parents={"Q90000001": ["Q515"]},
        today=TODAY,
        moved={"Q1000": "Q142"},
    )
    assert dict(laid.lost) == {"unfetched": 1}
    write_laid(tmp_path, laid, {"source": "test"})
    source = read_source(tmp_path, ("en", "de"))
    triples = [(one.subject, one.relation, one.object, one.objects) for one in source.claims]
    assert triples == [
        ("Q38", "P36", "Q90", 2),  # the other one is not there, but it counts
        ("Q38", "P17", "Q142", 1),
        ("Q64", "P17", "Q183", 1),
        ("Q90", "P17", "Q142", 1),
        ("Q142", "P36", "Q90", 1),
        ("Q183", "P36", "Q64", 1),
    ]
    assert {one: source.kind(one) for one in ("Q64", "Q90", "Q142")} == {
        "Q64": "city",
        "Q90": "city",
        "Q142": "country",
    }
    assert source.entities["Q142"].label_from == {"en": "wd", "de": "wd"}
    assert is_laid(tmp_path, {"source": "test"})


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    assert not is_laid(tmp_path, {"source": "wikidata"})
    (tmp_path / "source.json").write_text('{"source": "dump"}')
    with pytest.raises(DataError, match="made with another setting, source"):
        is_laid(tmp_path, {"source": "wikidata"})
    (tmp_path / "source.json").write_text("[")
    with pytest.raises(DataError, match=r"source\.json is damaged; delete"):
        is_laid(tmp_path, {"source": "wikidata"})
