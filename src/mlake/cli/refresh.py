"""``mlake build --refresh``: what Wikidata says today of what a source names."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import click

from mlake.cli.columns import aligned
from mlake.safe import plain

__all__ = ["say_refreshed"]


def say_refreshed(
    out: Path, source: str, langs: Sequence[str], say: Callable[[str], object], *, as_json: bool
) -> None:
    """Fetch a source anew and print what has changed.

    Args:
        out: Folder for the new source.
        source: The snapshot, or a folder in its layout.
        langs: The languages whose names are wanted.
        say: Told in a line what is going on.
        as_json: Whether to print JSON.
    """
    from mlake.construct.live.difference import CHANGES
    from mlake.construct.live.refresh import DIFFERENCE, refresh

    done = refresh(out, source, langs, say)
    if as_json:
        told = {"out": str(out), "day": done.day, "entities": done.entities, "statements": done.statements}
        click.echo(json.dumps(told | {"changes": done.changes}, indent=1))
        return
    rows = [[what, f"{count:,}", CHANGES[what]] for what, count in done.changes.items()]
    click.echo(plain(f"{done.entities:,} entities and {done.statements:,} statements as of {done.day}"))
    for line in aligned([["CHANGE", "COUNT", "WHAT IT IS"], *rows]) if rows else ["nothing has changed"]:
        click.echo(line)
    click.echo(plain(f"each change: {out / DIFFERENCE}"))
    click.echo(plain(f"to build from it: mlake build --source {out} --out FOLDER"))
