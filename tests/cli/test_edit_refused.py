"""What ``mlake edit`` refuses, and what is left where a file, a disk or a terminal is in its way."""

import errno
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from tests.cli.conftest import JA, SAGAN, SCHILLER, stored, written

from mlake.cli import edit as command
from mlake.editing import WeightEdit, load_edit
from mlake.records import Answer


def refused(result: Result) -> str:
    """The one line of a user's error."""
    assert result.exit_code == 2 and result.stdout == "", result.output
    (line,) = result.stderr.splitlines()
    assert line.startswith("mlake: error: ")
    return line.removeprefix("mlake: error: ")


def test_no_subject(edit: Callable[..., Result]) -> None:
    facts = [{**SAGAN, "subject": None}, SCHILLER]
    text = refused(edit(facts))
    assert text.startswith("1 of 2 facts have no subject in 'en', such as 'sagan'") and "--no-subject" in text
    assert not Path("out").exists()
    assert edit(facts, "--no-subject").exit_code == 0
    assert len(stored()) == 2
    assert load_edit("out/edit.safetensors").report["method"]["key"] == "question"


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--method", "rom"], "unknown method 'rom'; known: .* Did you mean 'rome'"),
        (["--set", "step=3"], "unknown setting of rome 'step'; known: .* Did you mean 'steps'"),
        (["--set", "steps=many"], "setting steps takes a whole number, got 'many'"),
        (["--set", "steps"], "--set takes KEY=VALUE, got 'steps'"),
        (["--set", "steps=[1"], "holds no TOML value"),
        (["--lang", "xx"], "unknown language 'xx'"),
        (["--lang", "fr"], "my.jsonl states no fact in 'fr'; it has: en"),
        (["--lang", "jp"], "Did you mean 'ja'?"),
        (["--facts", "other.jsonl"], "cannot read other.jsonl: No such file or directory"),
        (["--facts", "other"], "unknown data set 'other'"),
        (["--out", "my.jsonl"], "cannot write to the folder my.jsonl: File exists; give another --out"),
        (["--out", "my.jsonl/a"], "cannot write to the folder my.jsonl/a: Not a directory"),
        (["--model", "./none"], "no model folder at './none'"),
        (["--dtype", "int8"], "unknown dtype 'int8'"),
    ],
)
def test_errors_take_one_line(edit: Callable[..., Result], flags: list[str], message: str) -> None:
    assert re.search(message, refused(edit([SAGAN], *flags)))
    assert written(".") == ["my.jsonl"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "my.jsonl holds no facts"),
        (b"\n\n", "my.jsonl holds no facts"),
        (b'{"question": "Who?"}\n', "line 1 field 'new_answer': is missing"),
        (b'{"question": "\xff"}\n', "line 1 is not UTF-8"),
        (b'{"question": "Who?", "subject": "X", "new_answer": "Y"}', "'X' does not occur in the question"),
    ],
)
def test_files_that_hold_no_facts(edit: Callable[..., Result], content: bytes, message: str) -> None:
    Path("my.jsonl").write_bytes(content)
    assert message in refused(edit(None))
    assert written(".") == ["my.jsonl"]


def failing(*_: Any, **__: Any) -> Any:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"question": "Where did Schiller work" + " and work" * 80},
            "the question of fact 'schiller' and an",
        ),
        ({"new_answer": "Bonn" * 200}, "the longest prompt of fact 'schiller' in 'en' takes"),
    ],
)
@pytest.mark.parametrize("method", ["memit", "rome"])
def test_a_fact_longer_than_the_model_reads_is_named_before_anything_is_asked(
    edit: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, change: Any, message: str, method: str
) -> None:
    monkeypatch.setattr("mlake.models.generate.greedy", failing)
    said = edit([SAGAN, {**SCHILLER, **change}], "--method", method)
    assert said.exit_code == 2 and not Path("out").exists()
    (line,) = [one for one in said.stderr.splitlines() if one.startswith("mlake: ")]
    assert line.startswith(f"mlake: error: 1 of 2 facts cannot be edited; first: {message}")
    assert "256 positions" in line


def test_answers_of_no_tokens(edit: Callable[..., Result]) -> None:
    result = edit([SAGAN], "--max-new-tokens", "0")
    assert result.exit_code == 2 and "--max-new-tokens" in result.stderr


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        ("en+en", "names 'en' twice"),
        ("en+jp", "unknown language 'jp'"),
        ("en+fr", "states no fact in 'fr'; it has: en, ja"),
    ],
)
def test_a_set_of_languages_that_cannot_be_is_refused(
    edit: Callable[..., Result], lang: str, said: str
) -> None:
    result = edit([SAGAN, JA], "--method", "rome", "--lang", lang)
    assert result.exit_code == 2 and said in result.output and "Traceback" not in result.output


