"""The Croissant file of a release: its files with their hashes, its tables and their fields, as JSON-LD."""

import json
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any

from mlake.construct.release.columns import Column, Table
from mlake.construct.release.files import path_of
from mlake.construct.release.rows import Rows

__all__ = ["croissant"]

_TERMS = (
    "citeAs", "column", "equivalentProperty", "extract", "field", "fileProperty", "fileObject", "fileSet",
    "format", "includes", "isLiveDataset", "jsonPath", "key", "md5", "parentField", "path", "recordSet",
    "references", "regex", "repeated", "replace", "samplingRate", "separator", "source", "subField",
    "transform",
)  # fmt: skip
_CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "dct": "http://purl.org/dc/terms/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "sc": "https://schema.org/",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    **{term: f"cr:{term}" for term in _TERMS},
}
_TYPES = {"string": "sc:Text", "bool": "sc:Boolean", "int64": "sc:Integer"}
_ENCODINGS = {
    "json": "application/json",
    "jsonl": "application/jsonlines",
    "parquet": "application/x-parquet",
}


def croissant(
    about: Mapping[str, Any],
    tables: Mapping[str, Table],
    splits: Mapping[str, Rows],
    files: Mapping[str, bytes],
) -> bytes:
    """The file's content. Records are read from the tables' JSON Lines, which every release has.

    Args:
        about: What is said of the whole, in terms of schema.org and Croissant.
        tables: Name of a table to its columns.
        splits: Name of a split to the rows of its tables.
        files: Path to content of every file that is part of the data.
    """
    value = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        **about,
        "distribution": [_file(path, content) for path, content in files.items()],
        "recordSet": [_records(tables[name], split) for split, rows in splits.items() for name in rows],
    }
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode()


def _file(path: str, content: bytes) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": path,
        "name": path,
        "contentUrl": path,
        "contentSize": f"{len(content)} B",
        "encodingFormat": _ENCODINGS[path.rpartition(".")[2]],
        "sha256": sha256(content).hexdigest(),
    }


def _records(table: Table, split: str) -> dict[str, Any]:
    name = f"{table.name}/{split}"
    file = path_of(table.name, split, "jsonl")
    return {
        "@type": "cr:RecordSet",
        "@id": name,
        "name": name,
        "description": f"A row is {table.about}.",
        "field": list(_fields(table.columns, name, file, ())),
    }


def _fields(
    columns: Sequence[Column], above: str, file: str, trail: tuple[str, ...]
) -> Iterator[dict[str, Any]]:
    """Fields of a record, or of the field that ``trail`` leads to."""
    for column in columns:
        name, path = f"{above}/{column.name}", (*trail, column.name)
        field: dict[str, Any] = {
            "@type": "cr:Field",
            "@id": name,
            "name": name,
            "description": column.about,
            "source": _source(file, path),
        }
        if column.many:
            field["repeated"] = True
        if column.fields:
            field["subField"] = list(_fields(column.fields, name, file, path))
        else:
            field["dataType"] = _TYPES[column.type]
        yield field


def _source(file: str, path: tuple[str, ...]) -> dict[str, Any]:
    column, *inside = path
    source: dict[str, Any] = {"fileObject": {"@id": file}, "extract": {"column": column}}
    return source | ({"transform": [{"jsonPath": name} for name in inside]} if inside else {})
