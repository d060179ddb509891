"""Entities and their statements laid out as a folder that a build is made of, in the snapshot's layout."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mlake.construct.lines import Row, read_text, written
from mlake.construct.wikidata.classes import kind_of
from mlake.construct.wikidata.entity import CLASS
from mlake.construct.wikidata.names import WITNESS, names
from mlake.construct.wikidata.statements import current
from mlake.disk import encoded, json_of, write_atomic
from mlake.errors import DataError
from mlake.folders import os_errors

__all__ = [
    "RECORD",
    "Laid",
    "entity_row",
    "finish",
    "is_laid",
    "lay",
    "statement_rows",
    "write_laid",
    "write_rows",
]

RECORD = "source.json"
"""The file that is written last: what the folder was made of. Without it the folder is not finished."""


@dataclass(frozen=True, slots=True)
class Laid:
    """What a folder in the snapshot's layout holds.

    Attributes:
        entities: Rows of ``entities.jsonl``.
        statements: Rows of ``statements.jsonl``.
        lost: Reason to how many statements are left out for it.
    """

    entities: Sequence[Row]
    statements: Sequence[Row]
    lost: Mapping[str, int] = field(default_factory=dict)


def lay(
    entities: Iterable[Row],
    *,
    langs: Sequence[str],
    relations: Sequence[str],
    parents: Mapping[str, Sequence[str]],
    today: str,
    moved: Mapping[str, str],
) -> Laid:
    """The folder that some entities make.

    Args:
        entities: The entities, as ``narrow`` gives them.
        langs: The languages whose names are wanted.
        relations: The properties whose statements are wanted.
        parents: Class to the classes above it.
        today: The day for which statements shall hold.
        moved: Id of an entity that was merged into another one to that one's id.
    """
    by_id = {row["id"]: row for row in sorted(entities, key=_number)}
    lost: Counter[str] = Counter()
    statements = [
        made
        for row in by_id.values()
        for name in relations
        for made in statement_rows(row, name, today, known=by_id, moved=moved, lost=lost)
    ]
    return Laid([entity_row(row, langs, parents, today) for row in by_id.values()], statements, lost)


def _number(row: Row) -> int:
    return int(row["id"][1:])


def entity_row(row: Row, langs: Sequence[str], parents: Mapping[str, Sequence[str]], today: str) -> Row:
    """A row of ``entities.jsonl``; languages in which the entity has no name are left out of it."""
    found = {lang: names(row["labels"], row["aliases"], lang) for lang in langs}
    named = {lang: one for lang, one in found.items() if one}
    types = current(row["claims"].get(CLASS, ()), today).objects
    return {
        "id": row["id"],
        "labels": {lang: name for lang, (name, _, _) in named.items()},
        "aliases": {lang: others for lang, (_, _, others) in named.items() if others},
        "types": list(types),
        "kind": kind_of(types, parents),
        "source": {
            "labels": {lang: witness for lang, (_, witness, _) in named.items()},
            "revision": row["revision"],
            "modified": row["modified"],
        },
    }


def statement_rows(
    row: Row,
    relation: str,
    today: str,
    *,
    known: Mapping[str, Any],
    moved: Mapping[str, str],
    lost: Counter[str],
) -> Iterator[Row]:
    """The rows of ``statements.jsonl`` about an entity by a relation; what is left out is counted."""
    found = current(row["claims"].get(relation, ()), today)
    lost.update(found.lost)
    for obj in dict.fromkeys(moved.get(one, one) for one in found.objects):
        if obj not in known:
            lost["unfetched"] += 1
            continue
        made: Row = {"s": row["id"], "p": relation, "o": obj, "source": [WITNESS]}
        yield made if found.count == 1 else made | {"objects": found.count}


def write_laid(folder: Path, laid: Laid, about: Mapping[str, Any]) -> None:
    """Writes a folder that ``read_source`` reads, its record last.

    Args:
        folder: Where it goes; what stands there of these names is replaced.
        laid: What it holds.
        about: What it was made of.

    Raises:
        RunError: It cannot be written.
    """
    write_rows(folder, laid)
    finish(folder, laid, about)


def write_rows(folder: Path, laid: Laid) -> None:
    """Writes what a folder holds.

    Raises:
        RunError: It cannot be written.
    """
    with os_errors(folder):
        write_atomic(folder / "entities.jsonl", written(laid.entities))
        write_atomic(folder / "statements.jsonl", written(laid.statements))


def finish(folder: Path, laid: Laid, about: Mapping[str, Any]) -> None:
    """Writes the record of a folder, by which it is whole.

    Raises:
        RunError: It cannot be written.
    """
    counts = {"entities": len(laid.entities), "statements": len(laid.statements), "left out": dict(laid.lost)}
    record = json.dumps({**about, **counts}, ensure_ascii=False, indent=1)
    with os_errors(folder):
        write_atomic(folder / RECORD, encoded(f"{record}\n"))


def is_laid(folder: Path, about: Mapping[str, Any]) -> bool:
    """Whether a folder is finished, and made of this.

    Raises:
        DataError: It is made of something else, or its record is damaged.
    """
    if not (folder / RECORD).is_file():
        return False
    try:
        record = json_of(read_text(folder / RECORD))
        there = {name: record.get(name) for name in about}
    except (ValueError, AttributeError):
        raise DataError(f"{folder / RECORD} is damaged; delete {folder} to have it made anew") from None
    for name, value in about.items():
        if there[name] != value:
            shown = json.dumps([there[name], value], ensure_ascii=False)
            raise DataError(
                f"{folder} was made with another setting, {name} (there, here: {shown}); delete it to have "
                "it made anew, or choose another --out"
            )
    return True
