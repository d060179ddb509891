"""``mlake data``: which data sets there are, what they hold and what is wrong with them."""

import click

from mlake.cli.lazy import LazyGroup

__all__ = ["COMMANDS", "data"]

COMMANDS: dict[str, tuple[str, str]] = {
    "list": ("mlake.cli.data.export:list_", "List the data sets that mlake knows by name."),
    "export": ("mlake.cli.data.export:export", "Write a data set as JSON Lines."),
}
"""Command name to where it is, and the line that ``mlake data --help`` shows for it."""


@click.group(cls=LazyGroup, table=COMMANDS)
def data() -> None:
    """List data sets, look into them, check them, or start one of your own."""
