"""``mlake data schema``."""

import click

from mlake.data.own.schema import schema as text

__all__ = ["schema"]


@click.command("schema")
def schema() -> None:
    r"""Print the JSON Schema (draft 2020-12) of one line of a facts file.

    \b
    Examples:
      mlake data schema > facts.schema.json
    """
    click.echo(text(), nl=False)