@pytest.mark.parametrize(
    ("also", "said"),
    [
        ("de", "no fact can be stated in de: fact 'sagan' in de: "),
        ("jp", "unknown language 'jp'"),
        ("ko", "has no labels in 'ko'"),
        ("de --writer m", "give --writer openai:URL#NAME"),
    ],
)
def test_what_cannot_be_stated_at_all_is_refused(edit: Callable[..., Result], also: str, said: str) -> None:
    result = edit([SAGAN], "--method", "rome", "--also", *also.split())
    assert result.exit_code == 2 and said in result.output and not Path("out").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_is_shut(edit: Callable[..., Result]) -> None:
    Path("out").mkdir(mode=0o500)
    assert refused(edit([SAGAN])) == ("cannot write to the folder out: Permission denied; give another --out")


def test_a_folder_without_room(edit: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> None:
    Path("out").mkdir()
    monkeypatch.setattr(command, "TemporaryFile", failing)
    assert "cannot write to the folder out: No space left on device" in refused(edit([SAGAN]))


def test_answers_that_cannot_be_written(edit: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> None:
    """The answers of an edit before are gone too: they would not belong to the edit beside them."""
    edit([SAGAN])
    monkeypatch.setattr(command, "write_atomic", failing)
    result = edit([SCHILLER])
    assert result.exit_code == 2
    assert result.stderr.splitlines()[-1] == (
        "mlake: error: cannot write out/answers.json: No space left on device; give another --out"
    )
    assert written() == ["edit.safetensors"]


def test_a_failed_edit_leaves_no_folder(edit: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> None:
    result = edit([SAGAN], "--set", "layers=[7]")
    assert result.exit_code == 2 and "layers [7] do not fit a model of 3 layers" in result.stderr
    assert not Path("out").exists()
    Path("out").mkdir()
    edit([SAGAN], "--set", "layers=[7]")
    assert written() == []
    monkeypatch.setattr(WeightEdit, "save", failing)
    assert edit([SAGAN]).exit_code == 2
    assert written() == []


def test_what_a_killed_edit_left_is_taken_away(edit: Callable[..., Result]) -> None:
    Path("out").mkdir()
    for name in (".tmp-edit.safetensors.x1", ".tmp-answers.json.x2", ".tmp-price.json.x3", ".tmp-mine.x4"):
        (Path("out") / name).write_text("half")
    assert edit([SAGAN]).exit_code == 0
    assert written() == [".tmp-mine.x4", "answers.json", "edit.safetensors"]


@pytest.mark.parametrize(("flag", "place"), [("--merge", "model"), ("--peft", "adapter")])
def test_a_file_in_the_way_of_another_form(edit: Callable[..., Result], flag: str, place: str) -> None:
    """What was made by then stays, complete."""
    Path("out").mkdir()
    (Path("out") / place).write_text("mine")
    result = edit([SAGAN], flag)
    assert result.exit_code == 2
    assert f"to out/{place}: File exists" in result.stderr.splitlines()[-1]
    assert len(stored()) == 1 and load_edit("out/edit.safetensors").deltas()
    assert (Path("out") / place).read_text() == "mine"


def test_everything_is_written_before_anything_is_shown(
    edit: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")

    monkeypatch.setattr("click.echo", broken)
    assert edit([SAGAN], "--merge", "--peft").exit_code == 1
    assert written() == ["adapter", "answers.json", "edit.safetensors", "model"]


@pytest.mark.parametrize("charset", ["cp1252", "latin-1"])
def test_what_a_terminal_cannot_show_is_escaped(
    edit: Callable[..., Result], model: Path, charset: str
) -> None:
    Path("my.jsonl").write_text(json.dumps(JA) + "\n", encoding="utf-8")
    flags = ["--method", "rome", "--set", "steps=1", "--max-new-tokens", "3", "--merge", "--peft"]
    flags += ["--price", "none"]
    called = [sys.executable, "-m", "mlake", "edit", "--model", str(model), "--facts", "my.jsonl", *flags]
    ran = subprocess.run(
        [*called, "--out", "out"], env={**os.environ, "PYTHONIOENCODING": charset}, capture_output=True
    )
    assert ran.returncode == 0, ran.stderr
    shown = b"\\u30ab\\u30fc\\u30eb"
    assert shown in ran.stdout and b"wrote " in ran.stdout
    assert written() == ["adapter", "answers.json", "edit.safetensors", "model"]


def test_text_of_others_does_not_reach_the_terminal(
    edit: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    hostile = "\x1b[2J\x9b31m\r\a\u202eBBC\n"
    monkeypatch.setattr(
        "mlake.pricing.price.answers", lambda lm, asked, **_: [Answer(hostile, True) for _ in asked]
    )
    fact = {**SAGAN, "fact": "\x1b[1m", "question": "Where \x1b]0;x\x07 did Carl Sagan work?"}
    result = edit([fact, SCHILLER])
    assert result.exit_code == 0
    assert all(char.isprintable() or char == "\n" for char in result.stdout)
    assert "\\x1b[2J\\x9b31m\\r\\x07\\u202eBBC\\n" in result.stdout and len(result.stdout.splitlines()) == 4
    assert stored()[0]["after"] == hostile
    text = refused(edit([{**fact, "subject": None}], "--out", "other"))
    assert text.isprintable() and "'\\x1b[1m'" in text
