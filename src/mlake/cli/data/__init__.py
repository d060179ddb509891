"""``mlake data``: which data sets there are, what they hold and what is wrong with them."""

import click

from mlake.cli.lazy import LazyGroup

__all__ = ["COMMANDS", "data"]

COMMANDS: dict[str, tuple[str, str]] = {
    "list": ("mlake.cli.data.export:list_", "List the data sets that mlake knows by name."),
    "annotate": ("mlake.cli.data.annotate:annotate", "Make the annotation of the released data again."),
    "export": ("mlake.cli.data.export:export", "Write a data set as JSON Lines or Parquet."),
    "check": ("mlake.cli.data.check:check", "Say what is wrong with a data set."),
    "stats": ("mlake.cli.data.stats:stats", "Count what a data set holds: the paper's Table 5 and Figure 8."),
    "init": ("mlake.cli.data.init:init", "Write a small working start for facts of your own."),
    "schema": ("mlake.cli.data.schema:schema", "Print the JSON Schema of a line of facts."),
}
"""Command name to where it is, and the line that ``mlake data --help`` shows for it."""


@click.group(cls=LazyGroup, table=COMMANDS)
def data() -> None:
    """List data sets, look into them, check them, or start one of your own."""
