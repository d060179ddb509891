"""What the blocks of a dump hold together: entities that are subject or object, and classes above them."""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mlake.construct.dump.worker import CLAIMS, CLASSES, ENTITIES
from mlake.construct.lines import Row
from mlake.construct.wikidata.classes import STEPS, unknown_classes
from mlake.construct.wikidata.entity import CLASS

__all__ = ["joined", "parents_in"]

_MEMORY = "2GB"
_NEEDED = """
    WITH pairs AS (SELECT s, o FROM claims SEMI JOIN entities ON claims.o = entities.id)
    SELECT kept FROM entities WHERE id IN (SELECT s FROM pairs UNION SELECT o FROM pairs)
"""
_EMPTY = {ENTITIES: "NULL::VARCHAR id, NULL::VARCHAR kept", CLAIMS: "NULL::VARCHAR s, NULL::VARCHAR o"} | {
    CLASSES: "NULL::VARCHAR id, NULL::VARCHAR parent"
}


@contextmanager
def _tables(place: Path) -> Iterator[Any]:
    """A block in which the tables of a folder can be asked; what does not fit into memory goes to disk."""
    import duckdb

    settings = {"memory_limit": _MEMORY, "temp_directory": str(place / "spilled")}
    with duckdb.connect(config=settings) as tables:
        for name, columns in _EMPTY.items():
            files = str(place / name / "*.parquet").replace("'", "''")
            some = any((place / name).glob("*.parquet"))
            read = f"SELECT * FROM read_parquet('{files}')" if some else f"SELECT {columns} WHERE false"
            tables.execute(f"CREATE VIEW {name} AS {read}")
        yield tables


def joined(place: Path) -> list[Row]:
    """The entities that are subject or object of a statement about two of them.

    Args:
        place: Folder of the tables.
    """
    with _tables(place) as tables:
        return [json.loads(text) for (text,) in tables.execute(_NEEDED).fetchall()]


def parents_in(place: Path, rows: Iterable[Mapping[str, Any]]) -> dict[str, list[str]]:
    """The classes above those of some entities, as far up as they tell kinds.

    Args:
        place: Folder of the tables.
        rows: The entities.
    """
    parents: dict[str, list[str]] = {}
    level = {one["value"] for row in rows for one in row["claims"].get(CLASS, ()) if one["value"]}
    with _tables(place) as tables:
        for _ in range(STEPS):
            wanted = unknown_classes(level, parents)
            parents |= {one: [] for one in wanted}
            asked = (
                "SELECT id, parent FROM classes WHERE id IN (SELECT unnest(?::VARCHAR[])) ORDER BY id, parent"
            )
            for name, parent in tables.execute(asked, [wanted]).fetchall() if wanted else ():
                parents[name].append(parent)
            level = {above for one in wanted for above in parents[one]}
    return parents
