"""Analyses that are kept with a run."""

from pathlib import Path

import pytest

from mlake.analysis.store import held_out_row, keep_rows, kept_path, kept_rows
from mlake.errors import RunError
from mlake.scorers.row import ScoredRow

ROWS = [
    ScoredRow("ja", 0, "direct", "p/é/日本", "f1", "zh", "nll", 1.25),
    ScoredRow(None, None, "direct", "p2", None, "en", "nll", None),
]


def test_rows_come_back_as_they_were(tmp_path: Path) -> None:
    keep_rows(tmp_path, "likelihood", {"answers": 2}, ROWS)
    keep_rows(tmp_path, "ability", {}, [held_out_row("de", 3, "fr", 7, 2.5)])
    assert list(kept_rows(tmp_path)) == [
        ScoredRow("de", 3, "locality", "held-out fr 7", None, "fr", "heldout_nll", 2.5),
        *ROWS,
    ]


def test_a_run_without_analyses_has_no_rows(tmp_path: Path) -> None:
    assert list(kept_rows(tmp_path)) == []


@pytest.mark.parametrize("content", ["", "{}\n{not json}\n", '{}\n{"probe": "p"}\n', "{}\n[1]\n"])
def test_a_damaged_file_is_named(tmp_path: Path, content: str) -> None:
    path = kept_path(tmp_path, "likelihood")
    path.parent.mkdir()
    path.write_text(content)
    with pytest.raises(RunError, match=r"likelihood\.jsonl is damaged"):
        list(kept_rows(tmp_path))


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "analysis").write_text("a file in the way")
    with pytest.raises(RunError, match="cannot write"):
        keep_rows(tmp_path, "likelihood", {}, ROWS)
