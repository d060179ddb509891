"""Any data set as a folder that the ``datasets`` library loads."""

from importlib.metadata import version

from mlake.construct.release.columns import Table, benchmark_tables
from mlake.construct.release.files import FORMATS, table_files
from mlake.construct.release.front import configs, front_matter
from mlake.construct.release.page import page
from mlake.construct.release.rows import Rows, benchmark_rows
from mlake.construct.release.statistics import questions_by_kind
from mlake.data import to_lines
from mlake.records import Benchmark

__all__ = ["SPLIT", "export_files"]

SPLIT = "test"
"""The one split of a data set that has none."""


def export_files(benchmark: Benchmark, *, source: str, licence: str) -> dict[str, bytes]:
    """The files of a folder with a data set's tables, as Parquet and as JSON Lines, and a README.

    Args:
        benchmark: The data set.
        source: Where it comes from, for people.
        licence: Its licence, for people.

    Returns:
        Path in the folder to content.

    Raises:
        DataError: The library that writes Parquet is not installed.
    """
    rows: Rows = {name: found for name, found in benchmark_rows(benchmark).items() if found}
    tables = {name: table for name, table in benchmark_tables(benchmark.langs).items() if name in rows}
    files = dict(table_files(tables, {SPLIT: rows}, FORMATS))
    files[f"mlake/{SPLIT}.jsonl"] = "".join(line + "\n" for line in to_lines(benchmark)).encode()
    files["README.md"] = _readme(benchmark, tables, rows, source, licence).encode()
    return files


def _readme(benchmark: Benchmark, tables: dict[str, Table], rows: Rows, source: str, licence: str) -> str:
    head = {"pretty_name": benchmark.name, "language": list(benchmark.langs)}
    return front_matter(head | configs(tables, {SPLIT: rows}, "parquet")) + page(
        "export.md",
        name=benchmark.name,
        facts=len(benchmark.facts),
        langs=benchmark.langs,
        version=version("mlake"),
        endings=FORMATS,
        source=source,
        licence=licence,
        revision=benchmark.revision,
        sha256=benchmark.sha256,
        notes=benchmark.notes,
        split=SPLIT,
        questions=questions_by_kind(rows, benchmark.langs),
        tables=tables,
    )
