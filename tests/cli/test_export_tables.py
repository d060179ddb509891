"""``mlake data export --format parquet``."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mlake.cli import main
from mlake.data import load, read_jsonl


def export(*args: object) -> Result:
    return CliRunner().invoke(main, ["data", "export", *map(str, args)])


def test_a_folder_for_mini(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    result = export("mini", "--format", "parquet", "--out", tmp_path / "mini")
    assert (result.exit_code, result.stdout) == (0, "")
    assert read_jsonl(tmp_path / "mini/mlake/test.jsonl").facts == load("mini").facts
    assert "Licence: Apache-2.0" in (tmp_path / "mini/README.md").read_text()
    assert (tmp_path / "mini/data/multi_hop/test.parquet").read_bytes()[:4] == b"PAR1"


def test_a_file_of_ones_own_cleaned(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    line = {
        "question": "Where is X?",
        "subject": "X",
        "new_answer": "Oslo",
        "new_aliases": ["Oslo", "Christiania"],
    }
    own = tmp_path / "secret" / "own.jsonl"
    own.parent.mkdir()
    own.write_text(json.dumps(line) + "\n")
    result = export(own, "--clean", "--format", "parquet", "--out", tmp_path / "out")
    assert result.exit_code == 0
    (fact,) = read_jsonl(tmp_path / "out/mlake/test.jsonl").facts
    assert fact.stated("en").new_aliases == ("Christiania",)
    assert "secret" not in (tmp_path / "out/README.md").read_text()


def test_a_folder_must_be_named() -> None:
    result = export("mini", "--format", "parquet")
    assert result.exit_code == 2
    assert result.stderr.splitlines()[-1] == (
        "Error: --format parquet writes a folder; name it with --out DIR."
    )


@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_a_place_that_cannot_be_written(form: str, tmp_path: Path) -> None:
    if form == "parquet":
        pytest.importorskip("pyarrow")
    taken = tmp_path / "taken"
    taken.mkdir() if form == "jsonl" else taken.write_text("mine")
    result = export("mini", "--format", form, "--out", taken)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"mlake: error: cannot write {taken}")
    assert len(result.stderr.splitlines()) == 1
    assert taken.is_dir() or taken.read_text() == "mine"
