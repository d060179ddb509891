"""``mlake ask`` on a tiny model in a folder, and edits of it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner, Result

import mlake
from mlake.cli import main
from mlake.editing.edits.context import ContextEdit
from mlake.editing.edits.parameters import ParameterEdit
from mlake.records import Answer
from mlake.safe import visible

QUESTION = "Where did Carl Sagan work?"


@pytest.fixture(scope="module")
def place(tiny_lm: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``model`` and three edits of it: ``one``, ``two`` and a file ``lines.safetensors``."""
    folder = tmp_path_factory.mktemp("asked")
    lm = tiny_lm("llama")
    lm.model.float().save_pretrained(folder / "model")
    lm.tokenizer.save_pretrained(folder / "model")
    held = mlake.load_model(folder / "model")
    facts = mlake.load("mini").facts
    for name, fact in (("one", facts[0]), ("two", facts[1])):
        (folder / name).mkdir()
        method = mlake.editor("rome", held, steps=20, contexts=0, clamp=100, layers=1)
        method.edit(held, [fact.stated("en")]).save(folder / name / "edit.safetensors")
    ContextEdit(("Sagan worked at BBC.",), {}).save(folder / "lines.safetensors")
    weight = dict(held.model.named_parameters())["model.norm.weight"]
    ParameterEdit(values={"model.norm.weight": torch.zeros_like(weight) + 2}).save(
        folder / "whole.safetensors"
    )
    return folder


