"""The source ``wikidata``: candidates by query, then names and statements as they stand today."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mlake.construct.asked import Asked
from mlake.construct.live.access import Access, access
from mlake.construct.live.candidates import candidates
from mlake.construct.live.client import Client
from mlake.construct.live.fetched import Fetched
from mlake.construct.source import Source, read_source
from mlake.construct.wikidata.classes import STEPS, unknown_classes
from mlake.construct.wikidata.entity import CLASS, SUPERCLASS
from mlake.construct.wikidata.laid import is_laid, lay, write_laid
from mlake.construct.wikidata.names import codes
from mlake.construct.wikidata.statements import current
from mlake.folders import lock, os_errors

__all__ = ["FETCHED", "Wikidata", "fetched_in", "held", "parents_of", "today"]

FETCHED = "fetched.jsonl"
_CANDIDATES, _LOCK = "candidates.jsonl", "source.lock"


class Wikidata:
    """Statements of Wikidata over the network.

    What is fetched stands in the folder ``source`` of the build, in the snapshot's layout, with the revision
    of each entity. Once it is whole it is read from there, and nothing is fetched again.
    """

    def read(self, asked: Asked) -> Source:
        """Entities and statements about them.

        Raises:
            DataError: A setting is missing or wrong, or the folder is of another build.
            DownloadError: Wikidata does not answer; what was fetched is kept.
            RunError: The folder cannot be written, or another process fetches into it.
        """
        about = {"source": "wikidata", "langs": [*asked.langs], "relations": [*asked.relations]}
        if asked.place is None or not is_laid(asked.place, about):
            _fetch(asked.writable("wikidata"), asked, access(), about)
        return read_source(asked.place, asked.langs)


def _fetch(place: Path, asked: Asked, given: Access, about: Mapping[str, Any]) -> None:
    with ExitStack() as stack:
        held(stack, place)
        client = Client(given)
        asked.say("asking the query service for candidates")
        ids = candidates(place / _CANDIDATES, client, asked.relations, given.sitelinks)
        fetched = fetched_in(place, client, asked.langs, asked.relations, asked.say)
        found = {row["id"]: row for row in fetched.get(ids).values() if row}
        day = today()
        laid = lay(
            found.values(),
            langs=asked.langs,
            relations=asked.relations,
            parents=parents_of(fetched, found.values(), day),
            today=day,
            moved=fetched.moved(),
        )
        write_laid(place, laid, {**about, "day": day, "sitelinks": given.sitelinks})


def held(stack: ExitStack, place: Path) -> None:
    """Makes a folder and keeps other processes out of it for as long as the stack is held.

    Raises:
        RunError: It cannot be made, or another process holds it.
    """
    with os_errors(place):
        place.mkdir(parents=True, exist_ok=True)
    lock(stack, place, _LOCK)


def fetched_in(
    place: Path,
    client: Client,
    langs: Sequence[str],
    relations: Sequence[str],
    say: Callable[[str], object],
) -> Fetched:
    """What is fetched into a folder: names in some languages, and statements by some properties."""
    return Fetched(
        place / FETCHED,
        client,
        codes(langs),
        (CLASS, SUPERCLASS, *relations),
        lambda done, of: say(f"fetched {done:,} of {of:,} entities"),
    )


def parents_of(fetched: Fetched, rows: Iterable[Mapping[str, Any]], day: str) -> dict[str, list[str]]:
    """The classes above those of some entities, as far up as they tell kinds.

    Args:
        fetched: Fetches classes.
        rows: The entities.
        day: The day for which it is asked.
    """
    parents: dict[str, list[str]] = {}
    level = {one for row in rows for one in current(row["claims"].get(CLASS, ()), day).objects}
    for _ in range(STEPS):
        found = fetched.get(unknown_classes(level, parents))
        for one, row in found.items():
            parents[one] = list(current(row["claims"].get(SUPERCLASS, ()), day).objects) if row else []
        level = {above for one in found for above in parents[one]}
    return parents


def today() -> str:
    """The day, as ``2026-11-26``."""
    return datetime.now(UTC).date().isoformat()
