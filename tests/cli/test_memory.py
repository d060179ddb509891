"""Memory that runs out anywhere gives one line."""

import click
import pytest
from click.testing import CliRunner, Result

from mlake.cli import main
from mlake.cli.lazy import LazyGroup
from mlake.errors import memory_ran_out

TORCH = "[enforce fail at alloc_cpu.cpp:124] err == 0. DefaultCPUAllocator: can't allocate memory"


def failing(monkeypatch: pytest.MonkeyPatch, error: Exception) -> Result:
    @click.command()
    def command() -> None:
        raise error

    monkeypatch.setattr(LazyGroup, "get_command", lambda *_: command)
    return CliRunner().invoke(main, ["list"])


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError(TORCH),
        RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        OSError(12, "Cannot allocate memory"),
    ],
)
def test_memory_that_runs_out_is_one_line(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    assert memory_ran_out(error)
    result = failing(monkeypatch, error)
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1 and "memory" in result.stderr.lower()


def test_another_error_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    result = failing(monkeypatch, RuntimeError("a fault of mlake"))
    assert isinstance(result.exception, RuntimeError)
