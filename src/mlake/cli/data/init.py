"""``mlake data init``."""

import shlex
from pathlib import Path

import click

from mlake.data.own.init import init as write_start
from mlake.safe import plain

__all__ = ["init"]


@click.command("init")
@click.argument("folder", type=click.Path(path_type=Path))
def init(folder: Path) -> None:
    r"""Write a small working start for facts of your own to FOLDER, which must be new or empty.

    Two facts as JSON Lines and as CSV, the schema of a line, and a README with the commands to go on.

    \b
    Examples:
      mlake data init my-facts/
    """
    for path in write_start(folder):
        click.echo(plain(f"wrote {path}"))
    click.echo(plain(f"next: mlake data check {shlex.quote(str(folder / 'facts.jsonl'))}"))
