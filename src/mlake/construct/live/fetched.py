"""What was fetched: a line an entity, kept as it comes, so that a stopped build goes on where it was."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mlake.construct.journal import Journal
from mlake.construct.lines import Row
from mlake.construct.live.client import BATCH, Client
from mlake.construct.live.failures import NoSuchEntityError
from mlake.construct.wikidata.entity import narrow

__all__ = ["Fetched"]

_PROPS = ("info", "sitelinks", "labels", "aliases", "claims")


@dataclass
class Fetched:
    """Entities of Wikidata, fetched once.

    Attributes:
        path: The file that keeps them.
        client: Asks for those that it lacks.
        codes: Wikidata's language codes whose names are wanted.
        properties: The properties whose statements are kept.
        say: Told how many are fetched, of how many.
    """

    path: Path
    client: Client
    codes: Sequence[str]
    properties: Sequence[str]
    say: Callable[[int, int], object] = lambda done, of: None
    _rows: dict[str, Row | None] = field(init=False)
    _journal: Journal = field(init=False)

    def __post_init__(self) -> None:
        head = {"codes": [*self.codes], "properties": [*self.properties]}
        self._journal = Journal(self.path, head)
        self._rows = {row["asked"]: row["entity"] for row in self._journal.rows}

    def get(self, ids: Iterable[str]) -> dict[str, Row | None]:
        """Entities by the ids asked for: merged ones under their old ids, None for those that are no more.

        Raises:
            DownloadError: Wikidata does not answer; what was fetched so far is kept.
            RunError: The file cannot be written.
        """
        wanted = list(dict.fromkeys(ids))
        lacking = [one for one in wanted if one not in self._rows]
        for start in range(0, len(lacking), BATCH):
            self._keep(self._batch(lacking[start : start + BATCH]))
            self.say(min(start + BATCH, len(lacking)), len(lacking))
        return {one: self._rows[one] for one in wanted}

    def moved(self) -> dict[str, str]:
        """Old id of each entity that was merged into another one, to that one's id."""
        return {asked: row["id"] for asked, row in self._rows.items() if row and row["id"] != asked}

    def _batch(self, ids: Sequence[str]) -> dict[str, Row | None]:
        """A batch; without the ids for which the server refuses all of it."""
        if not ids:
            return {}
        try:
            found = self.client.entities(ids, self.codes, _PROPS)
        except NoSuchEntityError as error:
            if error.entity in ids:
                left = [one for one in ids if one != error.entity]
                return {error.entity: None} | self._batch(left)
            if len(ids) == 1:
                return {ids[0]: None}
            half = len(ids) // 2
            return self._batch(ids[:half]) | self._batch(ids[half:])
        return {
            one: None if "missing" in found[one] else narrow(found[one], self.codes, self.properties)
            for one in ids
        }

    def _keep(self, rows: Mapping[str, Row | None]) -> None:
        self._rows.update(rows)
        self._journal.add({"asked": asked, "entity": row} for asked, row in rows.items())
