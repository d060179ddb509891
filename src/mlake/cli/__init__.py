"""The command line: parse, one call, print. ``mlake --help`` imports nothing heavy."""

import errno
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click

from mlake.errors import MlakeError

__all__ = ["COMMANDS", "LazyGroup", "main"]

COMMANDS: dict[str, tuple[str, str]] = {
    "data": ("mlake.cli.data:data", "List, download and check data sets."),
    "edit": ("mlake.cli.edit:edit", "Edit facts of your own into a model."),
    "run": ("mlake.cli.run:run", "Edit in some languages, ask in others, score and report."),
    "score": ("mlake.cli.report:score", "Score a finished run again, without a model."),
    "report": ("mlake.cli.report:report", "Write the tables and figures of a finished run."),
}
"""Command name to where it is, and the line that ``mlake --help`` shows for it."""


class LazyGroup(click.Group):
    """A group that imports a command when it is called, and prints mlake's errors in one line."""

    table: Mapping[str, tuple[str, str]] = COMMANDS

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

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in self.table.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; print an error that a user can mend in one line."""
        try:
            return super().invoke(ctx)
        except MlakeError as error:
            _say(f"error: {error}")
            ctx.exit(2)
        except OSError as error:
            if error.errno == errno.EPIPE:
                raise
            _say(f"error: {error}")
            ctx.exit(2)
        except KeyboardInterrupt:
            _say("interrupted; a run goes on from here when the same command is given again")
            ctx.exit(130)


def _say(text: str) -> None:
    click.echo("mlake: " + " ".join(text.split()), err=True)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="mlake", message="mlake %(version)s")
def main() -> None:
    """Edit a fact into a language model in one language, ask it in five, and measure what carried over."""
