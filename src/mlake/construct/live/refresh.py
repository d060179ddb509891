"""A source fetched anew: every id that it names, as Wikidata has it today, and what has changed."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlake.construct.asked import Asked
from mlake.construct.lines import Row, read_rows, read_text, written
from mlake.construct.live.access import access
from mlake.construct.live.client import Client
from mlake.construct.live.difference import CHANGES, difference
from mlake.construct.live.fetched import Fetched
from mlake.construct.live.properties import property_rows
from mlake.construct.live.source import fetched_in, held, parents_of, today
from mlake.construct.source import Source, read_source
from mlake.construct.sources import Folder, Snapshot, source_named, stored_name
from mlake.construct.wikidata.laid import (
    RECORD,
    Laid,
    entity_row,
    finish,
    is_laid,
    statement_rows,
    write_rows,
)
from mlake.construct.wikidata.statements import current, why_not
from mlake.data.faults import OBJECT
from mlake.disk import json_of, write_atomic
from mlake.errors import DataError
from mlake.folders import os_errors

__all__ = ["DIFFERENCE", "Refreshed", "refresh"]

DIFFERENCE = "difference.jsonl"
"""The file with a line for each change."""


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What came of it.

    Attributes:
        day: The day for which it holds.
        entities: How many entities there are.
        statements: How many statements.
        changes: Name of a change, of ``CHANGES``, to how often it was found.
    """

    day: str
    entities: int
    statements: int
    changes: Mapping[str, int]


def refresh(
    out: Path, source: str, langs: Sequence[str], say: Callable[[str], object] = lambda line: None
) -> Refreshed:
    """Fetches the entities of a source, and what now holds of them by the relations of their statements.

    A folder that is whole is not fetched again; one that is not goes on where it was.

    Args:
        out: Folder for the new source, in the snapshot's layout.
        source: ``snapshot``, or the path of a folder in its layout.
        langs: The languages whose names are wanted.
        say: Told in a line what is going on.

    Raises:
        DataError: The source cannot be refreshed, a setting is wrong, or the folder is of another source.
        DownloadError: Wikidata does not answer; what was fetched is kept.
        RunError: The folder cannot be written.
    """
    reader, _ = source_named(source)
    if not isinstance(reader, Snapshot | Folder):
        raise DataError(f"{source} is fetched as it is; --refresh takes the snapshot or a folder as --source")
    about = {"source": "refreshed", "of": stored_name(source), "langs": [*langs]}
    if not is_laid(out, about):
        _fetch(out, reader.read(Asked(langs=langs)), about, langs, say)
    record = json_of(read_text(out / RECORD))
    counts = Counter(row["change"] for row in read_rows(out / DIFFERENCE, OBJECT))
    changes = {name: counts[name] for name in CHANGES if counts[name]}
    return Refreshed(record["day"], record["entities"], record["statements"], changes)


def _fetch(
    out: Path, old: Source, about: Mapping[str, Any], langs: Sequence[str], say: Callable[[str], object]
) -> None:
    given, day = access(), today()
    relations = sorted({claim.relation for claim in old.claims}, key=lambda one: int(one[1:]))
    with ExitStack() as stack:
        held(stack, out)
        client = Client(given)
        properties = property_rows(client, relations, langs)
        fetched = fetched_in(out, client, langs, relations, say)
        rows = _rows(fetched, old, day)
        laid = _laid(fetched, old, rows, langs, day)
        write_rows(out, laid)
        changed = _changed(fetched, old, read_source(out, langs), rows, day)
        with os_errors(out):
            write_atomic(out / "relations.jsonl", written(properties))
            write_atomic(out / DIFFERENCE, written(changed))
        finish(out, laid, {**about, "day": day})


def _rows(fetched: Fetched, old: Source, day: str) -> dict[str, Row]:
    """Entities by their ids of today: those of the old source, and such as have become objects."""
    found = [row for row in fetched.get(old.entities).values() if row]
    by_id = {row["id"]: row for row in found}
    objects = [
        one
        for subject, relation in _pairs(fetched, old)
        if subject in by_id
        for one in current(by_id[subject]["claims"].get(relation, ()), day).objects
    ]
    return by_id | {row["id"]: row for row in fetched.get(objects).values() if row}


def _pairs(fetched: Fetched, old: Source) -> dict[tuple[str, str], dict[str, bool]]:
    """Subject and relation of each old statement, and what the old source says of the statement."""
    moved = fetched.moved()
    flags = ("volatile", "sensitive")
    return {
        (moved.get(claim.subject, claim.subject), claim.relation): {
            name: True for name in flags if getattr(claim, name)
        }
        for claim in old.claims
    }


def _laid(fetched: Fetched, old: Source, rows: Mapping[str, Row], langs: Sequence[str], day: str) -> Laid:
    lost: Counter[str] = Counter()
    statements = [
        row | flags
        for (subject, relation), flags in _pairs(fetched, old).items()
        if subject in rows
        for row in statement_rows(rows[subject], relation, day, known=rows, moved=fetched.moved(), lost=lost)
    ]
    parents = parents_of(fetched, rows.values(), day)
    return Laid(list(_entities(rows, old, langs, parents, day)), statements, lost)


def _entities(
    rows: Mapping[str, Row],
    old: Source,
    langs: Sequence[str],
    parents: Mapping[str, Sequence[str]],
    day: str,
) -> Iterator[Row]:
    for name, row in rows.items():
        made = entity_row(row, langs, parents, day)
        yield made | {"kind": old.kind(name)} if name in old.entities else made


def _changed(fetched: Fetched, old: Source, new: Source, rows: Mapping[str, Row], day: str) -> list[Row]:
    return difference(
        old,
        new,
        missing=[one for one, row in fetched.get(old.entities).items() if row is None],
        moved=fetched.moved(),
        why_not=lambda s, p, o: why_not(rows[s]["claims"].get(p, ()), o, day),
    )
