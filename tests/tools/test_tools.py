"""What other people's tools read of what mlake writes."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mlake.construct.release import make
from mlake.construct.release.built import Built
from mlake.construct.release.export import export_files
from mlake.construct.release.make import release_files
from mlake.data import load
from mlake.disk import write_files
from mlake.records import Benchmark

pytestmark = pytest.mark.tools

Tool = Callable[..., Any]


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def tables(folder: Path) -> dict[str, dict[str, list[dict[str, Any]]]]:
    """Every table's rows by split, from the lines beside what the tool reads."""
    found: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for path in folder.glob("data/*/*.jsonl"):
        found.setdefault(path.parent.name, {})[path.stem] = lines(path)
    return found


def loaded(tool: Tool, folder: Path) -> dict[str, dict[str, list[dict[str, Any]]]]:
    """Every table's rows by split as the datasets library gives them; no column may be without type."""
    found = tool("load_tables.py", folder)
    for splits in found.values():
        for table in splits.values():
            assert "null" not in table["features"].lower()
    return {name: {split: one["rows"] for split, one in splits.items()} for name, splits in found.items()}


@pytest.mark.parametrize("data", ["mini", "odd"])
def test_datasets_loads_an_export(data: str, tool: Tool, odd: Benchmark, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    benchmark = odd if data == "odd" else load("mini")
    folder = tmp_path / "export"
    write_files(folder, export_files(benchmark, source="here", licence="none"))
    assert loaded(tool, folder) == tables(folder)


@pytest.mark.parametrize("form", ["parquet", "jsonl"])
def test_datasets_loads_a_release(
    form: str, tool: Tool, built: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if form == "parquet":
        pytest.importorskip("pyarrow")
    else:
        monkeypatch.setattr(make, "have_parquet", lambda: False)
    folder = tmp_path / "release"
    write_files(folder, release_files(built))
    assert loaded(tool, folder) == tables(folder)


def test_datasets_sees_that_a_folder_changed(tool: Tool, built: Built, tmp_path: Path) -> None:
    folder = tmp_path / "release"
    write_files(folder, release_files(built))
    assert loaded(tool, folder) == tables(folder)
    later = [{**row, "new_sentence": row["new_sentence"].swapcase()} for row in built.texts]
    write_files(folder, release_files(replace(built, texts=later)))
    assert loaded(tool, folder) == tables(folder)


def test_croissant_is_valid_and_reads_the_rows(tool: Tool, release: Path) -> None:
    read = tool("read_croissant.py", release / "croissant.json")
    assert read["errors"] == []
    assert [one for one in read["warnings"] if "datePublished" not in one] == []  # a build knows no date
    for table, splits in tables(release).items():
        for split, rows in splits.items():
            assert read["rows"][f"{table}/{split}"] == rows


def test_croissant_sees_a_file_that_changed(tool: Tool, release: Path) -> None:
    facts = release / "data/facts/test.jsonl"
    shutil.copy(release / "data/facts/tuning.jsonl", facts)
    with pytest.raises(AssertionError, match=r"(?i)sha256|hash"):
        tool("read_croissant.py", release / "croissant.json")
