"""Tables as files: JSON Lines, and Parquet where its library is installed."""

import importlib
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from mlake.construct.release.columns import Column, Table
from mlake.construct.release.rows import Row, Rows
from mlake.errors import DataError

__all__ = ["FORMATS", "have_parquet", "jsonl", "path_of", "require_parquet", "table_files"]

FORMATS = ("jsonl", "parquet")
"""Formats of a table's files, which are the ends of their names."""

_MISSING = "Parquet needs pyarrow; run: pip install 'mlake[parquet]'"


def have_parquet() -> bool:
    """Whether the library that writes Parquet is installed."""
    try:
        importlib.import_module("pyarrow.parquet")
    except ImportError:
        return False
    return True


def require_parquet() -> None:
    """Does nothing where Parquet can be written.

    Raises:
        DataError: The library that writes it is not installed.
    """
    if not have_parquet():
        raise DataError(_MISSING)


def path_of(table: str, split: str, ending: str) -> str:
    """Where the file of a table's split stands in a published folder."""
    return f"data/{table}/{split}.{ending}"


def table_files(
    tables: Mapping[str, Table], splits: Mapping[str, Rows], formats: Iterable[str]
) -> Iterator[tuple[str, bytes]]:
    """The files of all splits, path and content.

    Args:
        tables: Name of a table to its columns.
        splits: Name of a split to the rows of its tables; a table that a split lacks has no file of it.
        formats: Of ``FORMATS``.
    """
    writers = {"jsonl": lambda columns, rows: jsonl(rows), "parquet": _parquet}
    for ending in formats:
        for split, rows in splits.items():
            for name in rows:
                yield path_of(name, split, ending), writers[ending](tables[name].columns, rows[name])


def jsonl(rows: Iterable[Row]) -> bytes:
    """Rows as JSON Lines."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def _parquet(columns: Sequence[Column], rows: Sequence[Row]) -> bytes:
    """Rows as a Parquet file of one row group; the same bytes for the same rows and version of pyarrow."""
    pyarrow = importlib.import_module("pyarrow")
    parquet = importlib.import_module("pyarrow.parquet")
    schema = pyarrow.schema([_field(pyarrow, column) for column in columns])
    sink = io.BytesIO()
    table = pyarrow.Table.from_pylist(rows, schema=schema)
    parquet.write_table(table, sink, compression="zstd", row_group_size=max(1, len(rows)))
    return sink.getvalue()


def _field(pyarrow: Any, column: Column) -> Any:
    plain = {"string": pyarrow.string, "bool": pyarrow.bool_, "int64": pyarrow.int64}
    one = (
        pyarrow.struct([_field(pyarrow, field) for field in column.fields])
        if column.fields
        else plain[column.type]()
    )
    return pyarrow.field(column.name, pyarrow.list_(one) if column.many else one)
