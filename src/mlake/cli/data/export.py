"""``mlake data list`` and ``mlake data export``."""

import json
from pathlib import Path

import click

from mlake.data import DATASETS, load, to_lines, write_jsonl

__all__ = ["export", "list_"]


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print the list as JSON, nothing else.")
def list_(as_json: bool) -> None:
    r"""List the data sets that mlake knows by name.

    A path of a .jsonl file of your own facts is taken wherever a name is.

    \b
    Example:
      mlake data list
    """
    rows = [
        {
            "name": row.name,
            "facts": len(load(row.name).facts) if row.facts is None else row.facts,
            "licence": row.licence,
            "source": row.source,
        }
        for row in DATASETS.values()
    ]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    table = [["NAME", "FACTS", "LICENCE", "SOURCE"], *([str(v) for v in row.values()] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for cells in table:
        padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        click.echo("  ".join(padded).rstrip())


@click.command("export")
@click.argument("name")
@click.option(
    "--format",
    type=click.Choice(["jsonl"]),
    default="jsonl",
    show_default=True,
    expose_value=False,
    help="File format.",
)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="File to write; else stdout.")
@click.option(
    "--mirror",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder with the published files as <commit>/dataset/…; else they are downloaded once.",
)
def export(name: str, out: Path | None, mirror: Path | None) -> None:
    r"""Write data set NAME (or a .jsonl file) as JSON Lines: a line per fact and language.

    What the loader could not link is reported on stderr and kept in the file.

    \b
    Examples:
      mlake data export mini --format jsonl > facts.jsonl
      mlake data export mlake --mirror ~/mlake-files --out mlake.jsonl
    """
    benchmark = load(name, mirror=mirror)
    for note in benchmark.notes:
        click.echo(note, err=True)
    if out is None:
        for line in to_lines(benchmark):
            click.echo(line)
        return
    write_jsonl(benchmark, out)
    click.echo(f"wrote {len(benchmark.facts)} facts to {out}", err=True)
