"""``mlake data list`` and ``mlake data export``."""

import json
from collections import Counter
from dataclasses import asdict
from pathlib import Path

import click

from mlake.cli.columns import aligned
from mlake.cli.options import MIRROR
from mlake.construct.release.export import export_files
from mlake.construct.release.files import require_parquet
from mlake.data import DATASETS, load, to_lines, write_jsonl
from mlake.data.check.clean import clean
from mlake.disk import write_atomic, write_files
from mlake.records import Benchmark
from mlake.safe import plain

__all__ = ["export", "list_"]


@click.command("list", epilog="\b\nExample:\n  mlake data list")
@click.option("--json", "as_json", is_flag=True, help="Print the list as JSON, nothing else.")
def list_(as_json: bool) -> None:
    """List the data sets that mlake knows by name.

    A path of a .jsonl, .json or .csv file of your own facts is taken wherever a name is.
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
    for line in aligned(table):
        click.echo(line)


@click.command(
    "export",
    epilog="\b\nExamples:\n  mlake data export mini --format jsonl > facts.jsonl\n"
    "  mlake data export mini --format parquet --out mini\n"
    "  mlake data export mlake --mirror ~/mlake-files --out mlake.jsonl\n"
    "  mlake data export mlake --clean --changes changes.jsonl --out mlake-clean.jsonl",
)
@click.argument("name")
@click.option(
    "--format",
    "form",
    type=click.Choice(["jsonl", "parquet"]),
    default="jsonl",
    show_default=True,
    help="jsonl: one file. parquet: a folder that the datasets library loads.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="File to write, else stdout; with --format parquet the folder.",
)
@click.option("--clean", "mend", is_flag=True, help="Mend what can be mended without guessing.")
@click.option(
    "--changes",
    type=click.Path(path_type=Path, dir_okay=False),
    help="With --clean: file for every change, as JSON Lines.",
)
@MIRROR
def export(
    name: str, form: str, out: Path | None, mend: bool, changes: Path | None, mirror: Path | None
) -> None:
    """Write data set NAME (or a file of facts) as JSON Lines, a line per fact and language, or as tables.

    What the loader could not link is reported on stderr and kept in the file. With --clean, what
    'mlake data check' finds and cleaning mends is mended or left out.
    """
    if changes and not mend:
        raise click.UsageError("--changes lists what --clean changes; give both.")
    if form == "parquet":
        if out is None:
            raise click.UsageError("--format parquet writes a folder; name it with --out DIR.")
        require_parquet()
    benchmark = load(name, mirror=mirror)
    for note in benchmark.notes:
        click.echo(plain(note), err=True)
    if mend:
        benchmark = _cleaned(benchmark, changes)
    if out is None:
        for line in to_lines(benchmark):
            click.echo(line)
        return
    if form == "parquet":
        write_files(out, export_files(benchmark, **_origin(name)))
    else:
        write_jsonl(benchmark, out)
    click.echo(plain(f"wrote {len(benchmark.facts)} facts to {out}"), err=True)


def _origin(name: str) -> dict[str, str]:
    """Where a data set is from and its licence, for its README; of a file of one's own, its name."""
    row = DATASETS.get(name)
    if row is None:
        return {"source": f"{Path(name).name}, a file of one's own", "licence": "as its owner says"}
    return {"source": row.source, "licence": row.licence}


def _cleaned(benchmark: Benchmark, changes: Path | None) -> Benchmark:
    """The benchmark cleaned; what was changed is written to a file and summed up on stderr."""
    cleaned = clean(benchmark)
    if changes:
        lines = (json.dumps(asdict(change), ensure_ascii=False) + "\n" for change in cleaned.changes)
        write_atomic(changes, "".join(lines).encode())
    counts = Counter(change.rule for change in cleaned.changes)
    listed = ", ".join(f"{rule} {count}" for rule, count in counts.most_common())
    click.echo(f"{len(cleaned.changes)} changes{f': {listed}' if listed else ''}", err=True)
    return cleaned.benchmark
