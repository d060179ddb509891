"""A command group that imports a command only when it is called."""

import errno
import signal
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from io import TextIOWrapper
from typing import Any

import click

from mlake.errors import MlakeError, closest, memory_ran_out
from mlake.safe import plain, visible

__all__ = ["LazyGroup"]

_LONGEST = 4000
_GOES_ON = "what is finished is kept, and the same command goes on from here"
_FROM_THE_START = "the same command starts again from its beginning"
_INTERRUPTED = {
    "build": _GOES_ON,
    "ask": "the model itself is unchanged",
    "edit": "the edit was not finished; the same command starts it again",
    "reproduce": _GOES_ON,
    "review": "what was decided is kept; the same command opens the page again",
    "run": _GOES_ON,
    "trace": _GOES_ON,
    "tune": _GOES_ON,
    "train": "the same command goes on after the last step that was saved",
}
"""Command to what holds once it was cut off."""


class LazyGroup(click.Group):
    """A group that imports a command when it is called, and prints mlake's errors in one line."""

    def __init__(self, *args: Any, table: Mapping[str, tuple[str, str]], **settings: Any) -> None:
        """Takes what a group takes, and the table.

        Args:
            args: Passed to ``click.Group``.
            table: Command name to ``module:attribute`` and a line of help.
            settings: Passed to ``click.Group``.
        """
        super().__init__(*args, **settings)
        self.table = table

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of the commands."""
        return list(self.table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        if cmd_name not in self.table:
            return None
        module, attribute = self.table[cmd_name][0].split(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the first word names; of one that there is not, say which may be meant."""
        near = "" if args[0] in self.table or args[0].startswith("-") else closest(args[0], self.table)
        if near:
            ctx.fail(f"No such command {args[0]!r}. Did you mean {near!r}?")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in self.table.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; print an error that a user can mend in one line."""
        _escape_what_cannot_be_shown()
        try:
            with _terminated_in_order():
                return super().invoke(ctx)
        except click.UsageError as error:
            shown = visible(error.format_message())
            if shown == error.format_message():
                raise  # help, where nothing is asked for, is one of these too
            raise click.UsageError(shown, error.ctx) from None
        except MlakeError as error:
            _say(f"error: {error}")
            ctx.exit(2)
        except OSError as error:
            if error.errno == errno.EPIPE:
                raise
            _say(f"error: {error}")
            ctx.exit(2)
        except Exception as error:
            if not memory_ran_out(error):
                raise
            _say(
                "error: out of memory; what was finished is kept: free memory and give the command again, or "
                "take a smaller model, --dtype bf16 or a smaller --batch-size"
            )
            ctx.exit(2)
        except KeyboardInterrupt as stop:
            terminated = isinstance(stop, _Terminated)
            what = "terminated" if terminated else "interrupted"
            _say(f"{what}; {_INTERRUPTED.get(ctx.invoked_subcommand or '', _FROM_THE_START)}")
            ctx.exit(128 + (signal.SIGTERM if terminated else signal.SIGINT))


class _Terminated(KeyboardInterrupt):
    """The process was asked to end."""


@contextmanager
def _terminated_in_order() -> Iterator[None]:
    """Being asked to end is like Ctrl-C: models are restored and temporary files taken away."""
    ours = threading.current_thread() is threading.main_thread()
    if not ours or signal.getsignal(signal.SIGTERM) != signal.SIG_DFL:
        yield
        return

    def end(number: int, frame: object) -> None:
        raise _Terminated

    signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _escape_what_cannot_be_shown() -> None:
    """A terminal or pipe of few characters, such as cp1252, gets escapes of the others, and no error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _say(text: str) -> None:
    said = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"  # it may repeat what a file holds
    click.echo(f"mlake: {plain(said)}", err=True)
