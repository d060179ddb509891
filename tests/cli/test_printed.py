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
