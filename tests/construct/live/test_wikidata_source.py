"""The source ``wikidata``: fetched once, read from the build's folder ever after, and whole after a stop."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from tests.construct.live.conftest import CONTACT
from tests.construct.live.server import Fake, serving

from mlake.cli import main
from mlake.construct.asked import Asked
from mlake.construct.live.access import SETTINGS
from mlake.construct.live.source import Wikidata
from mlake.errors import DataError, DownloadError

RELATIONS = """
[P36]
label = "capital"
objects = { country = ["city"] }
[P17]
label = "country"
objects = { city = ["country"] }
"""


def asked(place: Path | None, **rest: Any) -> Asked:
    return Asked(langs=("en", "de"), relations=("P36", "P17"), place=place, **rest)


def test_what_is_fetched_once_is_read_ever_after(fake: Fake, tmp_path: Path) -> None:
    source = Wikidata().read(asked(tmp_path / "source"))
    facts = {(one.subject, one.relation, one.object) for one in source.claims}
    assert facts == {
        ("Q142", "P36", "Q90"),
        ("Q183", "P36", "Q64"),
        ("Q90", "P17", "Q142"),
        ("Q64", "P17", "Q183"),
    }
    assert source.kind("Q64") == "city"  # by the classes above its own
    count = len(fake.seen)
    assert Wikidata().read(asked(tmp_path / "source")) == source and len(fake.seen) == count


def test_the_folder_names_revisions_and_neither_host_nor_contact(fake: Fake, tmp_path: Path) -> None:
    Wikidata().read(asked(tmp_path / "source"))
    written = {path.name: path.read_bytes() for path in (tmp_path / "source").iterdir()}
    assert {"entities.jsonl", "statements.jsonl", "candidates.jsonl", "source.json"} <= set(written)
    rows = map(json.loads, written["entities.jsonl"].splitlines())
    paris = next(row for row in rows if row["id"] == "Q90")
    assert paris["source"]["revision"] == 1090 and paris["source"]["modified"] == "2026-01-05T12:00:00Z"
    assert not any(CONTACT.encode() in one or b"127.0.0.1" in one for one in written.values())
    assert b"VALUES ?count { 100 101 " in written["candidates.jsonl"]


@pytest.mark.parametrize("good", [3, 32])  # among the queries, and among the entities
def test_a_stop_loses_nothing(fake: Fake, tmp_path: Path, good: int) -> None:
    whole, torn = tmp_path / "whole", tmp_path / "torn"
    Wikidata().read(asked(whole))
    count = len(fake.seen)
    fake.stops_after = count + good
    with pytest.raises(DownloadError, match="give the command again later"):
        Wikidata().read(asked(torn))
    fake.stops_after = None
    fake.seen.clear()
    Wikidata().read(asked(torn))
    assert len(fake.seen) == count - good
    for name in ("entities.jsonl", "statements.jsonl", "candidates.jsonl"):
        assert (torn / name).read_bytes() == (whole / name).read_bytes()


def test_a_build_of_the_command_line_goes_on_without_the_server(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "few.toml").write_text(RELATIONS)
    monkeypatch.chdir(tmp_path)
    words = ["build", "--source", "wikidata", "--relations", "few.toml", "--langs", "en,de", "--out", "out"]
    words += ["--until", "filters"]
    fake = Fake()
    with serving(fake) as stop:
        for name, path in (("api", "/w/api.php"), ("query", "/sparql")):
            monkeypatch.setenv(SETTINGS[name].variable, fake.url + path)
        monkeypatch.setenv(SETTINGS["rate"].variable, "10000")
        monkeypatch.delenv(SETTINGS["contact"].variable, raising=False)
        refused = CliRunner().invoke(main, words)
        assert refused.exit_code == 2 and refused.stderr.count("\n") == 1
        assert "MLAKE_WIKIDATA_CONTACT" in refused.stderr and not fake.seen
        monkeypatch.setenv(SETTINGS["contact"].variable, CONTACT)
        unread = CliRunner().invoke(main, [*words, "--dry-run"])
        assert unread.exit_code == 2 and "nothing of wikidata is read yet" in unread.stderr
        made = CliRunner().invoke(main, words)
        assert made.exit_code == 0, made.output
        assert "source: fetched 4 of 4 entities" in made.stderr
        stop()
    monkeypatch.delenv(SETTINGS["contact"].variable)
    kept = CliRunner().invoke(main, [*words, "--json"])
    assert kept.exit_code == 0, kept.output
    stages = {one["stage"]: (one["state"], one["rows"]) for one in json.loads(kept.stdout)["stages"]}
    assert stages == {"facts": ("kept", 4), "chains": ("kept", 4), "filters": ("kept", 4)}


def test_a_folder_is_needed(fake: Fake) -> None:
    with pytest.raises(DataError, match="wikidata needs a folder"):
        Wikidata().read(asked(None))
    assert not fake.seen
