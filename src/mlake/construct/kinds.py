"""What kind of thing an entity is: a fixed vocabulary, and a table that corrects what a source says."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from mlake.errors import UnknownNameError

__all__ = ["ENTITY_KINDS", "OTHER", "Kinds", "kinds"]

ENTITY_KINDS = (
    "country", "region", "city", "continent", "person", "character", "band", "company", "organisation",
    "school", "broadcaster", "record_label", "team", "language", "religion", "occupation", "position",
    "sport", "event", "genre", "film", "series", "book", "periodical", "music", "game", "software", "device",
    "vehicle", "building", "dish", "other",
)  # fmt: skip
"""A region is any part of a country that is no city, a book any written work, music a song or an album."""

OTHER = "other"


@dataclass(frozen=True, slots=True)
class Kinds:
    """Tells the kind of an entity.

    Attributes:
        entities: Id to kind, as read by hand.
        mapped: A source's kind to ours.
    """

    entities: Mapping[str, str]
    mapped: Mapping[str, str]

    def of(self, entity: str, kind: str | None) -> str:
        """The kind of an entity, by its id, else by the kind that its source gives it."""
        if entity in self.entities:
            return self.entities[entity]
        if kind in ENTITY_KINDS:
            return str(kind)
        return self.mapped.get(kind or "", OTHER)


@cache
def kinds() -> Kinds:
    """The packaged table.

    Raises:
        UnknownNameError: It names a kind that is not in the vocabulary.
    """
    table = tomllib.loads((files(__package__) / "kinds.toml").read_text(encoding="utf-8"))
    for kind in (*table["entities"], *table["mapped"].values()):
        if kind not in ENTITY_KINDS:
            raise UnknownNameError("kind of entity", kind, ENTITY_KINDS)
    entities = {one: kind for kind, members in table["entities"].items() for one in members}
    return Kinds(entities, table["mapped"])
