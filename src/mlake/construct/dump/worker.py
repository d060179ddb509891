"""What a worker makes of a block: the entities and classes that may be needed, as Parquet."""

import importlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypedDict

from mlake.construct.lines import Row
from mlake.construct.wikidata.entity import SUPERCLASS, narrow
from mlake.construct.wikidata.names import codes, names
from mlake.disk import write_atomic

__all__ = ["CLAIMS", "CLASSES", "ENTITIES", "Wanted", "read_block"]

ENTITIES, CLAIMS, CLASSES = "entities", "claims", "classes"
"""Tables: popular entities; ids of their subjects and objects; classes and what they are subclasses of."""

_COLUMNS = {ENTITIES: ("id", "kept"), CLAIMS: ("s", "o"), CLASSES: ("id", "parent")}
_SITELINK, _IS_CLASS = b'"site":"', f'"{SUPERCLASS}":['.encode()


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is wanted of a dump.

    Attributes:
        langs: The languages in all of which an entity must have a name.
        relations: The properties whose statements are wanted.
        properties: All properties that are kept.
        sitelinks: Least number of sitelinks of an entity.
    """

    langs: tuple[str, ...]
    relations: tuple[str, ...]
    properties: tuple[str, ...]
    sitelinks: int


def read_block(data: bytes, number: int, place: Path, wanted: Wanted) -> dict[str, int]:
    """Writes the tables of a block, ``TABLE/NUMBER.parquet`` each; one without rows is not written.

    Args:
        data: Whole lines of a dump.
        number: Number of the block.
        place: Folder of the tables.
        wanted: What is wanted.

    Returns:
        How many lines there are, and how many were left out, by reason.
    """
    counts: Counter[str] = Counter()
    tables: dict[str, list[tuple[str, str]]] = {name: [] for name in _COLUMNS}
    for line in data.split(b"\n"):
        text = line.strip(b", \r\t")
        if text in (b"", b"[", b"]"):
            continue
        counts["lines"] += 1
        popular = text.count(_SITELINK) >= wanted.sitelinks
        if not popular and _IS_CLASS not in text:
            counts["unpopular"] += 1
            continue
        row = _decoded(text, wanted)
        if row is None:
            counts["damaged"] += 1
            continue
        tables[CLASSES] += ((row["id"], one) for one in _values(row, (SUPERCLASS,)))
        if not popular:
            counts["class"] += 1
        elif not all(names(row["labels"], row["aliases"], lang) for lang in wanted.langs):
            counts["unnamed"] += 1
        else:
            counts["kept"] += 1
            tables[ENTITIES].append((row["id"], json.dumps(row, ensure_ascii=False)))
            tables[CLAIMS] += ((row["id"], one) for one in _values(row, wanted.relations))
    for name, rows in tables.items():
        if rows:
            write_atomic(place / name / f"{number:06}.parquet", _parquet(_COLUMNS[name], rows))
    return dict(counts)


def _values(row: Row, properties: Sequence[str]) -> Iterator[str]:
    statements = (one for name in properties for one in row["claims"].get(name, ()))
    yield from dict.fromkeys(one["value"] for one in statements if one["value"] is not None)


def _decoded(text: bytes, wanted: Wanted) -> Row | None:
    """An item, narrowed; None where the line holds none, or nothing that can be read."""
    import msgspec

    try:
        entity: Mapping[str, Any] = _decoder(wanted.properties).decode(text)
        return narrow(entity, codes(wanted.langs), wanted.properties) if entity["id"][:1] == "Q" else None
    except (msgspec.DecodeError, LookupError, TypeError):
        return None


@cache
def _decoder(properties: tuple[str, ...]) -> Any:
    """Reads what is wanted of an entity and passes over the rest, which is most of it."""
    import msgspec

    typed: Any = TypedDict  # the names of its keys are known at run time alone
    many: Any = list
    snak = typed("Snak", {"snaktype": str, "datavalue": dict[str, Any]}, total=False)
    qualifiers = typed("Qualifiers", {one: many[snak] for one in ("P580", "P582")}, total=False)
    fields = {"mainsnak": snak, "rank": str, "qualifiers": qualifiers | list[Any]}
    statement = typed("Statement", fields, total=False)
    claims = typed("Claims", {one: many[statement] for one in properties}, total=False)
    maps: Any = dict[str, Any] | list[Any]
    rest = {"labels": maps, "aliases": maps, "sitelinks": maps, "lastrevid": int, "modified": str}
    entity = typed("Entity", {"id": str, "claims": claims | list[Any], **rest}, total=False)
    return msgspec.json.Decoder(entity)


def _parquet(columns: Sequence[str], rows: Sequence[tuple[str, str]]) -> bytes:
    pyarrow = importlib.import_module("pyarrow")
    parquet = importlib.import_module("pyarrow.parquet")
    arrays = [pyarrow.array(values, pyarrow.string()) for values in zip(*rows, strict=True)]
    sink = pyarrow.BufferOutputStream()
    parquet.write_table(pyarrow.table(dict(zip(columns, arrays, strict=True))), sink, compression="zstd")
    return bytes(sink.getvalue().to_pybytes())
