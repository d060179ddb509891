import json
from dataclasses import replace

import pytest
from click.testing import CliRunner

from mlake.cli import main
from mlake.cli.data import data
from mlake.cli.data import export as cli
from mlake.data import read_jsonl


@pytest.fixture
def facts(tmp_path):
    path = tmp_path / "own.jsonl"
    path.write_text('{"question": "蓝桥在哪里？", "lang": "zh", "new_answer": "奥斯陆", "subject": "蓝桥"}\n')
    return path


def run(*args):
    return CliRunner().invoke(data, [str(arg) for arg in args], catch_exceptions=False)


def test_export_writes_lines_that_load_again(facts, tmp_path):
    out = tmp_path / "out.jsonl"
    result = run("export", facts, "--format", "jsonl")
    assert json.loads(result.stdout)["subject"] == "蓝桥"
    result = run("export", facts, "--out", out)
    assert result.stdout == ""
    assert "wrote 1 facts" in result.stderr
    assert read_jsonl(out).facts == read_jsonl(facts).facts


def test_list():
    rows = json.loads(run("list", "--json").stdout)
    assert {"name": "mlake", "facts": 1072}.items() <= rows[[r["name"] for r in rows].index("mlake")].items()
    table = run("list").stdout.splitlines()
    assert table[0].split() == ["NAME", "FACTS", "LICENCE", "SOURCE"]
    assert any(line.startswith("mlake") and "1072" in line and "Hi-archers/MLaKE" in line for line in table)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["export", "mlak"], "unknown data set 'mlak'"),
        (["export", "gone.jsonl"], "cannot read gone.jsonl"),
        (["export", "mlake", "--mirror", "."], "holds 40b6a3cfde908acdafee1cdc2e241f8c0eb9687b/dataset"),
    ],
)
def test_errors_are_one_line_and_code_2(args, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, ["data", *args])
    assert result.exit_code == 2
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize("command", ["list", "export"])
def test_help_shows_an_example(command):
    assert f"mlake data {command}" in run(command, "--help").stdout


def test_export_reports_what_is_unlinked(facts, monkeypatch):
    noted = replace(read_jsonl(facts), notes=("en: 1 of 2 unlinked",))
    monkeypatch.setattr(cli, "load", lambda name, mirror: noted)
    result = run("export", "any")
    assert result.stderr == "en: 1 of 2 unlinked\n"
    assert "unlinked" not in result.stdout
