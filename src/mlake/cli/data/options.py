"""Options that several data commands share."""

from pathlib import Path

import click

__all__ = ["MIRROR"]

MIRROR = click.option(
    "--mirror",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder with the published files at the paths of their repository; else they are downloaded once.",
)