@pytest.fixture
def ask(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """``ask(*arguments, stdin=…)``: run the command beside the edits."""
    monkeypatch.setenv("MLAKE_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(place)

    def run(*arguments: str, stdin: str | bytes = "") -> Result:
        base = ["ask", "--model", "./model", "--max-new-tokens", "5"]
        return CliRunner().invoke(main, [*base, *arguments], input=stdin, catch_exceptions=False)

    return run


def expected(place: Path, question: str, *edits: str) -> str:
    """The answer under edits, each applied by hand."""
    from contextlib import ExitStack

    lm = mlake.load_model(place / "model")
    with ExitStack() as stack:
        for one in edits:
            lm = stack.enter_context(mlake.editing.load_edit(place / one).applied(lm))
        return visible(mlake.ask(lm, [question], max_new_tokens=5)[0])


def refused(result: Result) -> str:
    assert result.exit_code == 2 and result.stdout == "", result.output
    line = result.stderr.splitlines()[-1]
    assert line.startswith("mlake: error: ")
    return line.removeprefix("mlake: error: ")


def test_one_question_gets_the_answer_alone(ask: Callable[..., Result], place: Path) -> None:
    result = ask(QUESTION)
    assert (result.exit_code, result.stdout) == (0, expected(place, QUESTION) + "\n")


@pytest.mark.parametrize("edit", ["one", "one/edit.safetensors"])
def test_an_edit_by_its_folder_or_its_file(ask: Callable[..., Result], place: Path, edit: str) -> None:
    told = expected(place, QUESTION, "one/edit.safetensors")
    assert ask("--edit", edit, QUESTION).stdout == told + "\n" != expected(place, QUESTION) + "\n"


def test_edits_on_top_of_each_other(ask: Callable[..., Result], place: Path) -> None:
    flags = ("--edit", "whole.safetensors", "--edit", "one", "--edit", "two", "--edit", "lines.safetensors")
    files = ("whole.safetensors", "one/edit.safetensors", "two/edit.safetensors", "lines.safetensors")
    told = expected(place, QUESTION, *files)
    assert ask(*flags, QUESTION).stdout == told + "\n"
    assert told != expected(place, QUESTION, *files[:3])


def test_an_edit_that_would_undo_others_is_refused(ask: Callable[..., Result]) -> None:
    text = refused(ask("--edit", "one", "--edit", "whole.safetensors", QUESTION))
    assert text.startswith("whole.safetensors sets whole weights and would undo the edits before it")


def test_several_questions_as_text_and_as_json(ask: Callable[..., Result], place: Path) -> None:
    other = "Was ist die Hauptstadt?"
    result = ask(QUESTION, other)
    assert result.stdout.splitlines() == [
        f"? {QUESTION}", expected(place, QUESTION), f"? {other}", expected(place, other),
    ]  # fmt: skip
    record = json.loads(ask("--json", "--edit", "one", QUESTION, other).stdout)
    assert [one["question"] for one in record["answers"]] == [QUESTION, other]
    assert visible(record["answers"][0]["answer"]) == expected(place, QUESTION, "one/edit.safetensors")
    assert record["edits"] == ["one"] and record["model"] == "./model"
    assert record["model_revision"].startswith("sha256:")


@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_lines_that_are_piped_in(ask: Callable[..., Result], mark: str) -> None:
    record = json.loads(ask("--json", stdin=f"{mark}{QUESTION}\r\n\n  東京は？  ").stdout)
    assert [one["question"] for one in record["answers"]] == [QUESTION, "東京は？"]


def test_interactive_goes_on_until_the_input_ends(ask: Callable[..., Result], place: Path) -> None:
    result = ask("--interactive", stdin=f"{QUESTION}\n\n{QUESTION}".encode() + b"\n\xff\n" + b"Who?")
    assert result.exit_code == 0
    told = expected(place, QUESTION)
    assert result.stdout.splitlines() == [told, told, expected(place, "Who?")]
    assert result.stderr.count("? ") == 6 and "error: question 1 is no UTF-8" in result.stderr


def test_control_characters_do_not_reach_the_terminal(
    ask: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    hostile = "a\x1b[2J\x9b31m\u202eb\nsecond"
    monkeypatch.setattr(
        "mlake.models.generate.answers", lambda lm, asked, **_: [Answer(hostile, True) for _ in asked]
    )
    shown = ["a\\x1b[2J\\x9b31m\\u202eb", "second"]
    assert ask(QUESTION).stdout.splitlines() == shown
    assert ask("\x1b]0;x\x07?", "b").stdout.splitlines()[0] == "? \\x1b]0;x\\x07?"
    assert ask("--interactive", stdin="?\n").stdout.splitlines() == shown
    assert json.loads(ask("--json", QUESTION).stdout)["answers"][0]["answer"] == hostile


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--edit", "none", "Who?"], "cannot read the edit none"),
        (["--edit", "model", "Who?"], "cannot read the edit model/edit.safetensors"),
        (["--edit", "model/config.json", "Who?"], "cannot read the edit model/config.json"),
        ([" "], "question 1 is empty"),
        ([], "no question was piped in"),
        (["--interactive", "Who?"], "leave out it or a QUESTION"),
        (["--interactive", "--json"], "leave out it or --json"),
        (["--template", "Q:", "Who?"], "prompt template must hold {question} exactly once"),
        (["--dtype", "int8", "Who?"], "unknown dtype 'int8'"),
        (["x" * 2000], "positions"),
    ],
)
def test_errors_take_one_line(ask: Callable[..., Result], arguments: list[str], message: str) -> None:
    assert message in refused(ask(*arguments))


def test_answers_end_where_they_are_told_to(
    ask: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "mlake.models.generate.answers", lambda lm, asked, **_: [Answer(repr(lm.style.stop), True)]
    )
    assert [ask("--stop", rule, QUESTION).stdout for rule in ("line", "end")] == ["'\\n'\n", "None\n"]


def test_no_question_at_a_terminal(ask: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mlake.cli.ask._at_a_terminal", lambda: True)
    assert refused(ask()).startswith("no question is given; write one behind the options")


def test_an_edit_of_another_revision_is_told(
    ask: Callable[..., Result], place: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ContextEdit(("Sagan?",), {"model": "other", "model_revision": "1" * 40}).save(place / "other.safetensors")
    assert ask("--edit", "other.safetensors", QUESTION).exit_code == 0
    (record,) = caplog.records
    assert "the edit was made for other at 1111" in record.getMessage()


@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_ctrl_c_and_termination_leave_in_order(
    place: Path, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    called = [sys.executable, "-m", "mlake", "ask", "--model", str(place / "model"), "--interactive"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen([*called], **pipes, env={**os.environ, "MLAKE_CACHE": str(tmp_path)}) as process:  # type: ignore[call-overload]
        seen = b""
        while b"? " not in seen:
            seen += process.stderr.read(1)
        time.sleep(0.2)
        process.send_signal(number)
        _, rest = process.communicate(timeout=60)
    assert process.returncode == code
    word = "interrupted" if code == 130 else "terminated"
    assert rest.decode().split("mlake: ")[1].startswith(f"{word}; the model itself is unchanged")
    assert b"Traceback" not in rest
