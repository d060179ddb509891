"""What stands at the head of a published README: which files a table has, and the types of its columns."""

from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any

import yaml

from mlake.construct.release.columns import Column, Table
from mlake.construct.release.files import jsonl, path_of
from mlake.construct.release.rows import Row, Rows

__all__ = ["configs", "front_matter"]

_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))


def front_matter(values: Mapping[str, Any]) -> str:
    """Values as the YAML head of a page."""
    return f"---\n{yaml.safe_dump(dict(values), sort_keys=False, allow_unicode=True, width=110)}---\n"


def configs(tables: Mapping[str, Table], splits: Mapping[str, Rows], ending: str) -> dict[str, Any]:
    """Which files the ``datasets`` library loads for each table, and as what.

    Args:
        tables: Name of a table to its columns.
        splits: Name of a split to the rows of its tables.
        ending: Format of the files.
    """
    filled = {name: [split for split, rows in splits.items() if name in rows] for name in tables}
    return {
        "size_categories": [_size(sum(len(rows) for split in splits.values() for rows in split.values()))],
        "configs": [
            {
                "config_name": name,
                "description": _described(table, [splits[split][name] for split in filled[name]]),
                "data_files": [_files(name, split, ending) for split in filled[name]],
            }
            | ({"default": True} if name == "facts" else {})
            for name, table in tables.items()
        ],
        "dataset_info": [
            {"config_name": name, "features": _features(table.columns)} for name, table in tables.items()
        ],
    }


def _described(table: Table, splits: Iterable[Sequence[Row]]) -> str:
    """What a row is, and a hash of all rows.

    By this text the ``datasets`` library tells that a folder changed: its cache knows one by its path and
    by what stands here, and would give the rows of an earlier build.
    """
    digest = sha256(b"".join(jsonl(rows) for rows in splits)).hexdigest()
    return f"A row is {table.about}. SHA-256 of all rows as JSON Lines: {digest}"


def _files(table: str, split: str, ending: str) -> dict[str, str]:
    return {"split": split, "path": path_of(table, split, ending)}


def _size(count: int) -> str:
    return next((name for limit, name in _SIZES if count < limit), "n>1M")


def _features(columns: Sequence[Column]) -> list[dict[str, Any]]:
    return [{"name": column.name, **_type(column)} for column in columns]


def _type(column: Column) -> dict[str, Any]:
    if column.fields:
        return {"list" if column.many else "struct": _features(column.fields)}
    return {"list" if column.many else "dtype": column.type}
