"""``--refresh``: everything a source names, as it is today, and what has changed since."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.construct.live.server import Fake
from tests.construct.wikidata.items import WORLD, item, named, statement

from mlake.cli import main
from mlake.construct.live.access import SETTINGS
from mlake.construct.source import read_source

ENTITIES = {
    "Q142": ("country", "France"),
    "Q183": ("country", "Germany"),
    "Q38": ("country", "Italy"),
    "Q90": ("city", "Paris"),
    "Q64": ("city", "Berlin"),
    "Q220": ("city", "Roma"),
    "Q1000": ("city", "Bonn"),
    "Q1001": ("city", "Nowhere"),
    "Q1002": ("city", "Old Rome"),
}
STATEMENTS = [
    ("Q142", "P36", "Q90"),
    ("Q183", "P36", "Q1000"),
    ("Q38", "P36", "Q1002"),
    ("Q90", "P17", "Q142"),
    ("Q1001", "P17", "Q142"),
    ("Q220", "P17", "Q38"),
    ("Q64", "P17", "Q142"),
]


def refreshed(*words: str) -> Result:
    return CliRunner().invoke(
        main, ["build", "--refresh", "--source", "old", "--langs", "en,de", "--out", "new", *words]
    )


@pytest.fixture
def changed(fake: Fake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fake:
    """A source in a folder, and a Wikidata that says something else."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "old").mkdir()
    entities = [
        {"id": one, "labels": {"en": name, "de": name}, "kind": kind}
        for one, (kind, name) in ENTITIES.items()
    ]
    statements = [{"s": s, "p": p, "o": o, "volatile": p == "P36"} for s, p, o in STATEMENTS]
    for path, rows in (("entities", entities), ("statements", statements)):
        (tmp_path / "old" / f"{path}.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    constraint = statement("Q21503250") | {
        "qualifiers": {"P2308": [statement("Q6256")["mainsnak"]]},
    }
    wrong = statement("Q21503250", "deprecated") | {"qualifiers": constraint["qualifiers"]}
    fake.entities = WORLD | {
        "Q183": named("Q183", "Germany", {"P36": [statement("Q1000", end="1990-10-03"), "Q64"]}),
        "Q38": named("Q38", "Italy", {"P36": ["Q220", "Q1003"]}),
        "Q220": item("Q220", {"en": "Rome", "de": "Rom", "mul": "Roma"}, {"P17": ["Q38"]}),
        "Q1000": item("Q1000", {"en": "Bonn"}),
        "Q1003": named("Q1003", "New Rome", {"P31": ["Q515"]}),
        "P36": item("P1", {"en": "capital", "de": "Hauptstadt"}, {"P2302": [constraint]}),
        "P17": item("P1", {"en": "country"}, {"P2302": [wrong]}),
    }
    fake.merged, fake.deleted = {"Q1002": "Q220"}, {"Q1001"}
    return fake


def test_every_change_is_found_and_counted(changed: Fake, tmp_path: Path) -> None:
    done = refreshed("--json")
    assert done.exit_code == 0, done.output
    rows = [json.loads(line) for line in (tmp_path / "new" / "difference.jsonl").read_text().splitlines()]
    assert {(row["id"], row["change"], row["of"], row["was"], row["now"]) for row in rows} == {
        ("Q1001", "missing", "", "", ""),
        ("Q1002", "merged", "", "Q1002", "Q220"),
        ("Q1002", "label", "en", "Old Rome", "Rome"),
        ("Q1002", "label", "de", "Old Rome", "Rom"),
        ("Q220", "label", "en", "Roma", "Rome"),
        ("Q220", "label", "de", "Roma", "Rom"),
        ("Q1000", "unnamed", "de", "Bonn", ""),
        ("Q183", "ended", "P36", "Q1000", "Q64"),
        ("Q38", "several", "P36", "Q1002", "Q220, Q1003"),
        ("Q64", "gone", "P17", "Q142", "Q183"),
    }
    told = json.loads(done.stdout)["changes"]
    assert told == {"missing": 1, "merged": 1, "label": 4, "unnamed": 1, "several": 1, "gone": 1, "ended": 1}


def test_the_new_folder_is_a_source(changed: Fake, tmp_path: Path) -> None:
    assert refreshed().exit_code == 0
    source = read_source(tmp_path / "new", ("en", "de"))
    facts = {(one.subject, one.relation, one.object): one for one in source.claims}
    assert ("Q183", "P36", "Q64") in facts and ("Q183", "P36", "Q1000") not in facts
    assert facts["Q142", "P36", "Q90"].volatile and not facts["Q90", "P17", "Q142"].volatile
    assert source.kind("Q1003") == "city" and "Q1001" not in source.entities
    rows = [json.loads(line) for line in (tmp_path / "new" / "relations.jsonl").read_text().splitlines()]
    assert [(row["p"], row["subject_classes"]) for row in rows] == [("P17", []), ("P36", ["Q6256"])]
    assert rows[1]["labels"] == {"en": "capital", "de": "Hauptstadt"}


def test_what_is_whole_is_not_fetched_again(changed: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    first, count = refreshed(), len(changed.seen)
    monkeypatch.delenv(SETTINGS["contact"].variable)
    assert refreshed().stdout == first.stdout and len(changed.seen) == count
    assert "CHANGE   COUNT  WHAT IT IS" in first.stdout and "--source new" in first.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--source", "wikidata"], "--refresh takes the snapshot or a folder"),
        (["--dry-run"], "makes a source and no build"),
        (["--langs", "en,fr"], "no labels in 'fr'"),
    ],
)
def test_what_cannot_be_refreshed_is_refused(changed: Fake, words: list[str], said: str) -> None:
    refused = refreshed(*words)
    assert refused.exit_code == 2 and said in refused.stderr and not changed.seen


def test_a_property_that_does_not_exist_is_named(changed: Fake) -> None:
    del changed.entities["P36"]
    refused = refreshed()
    assert refused.exit_code == 2 and "Wikidata has no property P36" in refused.stderr
