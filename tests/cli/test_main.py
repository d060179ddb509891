"""The command group: fast, and every expected error in one line."""

import subprocess
import sys
from collections.abc import Callable

import click
import pytest
from click.testing import CliRunner

from mlake import cli
from mlake.cli import lazy
from mlake.errors import RunError, UnknownNameError


def failing(error: BaseException) -> click.Command:
    @click.command()
    def fail() -> None:
        raise error

    return fail


@pytest.fixture
def invoke(monkeypatch: pytest.MonkeyPatch) -> Callable[[BaseException], tuple[int, str]]:
    """Exit code and standard error of a command that raises an error."""

    def call(error: BaseException) -> tuple[int, str]:
        monkeypatch.setattr(lazy, "import_module", lambda name: type("module", (), {"run": failing(error)}))
        result = CliRunner().invoke(cli.main, ["run"])
        return result.exit_code, result.stderr

    return call


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False)


def test_help_names_every_command_without_torch() -> None:
    code = (
        "import sys; from mlake.cli import main\n"
        "try: main(['--help'])\n"
        "finally: print(*(name in sys.modules for name in ('torch', 'transformers', 'mlake.cli.run')))"
    )
    found = python("-c", code)
    assert found.returncode == 0, found.stderr
    for name in ("data", "edit", "run", "score", "report"):
        assert f"\n  {name} " in found.stdout
    assert found.stdout.strip().endswith("False False False")


def test_help_of_run_does_not_import_torch() -> None:
    code = "import sys, mlake.cli.run; print('torch' in sys.modules)"
    assert python("-c", code).stdout.strip() == "False"


def test_version() -> None:
    result = CliRunner().invoke(cli.main, ["--version"])
    assert result.exit_code == 0 and result.stdout.startswith("mlake 0.")


def test_expected_errors_take_one_line(invoke: Callable[[BaseException], tuple[int, str]]) -> None:
    assert invoke(RunError("first\n  second")) == (2, "mlake: error: first second\n")
    code, text = invoke(UnknownNameError("method", "memmit", ["memit", "rome"]))
    assert (code, text.count("\n")) == (2, 1)
    assert text.startswith("mlake: error: unknown method 'memmit'") and "Did you mean 'memit'?" in text


def test_unopened_files_take_one_line(invoke: Callable[[BaseException], tuple[int, str]]) -> None:
    code, text = invoke(PermissionError(13, "Permission denied", "/data/run"))
    assert (code, text) == (2, "mlake: error: [Errno 13] Permission denied: '/data/run'\n")


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("build", "what is finished is kept, and the same command goes on from here"),
        ("run", "what is finished is kept, and the same command goes on from here"),
        ("reproduce", "what is finished is kept, and the same command goes on from here"),
        ("train", "the same command goes on after the last step that was saved"),
        ("edit", "the edit was not finished; the same command starts it again"),
        ("score", "the same command starts again from its beginning"),
    ],
)
def test_an_interrupt_says_what_holds_for_the_command(
    monkeypatch: pytest.MonkeyPatch, command: str, message: str
) -> None:
    _, attribute = cli.COMMANDS[command][0].split(":")
    module = type("module", (), {attribute: failing(KeyboardInterrupt())})
    monkeypatch.setattr(lazy, "import_module", lambda name: module)
    result = CliRunner().invoke(cli.main, [command])
    assert (result.exit_code, result.stderr) == (130, f"mlake: interrupted; {message}\n")


def test_every_command_that_has_a_text_is_there() -> None:
    assert set(lazy._INTERRUPTED) <= set(cli.COMMANDS)


def test_bugs_are_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        lazy, "import_module", lambda name: type("module", (), {"run": failing(ZeroDivisionError())})
    )
    with pytest.raises(ZeroDivisionError):
        CliRunner().invoke(cli.main, ["run"], catch_exceptions=False)


def test_broken_pipe_is_quiet(invoke: Callable[[BaseException], tuple[int, str]]) -> None:
    assert invoke(BrokenPipeError(32, "Broken pipe")) == (1, "")


def test_unknown_command() -> None:
    result = CliRunner().invoke(cli.main, ["rnu"])
    assert result.exit_code == 2 and "No such command" in result.stderr and "Traceback" not in result.output


@pytest.mark.parametrize(
    ("words", "near"),
    [
        (["edti"], "edit"),
        (["LIST"], "list"),
        (["list", "langages"], "languages"),
        (["data", "chek"], "check"),
    ],
)
def test_a_command_that_is_nearly_one_is_named(words: list[str], near: str) -> None:
    result = CliRunner().invoke(cli.main, words)
    assert result.exit_code == 2
    assert result.stderr.endswith(f"No such command {words[-1]!r}. Did you mean {near!r}?\n")


def test_a_group_without_a_command_shows_its_help_and_no_error() -> None:
    result = CliRunner().invoke(cli.main, ["data"])
    shown = result.stderr or result.stdout
    assert shown.startswith("Usage: ") and "check" in shown and "Error" not in shown
