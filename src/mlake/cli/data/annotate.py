"""``mlake data annotate``."""

from pathlib import Path

import click

from mlake.cli.options import MIRROR
from mlake.data import DATASETS
from mlake.data.files import Files
from mlake.data.release.annotation.make import annotate as make
from mlake.data.release.annotation.make import read_corrections
from mlake.data.release.annotation.records import to_lines
from mlake.data.release.rows import parse
from mlake.data.subjects.recover import recover
from mlake.disk import write_atomic
from mlake.errors import DataError
from mlake.safe import plain

__all__ = ["annotate"]


@click.command("annotate")
@MIRROR
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="File to write.")
def annotate(mirror: Path | None, out: Path) -> None:
    r"""Make the annotation of the released data again: subjects, their places, Wikidata ids, relations.

    What it writes is shipped with mlake already; this shows how it was made. It takes half a minute.

    \b
    Examples:
      mlake data annotate --mirror ~/mlake-files --out annotation.jsonl
    """
    row = DATASETS["mlake"]
    files = Files(row.name, row.url, row.files, mirror)
    released = parse(files.read_all())
    made = make(released, read_corrections(), recover(released.clues()))
    try:
        write_atomic(out, to_lines(made))
    except OSError as error:
        raise DataError(f"cannot write {out}: {error.strerror or error}; choose another place") from None
    click.echo(plain(f"wrote {len(made)} facts to {out}"), err=True)
