"""The release of a build: what each of its files holds, counted again from the rows."""

import json
import re
from collections import Counter
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.conftest import ROOT

from mlake.construct.release import card, make
from mlake.construct.release.built import Built
from mlake.construct.release.columns import benchmark_tables, build_tables
from mlake.construct.release.make import release_files
from mlake.construct.release.readings import Reading, readings
from mlake.construct.wording import worded_languages
from mlake.data import load, read_jsonl
from mlake.disk import write_files
from mlake.errors import DataError

Files = dict[str, bytes]
LANGS = ("en", "de", "fr", "ja", "zh")


@pytest.fixture(scope="module")
def files(built: Built) -> Files:
    return release_files(built)


@pytest.fixture(scope="module")
def folder(files: Files, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("release")
    write_files(place, files)
    return place


def lines(files: Files, path: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in files[path].decode().splitlines()]


def cells(page: str, *head: str) -> list[list[str]]:
    """Body of the tables with these headings, in one list."""
    start = re.escape(f"| {' | '.join(head)} |")
    found = re.findall(rf"^{start}\n\|[ -|]*\|\n((?:\|.*\n)+)", page, re.MULTILINE)
    assert found, head
    return [row[2:-2].split(" | ") for body in found for row in body.splitlines()]


def test_splits_hold_the_facts_put_into_them(files: Files, folder: Path, built: Built) -> None:
    for split, count in (("tuning", 6), ("test", 18)):
        wanted = [row["fact"] for row in built.splits if row["split"] == split]
        assert [fact.id for fact in load(folder / f"mlake/{split}.jsonl").facts] == wanted
        assert [row["fact"] for row in lines(files, f"data/facts/{split}.jsonl")] == wanted
        assert [row["fact"] for row in lines(files, f"data/provenance/{split}.jsonl")] == wanted
        assert len(wanted) == count


def test_the_papers_format_holds_the_same(folder: Path) -> None:
    own, paper = read_jsonl(folder / "mlake/test.jsonl"), load(folder / "paper/test")
    kinds = ("direct", "multihop", "multihop_before")
    for ours, theirs in zip(own.facts, paper.facts, strict=True):
        for lang in LANGS:
            mine, yours = ours.stated(lang), theirs.stated(lang)
            assert replace(mine, fact="") == replace(yours, fact="")
        asked = Counter((p.kind, p.lang, p.text, p.accept) for p in ours.probes if p.kind in kinds)
        assert asked == Counter((p.kind, p.lang, p.text, p.accept) for p in theirs.probes)
    assert paper.unlinked == ()
    choices = json.loads((folder / "paper/test/single_hop/fr_mcqa.json").read_bytes())
    assert len(choices) == 18 and len(choices[0]["options"]) == 4
    assert {choices[0]["o_answer"], choices[0]["e_answer"]} < set("ABCD")


def test_provenance_of_every_fact(files: Files, built: Built) -> None:
    rows = {row["fact"]: row for row in lines(files, "data/provenance/tuning.jsonl")}
    first = rows["mini-00"]
    assert (first["subject"], first["relation"], first["old"], first["new"]) == (
        "Q243",
        "P131",
        "Q90",
        "Q220",
    )
    assert first["after"] == [{"subject": "Q220", "relation": "P17", "object": "Q38"}]
    assert first["left_out"] == ["answer-in-question: en: “Italy | <b>”"]
    assert rows["mini-01"]["left_out"] == [] and first["reviews"] == []
    assert rows["mini-01"]["sources"] == ["ml", "mp"]


def test_names_and_what_was_dropped(files: Files) -> None:
    name = lines(files, "data/names/build.jsonl")[0]
    assert list(name["labels"]) == list(LANGS) == list(name["aliases"])
    assert name["flagged"] == [{"lang": "de", "alias": "St", "reason": "short"}]
    dropped = lines(files, "data/dropped/build.jsonl")
    assert dropped[0] == {"stage": "facts", "id": "Q1/P1", "rule": "several-objects", "why": "has 2 objects"}
    assert len(dropped) == 2


def test_numbers_of_the_card_are_those_of_the_files(files: Files) -> None:
    page = files["README.md"].decode()
    for split, table, count in cells(page, "split", "table", "rows"):
        assert int(count) == len(lines(files, f"data/{table}/{split}.jsonl"))
    asked = Counter(
        row["kind"]
        for table in ("single_hop", "multi_hop", "choice")
        for split in ("tuning", "test")
        for row in lines(files, f"data/{table}/{split}.jsonl")
    )
    shown: Counter[str] = Counter()
    for kind, *counts in cells(page, "kind", *LANGS):
        shown[kind.replace("\\", "")] += sum(map(int, counts))
    assert shown == asked
    relations = cells(page, "relation", "label", "tuning", "test")
    facts = [row for split in ("tuning", "test") for row in lines(files, f"data/facts/{split}.jsonl")]
    assert sum(int(a) + int(b) for _, _, a, b in relations) == len(facts)
    assert {row[0] for row in relations} == {row["relation_id"] for row in facts}
    assert f"{len(facts)} facts with counterfactual answers and {asked.total()} questions" in page
    assert cells(page, "source", "facts") == [["ml", "12"], ["mp", "24"]]
    assert ["short", "it is too short to be looked for", "0", "3", "0", "0", "0"] in cells(
        page, "flag", "what it says", *LANGS
    )
    english = [len(row["en"]["new_aliases"]) for row in facts]
    assert cells(page, "answers", *LANGS)[1][1] == f"{sum(english) / len(english):.1f}"
    assert cells(page, "source", *LANGS) == [["mp", "3", "3", "3", "3", "3"]]


def test_the_card_says_what_each_rule_cost(files: Files) -> None:
    page = files["README.md"].decode()
    assert cells(page, "stage", "rule", "meaning", "left out") == [
        ["facts", "several-objects", "A relation has more than one object.", "1"],
        ["texts", "answer-in-question", "", "1"],
    ]
    assert cells(page, "stage", "what it does", "rows", "left out")[0] == [
        "facts", "Facts of the source", "30", "1",
    ]  # fmt: skip
    assert "**No native speaker has reviewed it.**" in page and "seed 7" in page


def test_the_card_counts_second_hops_that_are_edited(files: Files, built: Built) -> None:
    assert "are edited\nthemselves: 0." in files["README.md"].decode()
    first, *others = built.edits
    hop = [others[0]["subject"], others[0]["relation"], "Q1"]
    clash = replace(built, edits=[{**first, "after": [hop]}, *others])
    assert "themselves: 1." in release_files(clash)["README.md"].decode()


def test_the_card_shows_close_readings(built: Built, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    own = tmp_path / "reading.toml"
    own.write_text(
        '[[readings]]\nlang = "de"\nitems = 40\nfaults = ["an article: 2", "a case: 1"]\n'
        '[[readings]]\nlang = "es"\nitems = 40\nfaults = ["not of this build: 1"]\n'
    )
    assert readings(own)[0] == Reading("de", 40, ("an article: 2", "a case: 1"))
    monkeypatch.setattr(card, "readings", lambda: readings(own))
    page = release_files(built)["README.md"].decode()
    assert cells(page, "language", "items read", "faults found") == [["de", "40", "an article: 2; a case: 1"]]


def test_readings_of_the_package_are_of_known_shape() -> None:
    assert all(one.items > 0 and one.lang in worded_languages() for one in readings())


def test_every_column_has_one_of_the_licences(files: Files) -> None:
    head = ("table", "column", "type", "what it holds", "licence")
    rows = cells(files["README.md"].decode(), *head)
    assert {row[-1] for row in rows} == {"CC0-1.0", "CC-BY-4.0"}
    worded = {row[1].rpartition(".")[2] for row in rows if row[-1] == "CC-BY-4.0"}
    assert {"question", "text", "options", "old\\_sentence", "old_sentence"} & worded >= {
        "question",
        "text",
        "options",
    }


def test_croissant_has_the_hash_of_every_file_of_data(files: Files) -> None:
    value = json.loads(files["croissant.json"])
    listed = {one["contentUrl"]: one["sha256"] for one in value["distribution"]}
    data = {path for path in files if path.startswith(("data/", "mlake/", "paper/"))}
    assert listed == {path: sha256(files[path]).hexdigest() for path in data}
    sets = {one["name"]: one for one in value["recordSet"]}
    assert {f"{t}/{s}" for t in ("facts", "choice", "provenance") for s in ("tuning", "test")} < sets.keys()


def test_citation(files: Files) -> None:
    value = yaml.safe_load(files["CITATION.cff"])
    assert (value["type"], value["title"], value["cff-version"]) == ("dataset", "wikidata-5", "1.2.0")
    digest = sha256(files["mlake/tuning.jsonl"] + files["mlake/test.jsonl"]).hexdigest()
    assert value["identifiers"][0]["value"] == f"sha256:{digest}"


def test_same_bytes_again(files: Files, built: Built) -> None:
    assert release_files(built) == files


def test_without_pyarrow_the_release_says_so(built: Built, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(make, "have_parquet", lambda: False)
    files = release_files(built)
    assert not [path for path in files if path.endswith(".parquet")]
    _, head, body = files["README.md"].decode().split("---\n", 2)
    named = {file["path"] for config in yaml.safe_load(head)["configs"] for file in config["data_files"]}
    assert named == {path for path in files if path.startswith("data/")}
    assert "This copy holds JSON Lines alone" in body


def test_a_source_of_ones_own_is_not_described_as_the_snapshot(built: Built) -> None:
    files = release_files(replace(built, settings=replace(built.settings, source="mine")))
    assert "SOURCE.md" not in files
    assert "SOURCE.md" not in files["README.md"].decode() and "2017" not in files["README.md"].decode()


@pytest.mark.parametrize("split", [None, "train"])
def test_a_fact_must_be_in_a_split(built: Built, split: str | None) -> None:
    others = [row for row in built.splits if row["fact"] != "mini-03"]
    splits = others + ([{"fact": "mini-03", "split": split}] if split else [])
    wanted = f"the stage splits puts fact 'mini-03' into {split or 'no split'}; expected one of tuning, test"
    with pytest.raises(DataError, match=wanted) as caught:
        release_files(replace(built, splits=splits))
    assert "\n" not in str(caught.value)


def test_a_split_without_facts_has_no_files(built: Built) -> None:
    splits = [{"fact": row["fact"], "split": "test"} for row in built.splits]
    files = release_files(replace(built, splits=splits))
    assert not [path for path in files if "tuning" in path]
    head = yaml.safe_load(files["README.md"].decode().split("---\n", 2)[1])
    facts = next(one for one in head["configs"] if one["config_name"] == "facts")
    assert [one["split"] for one in facts["data_files"]] == ["test"]


def test_the_documentation_lists_every_table(files: Files) -> None:
    page = (ROOT / "docs" / "release-of-data.md").read_text(encoding="utf-8")
    every = {**benchmark_tables(LANGS), **build_tables(LANGS)}
    assert cells(page, "table", "a row is") == [[f"`{name}`", table.about] for name, table in every.items()]
    assert {path.split("/")[1] for path in files if path.startswith("data/")} == set(every)
    documented = " ".join(row[0] for row in cells(page, "path", "what it is"))
    for path in files:
        assert path.split("/")[0] in documented
