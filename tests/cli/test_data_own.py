"""Facts of one's own from ``mlake data init`` to an edit and a run, on a tiny model."""

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

import mlake.models
from mlake.cli import main
from mlake.data.own.schema import schema

QUICK = ("--set", "steps=2", "--set", "contexts=1", "--set", "corpus_tokens=500", "--max-new-tokens", "2")


@pytest.fixture
def cli(
    tiny_lm: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Result]:
    """``cli(*words)`` in a folder of its own, with a tiny random model in place of any other."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLAKE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(mlake.models, "load", lambda name, **options: tiny_lm("llama"))
    return lambda *words: CliRunner().invoke(main, words, catch_exceptions=False)


def test_schema(cli: Callable[..., Result]) -> None:
    assert cli("data", "schema").stdout == schema()


def test_init_says_what_it_wrote_and_what_is_next(cli: Callable[..., Result]) -> None:
    result = cli("data", "init", "my facts")
    assert result.exit_code == 0
    *wrote, following = result.stdout.splitlines()
    assert wrote == [f"wrote my facts/{path.name}" for path in map(Path, _names())]
    assert following == "next: mlake data check 'my facts/facts.jsonl'"
    again = cli("data", "init", "my facts")
    assert again.exit_code == 2 and again.stdout == ""
    assert again.stderr.startswith("mlake: error: my facts is not empty") and again.stderr.count("\n") == 1


def _names() -> list[str]:
    return ["facts.jsonl", "facts.csv", "README.md", "facts.schema.json"]


def test_the_commands_of_the_start_parse(cli: Callable[..., Result]) -> None:
    cli("data", "init", "own")
    text = Path("own/README.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    for line in block.splitlines():
        program, *words = shlex.split(line)
        assert program == "mlake"
        command: click.Command = main
        context = click.Context(main)
        while isinstance(command, click.Group):
            _, found, words = command.resolve_command(context, words)
            assert found is not None
            command = found
        command.make_context(command.name, words)
    assert set(_names()[:2]) | {"facts.schema.json"} == set(re.findall(r"^\| `(\S+)`", text, re.MULTILINE))


@pytest.mark.parametrize("name", ["facts.jsonl", "facts.csv"])
@pytest.mark.slow
def test_edit_and_run(cli: Callable[..., Result], name: str) -> None:
    cli("data", "init", "own")
    flags = ("--model", "tiny", "--method", "rome", *QUICK)
    edited = cli("edit", *flags, "--facts", f"own/{name}", "--out", "edit")
    assert edited.exit_code == 0, edited.output
    rows = json.loads(Path("edit/answers.json").read_text(encoding="utf-8"))
    assert [(row["fact"], row["lang"]) for row in rows] == [("vienna", "en"), ("frankenstein", "en")]
    run = cli("run", *flags, "--data", f"own/{name}", "--kinds", "direct,paraphrase,locality", "--out", "run")
    assert run.exit_code == 0, run.output
    assert Path("run/report").is_dir()
    asked = [json.loads(line) for line in Path("run/probes.jsonl").read_text(encoding="utf-8").splitlines()]
    assert {row["kind"] for row in asked} == {"direct", "paraphrase", "locality"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "facts.csv is empty; expected a header"),
        ("new,question\na,b?", "1 of 1 facts have no subject"),
        ("subject,new,question\nZeta,a,Who?", "line 2 column 'subject': 'Zeta' does not occur"),
    ],
)
def test_errors_are_one_line_and_code_2(cli: Callable[..., Result], content: str, message: str) -> None:
    Path("facts.csv").write_text(content)
    result = cli("edit", "--model", "tiny", "--method", "rome", "--facts", "facts.csv", "--out", "edit")
    assert result.exit_code == 2
    assert message in result.stderr.splitlines()[-1]
