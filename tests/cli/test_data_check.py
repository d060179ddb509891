import json
import os
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from mlake.cli import main
from mlake.cli.data import check as cli
from mlake.cli.data import data
from mlake.data import load, read_jsonl
from mlake.data.check import RULES

FACTS = {
    "en": ("Where is the Blue Bridge?", "Blue Bridge", "Paris", "Oslo"),
    "de": ("Wo steht die Blaue Brücke?", "Blaue Brücke", "Paris", "Oslo"),
    "fr": ("Où est le Pont Bleu ?", "Pont Bleu", "Paris", "Oslo"),
    "ja": ("青橋はどこにありますか？", "青橋", "パリ", "オスロ"),
    "zh": ("蓝桥在哪里？", "蓝桥", "巴黎", "奥斯陆"),
}


def write(place: Path, **changes: dict[str, Any]) -> Path:
    """A file with one fact in five languages, changed in some."""
    lines = []
    for lang, (question, subject, old, new) in FACTS.items():
        line = {"fact": "a", "lang": lang, "question": question, "subject": subject}
        line |= {"old_answer": old, "new_answer": new, **changes.get(lang, {})}
        lines.append(json.dumps(line, ensure_ascii=False))
    place.write_text("\n".join(lines), encoding="utf-8")
    return place


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    return write(tmp_path / "own.jsonl")


@pytest.fixture
def spoiled(tmp_path: Path) -> Path:
    fields = {"new_answer": "パリ", "new_aliases": ["巴里", "🇫🇷"]}
    return write(tmp_path / "bad.jsonl", ja=fields, zh={"new_aliases": ["\u202e挪威首都"]})


def run(*args: object, command: click.Command = data, **options: Any) -> Result:
    return CliRunner().invoke(command, [str(arg) for arg in args], catch_exceptions=False, **options)


def test_sound_facts_end_with_0(sound: Path) -> None:
    result = run("check", sound)
    assert result.exit_code == 0
    assert result.stdout.startswith(f"own own.jsonl: 1 facts in {', '.join(FACTS)}\n")
    assert "majority-answer" in result.stdout
    assert result.stderr == ""


def test_table_and_examples(spoiled: Path) -> None:
    result = run("check", spoiled)
    assert result.exit_code == 1
    rows = {line.split()[1]: line.split() for line in result.stdout.splitlines() if line[:1] != " " and line}
    assert rows["rule"] == ["severity", "rule", *FACTS, "all"]
    assert rows["noop-edit"] == ["error", "noop-edit", "0", "0", "0", "1", "0", "1"]
    assert rows["control-character"] == ["warning", "control-character", "0", "0", "0", "0", "1", "1"]
    assert "  a ja: both answers are “パリ”" in result.stdout
    assert "“\\u202e挪威首都”" in result.stdout
    assert "\u202e" not in result.stdout


@pytest.mark.parametrize("lang", FACTS)
def test_one_rule_and_language(lang: str, tmp_path: Path) -> None:
    place = write(tmp_path / "one.jsonl", **{lang: {"new_answer": FACTS[lang][2]}})
    result = run("check", place, "--rule", "noop-edit", "--lang", lang, "--examples", 0)
    assert result.exit_code == 1
    assert f"rule       {lang}  all" in result.stdout
    assert "a " + lang not in result.stdout
    other = next(code for code in FACTS if code != lang)
    result = run("check", place, "--rule", "noop-edit", "--lang", other)
    assert result.exit_code == 0
    assert result.stdout.endswith("Nothing found by: noop-edit\n")


def test_notes_alone_end_with_0(spoiled: Path) -> None:
    result = run("check", spoiled, "--rule", "emoji-alias")
    assert result.exit_code == 0
    assert "emoji-alias (info, 1)" in result.stdout


def test_json_holds_every_finding(spoiled: Path) -> None:
    result = run("check", spoiled, "--json", "--examples", 0)
    assert result.exit_code == 1
    assert result.stdout.isascii()
    record = json.loads(result.stdout)
    assert {row["rule"] for row in record["rules"]} == set(RULES)
    assert record["sha256"] == load(spoiled).sha256
    assert {
        "rule": "noop-edit",
        "severity": "error",
        "fact": "a",
        "probe": None,
        "lang": "ja",
        "text": "both answers are “パリ”",
    } in record["findings"]


