"""What commands print: nothing that a terminal obeys, whatever names and texts hold."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from mlake.cli import main

ODD = "s\x1b]0;title\x07\u202ex\x9b31m"


@pytest.mark.parametrize(
    "given",
    [
        ("score", ODD),
        ("report", ODD),
        ("data", "check", ODD),
        ("run", f"{ODD}.toml"),
        ("ask", "--model", ODD, "Who?"),
    ],
    ids=lambda given: given[0],
)
def test_errors_hold_no_control_characters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, given)
    assert result.exit_code == 2
    assert result.stderr.removesuffix("\n").isprintable()


def test_paths_that_were_written_hold_none_either(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ("data", "init", str(tmp_path / ODD)))
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert len(lines) > 1
    assert all(line.isprintable() for line in lines)


def test_notes_on_data_hold_none_either(tmp_path: Path) -> None:
    path = tmp_path / f"{ODD}.csv"
    path.write_text("question,new\nWho?,Ann\n", encoding="utf-8")
    result = CliRunner().invoke(main, ("data", "export", str(path)))
    assert result.exit_code == 0
    assert "has no column 'lang'" in result.stderr and result.stderr.removesuffix("\n").isprintable()


def test_costs_of_tables_hold_none_either(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mlake.reproduce.work.estimates", lambda *_: iter([f"runs/{ODD}\nsecond"]))
    result = CliRunner().invoke(
        main, ("reproduce", "table1", "--data", "mini", "--model", "demo", "--dry-run")
    )
    assert result.exit_code == 0, result.output
    assert len(result.stdout.splitlines()) == 2 and all(
        one.isprintable() for one in result.stdout.splitlines()
    )


def test_usage_that_is_wrong_holds_none_either() -> None:
    result = CliRunner().invoke(main, ("list", "methods", ODD))
    assert result.exit_code == 2 and "unexpected extra argument" in result.stderr
    assert all(line.isprintable() for line in result.stderr.splitlines())
