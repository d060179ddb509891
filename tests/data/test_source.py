"""A data source is a reader and one row: every command that takes a data set takes it then."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import mlake.models
from mlake.cli import main
from mlake.data import DATASETS, Dataset
from mlake.data.files import Files
from mlake.data.neighbours.common import Reading
from mlake.data.questions import direct
from mlake.evaluation.store import read_run
from mlake.records import Benchmark, Fact, Statement

TOWNS = json.dumps([{"asked": f"Where was Ada {at} born?", "now": f"Town {at}"} for at in range(4)]).encode()

Run = Callable[..., str]


def read(row: Dataset, files: Files) -> Benchmark:
    reading, facts = Reading(row, files, "1"), []
    for at, one in enumerate(reading.rows("towns.json")):
        said = Statement(f"towns-{at}", "en", one.text("asked"), f"Ada {at}", "", one.text("now"))
        facts.append(Fact(said.fact, at, {"en": said}, (direct(said),)))
    return reading.benchmark(facts)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny_lm: Callable[..., Any]) -> Run:
    """``run(*arguments)``: what mlake prints, with the row ``towns`` added and nothing else."""
    (tmp_path / "towns.json").write_bytes(TOWNS)
    files = {"towns.json": hashlib.sha256(TOWNS).hexdigest()}
    row = Dataset("towns", read, "https://example.org", "CC0-1.0", 4, "https://example.org/{path}", (), files)
    monkeypatch.setitem(DATASETS, "towns", row)
    monkeypatch.setattr(mlake.models, "load", lambda name, **options: tiny_lm("llama"))
    monkeypatch.setenv("MLAKE_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> str:
        result = CliRunner().invoke(main, list(arguments), catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.stdout

    return call


def test_it_is_listed(run: Run) -> None:
    listed = {one["name"]: one for one in json.loads(run("data", "list", "--json"))}
    row = {"name": "towns", "facts": 4, "licence": "CC0-1.0", "source": "https://example.org"}
    assert listed["towns"] == row


def test_it_is_exported_checked_and_counted(run: Run) -> None:
    lines = run("data", "export", "towns", "--mirror", ".").splitlines()
    assert [json.loads(line)["new_answer"] for line in lines] == [f"Town {at}" for at in range(4)]
    assert json.loads(run("data", "check", "towns", "--mirror", ".", "--json"))["facts"] == 4
    assert json.loads(run("data", "stats", "towns", "--mirror", ".", "--json"))["facts"] == 4


def test_it_is_asked_and_scored(run: Run, tmp_path: Path) -> None:
    where = ("--data", "towns", "--mirror", ".", "--kinds", "direct", "--test-lang", "en")
    run("run", "--model", "tiny", *where, "--method", "none", "--max-new-tokens", "2", "--out", "run")
    stored = read_run(tmp_path / "run")
    assert (stored.spec["data"], len(list(stored.asked()))) == ("towns", 4)
    assert "contains|v" in run("score", "run")