def test_colours_on_a_terminal_only(spoiled: Path) -> None:
    assert "\x1b[31m" in run("check", spoiled, color=True).stdout
    assert "\x1b" not in run("check", spoiled).stdout


def test_file_that_does_not_load_is_a_finding(tmp_path: Path) -> None:
    place = tmp_path / "broken.jsonl"
    bad = {"question": "b?", "new_anser": "c", "lang": "\x1b[2J"}
    place.write_text(f'{{"question": "a?"}}\n{json.dumps(bad)}\n', encoding="utf-8")
    result = run("check", place)
    assert result.exit_code == 1
    assert "schema (error, " in result.stdout
    assert "did you mean 'new_answer'?" in result.stdout
    assert "\x1b" not in result.stdout
    record = json.loads(run("check", place, "--json").stdout)
    assert record["severities"]["error"] == len(record["findings"]) > 1


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["mlak"], "unknown data set 'mlak'"),
        (["gone.jsonl"], "cannot read gone.jsonl"),
        (["own.jsonl", "--rule", "noop"], "unknown rule 'noop'"),
        (["own.jsonl", "--lang", "xx"], "unknown language 'xx'"),
        (["mlake", "--mirror", "."], "cannot read "),
    ],
)
def test_what_cannot_be_checked_ends_with_2(
    args: list[str], message: str, sound: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(sound.parent)
    result = run("data", "check", *args, command=main)
    assert result.exit_code == 2
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert result.stdout == ""


def test_language_that_is_not_there(tmp_path: Path) -> None:
    place = tmp_path / "own.jsonl"
    place.write_text('{"question": "Where?", "new_answer": "Oslo"}', encoding="utf-8")
    result = run("data", "check", place, "--lang", "de,en", command=main)
    assert result.exit_code == 2
    assert "states nothing in 'de'; it has: en" in result.stderr


def test_help_says_what_the_exit_codes_mean() -> None:
    text = " ".join(run("check", "--help").stdout.split())
    assert "exit code 0 if nothing but notes (info) was found, 1 after a warning or an error, and 2" in text
    assert "mlake data check my.jsonl" in text


def test_export_cleaned(spoiled: Path, tmp_path: Path) -> None:
    out, changes = tmp_path / "out.jsonl", tmp_path / "changes.jsonl"
    result = run("export", spoiled, "--clean", "--changes", changes, "--out", out)
    assert "4 changes: " in result.stderr
    listed = [json.loads(line) for line in changes.read_text(encoding="utf-8").splitlines()]
    assert [(row["rule"], row["lang"], row["field"]) for row in listed] == [
        ("control-character", "zh", "new"),
        ("emoji-alias", "ja", "new_aliases"),
        ("noop-edit", "ja", "statement"),
        ("noop-edit", "ja", "probe"),
    ]
    (fact,) = read_jsonl(out).facts
    assert set(fact.statements) == {"en", "de", "fr", "zh"}
    assert run("check", out, "--rule", "noop-edit", "--rule", "control-character").exit_code == 0
    assert run("export", spoiled, "--clean").stdout == out.read_text(encoding="utf-8")


def test_export_of_what_needs_no_cleaning(sound: Path) -> None:
    result = run("export", sound, "--clean")
    assert result.stderr == "0 changes\n"
    assert result.stdout == run("export", sound).stdout


def test_changes_without_cleaning(sound: Path, tmp_path: Path) -> None:
    result = run("export", sound, "--changes", tmp_path / "changes.jsonl")
    assert result.exit_code == 2
    assert "--changes lists what --clean changes" in result.stderr
    assert os.listdir(tmp_path) == ["own.jsonl"]


def test_changes_that_cannot_be_written(spoiled: Path, tmp_path: Path) -> None:
    result = run("data", "export", spoiled, "--clean", "--changes", spoiled / "x", command=main)
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1


def test_progress_is_shown_on_a_terminal(sound: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: dict[str, Any] = {}
    monkeypatch.setattr(cli, "tqdm", lambda rules, **options: shown.update(options) or rules)
    assert run("check", sound).exit_code == 0
    assert shown["disable"] is None
