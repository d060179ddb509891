"""RELATIONS of a build: a relation is a row of a table that users can replace."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from mlake.construct.kinds import ENTITY_KINDS
from mlake.construct.lines import read_text
from mlake.construct.source import Source
from mlake.data.faults import TEXT, TEXTS, Shape, faults, unknown
from mlake.errors import DataError

__all__ = ["Relation", "check_known", "read_relations"]

_FLAG: Shape = {"type": "boolean"}
_SHAPE: Shape = {
    "type": "object",
    "properties": {
        "label": TEXT,
        "objects": {"type": "object", "properties": {kind: TEXTS for kind in ENTITY_KINDS}, "required": []}
        | {"additionalProperties": False},
        "volatile": _FLAG,
        "sensitive": _FLAG,
        "conflicts": TEXTS,
        "mirrors": TEXTS,
        "symmetric": _FLAG,
        "together": {"type": "array", "items": TEXTS},
        "among": {"type": "array", "items": TEXTS},
        "hop": _FLAG,
        "silly": TEXTS,
    },
    "required": ["label", "objects"],
    "additionalProperties": False,
}
_PROPERTY = re.compile(r"P[1-9]\d*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """What a build knows about a relation.

    Attributes:
        id: Wikidata property, such as ``P19``.
        label: Its English name.
        objects: Kind of subject to the kinds of object that it may have.
        volatile: Whether the object changes from year to year.
        sensitive: Whether it is a matter of politics, faith or private life.
        conflicts: Relations that say nearly the same of one subject.
        mirrors: Relations of the object that say nearly the same the other way round.
        symmetric: Whether it holds in both directions.
        together: Lists of objects that often hold of one subject.
        among: Lists of objects of which each takes the place of such as are on the same lists alone.
        hop: Whether it makes a second hop.
        silly: Relations after which the second hop is no question worth asking.
    """

    id: str
    label: str
    objects: Mapping[str, tuple[str, ...]]
    volatile: bool = False
    sensitive: bool = False
    conflicts: tuple[str, ...] = ()
    mirrors: tuple[str, ...] = ()
    symmetric: bool = False
    together: Sequence[Sequence[str]] = ()
    among: Sequence[Sequence[str]] = ()
    hop: bool = False
    silly: tuple[str, ...] = ()

    def fits(self, subject_kind: str, object_kind: str) -> bool:
        """Whether a statement about things of these kinds is one that can be asked about."""
        return object_kind in self.objects.get(subject_kind, ())

    def swaps(self, old: str, new: str) -> bool:
        """Whether one object can take the place of another without being likely to be true beside it."""
        apart = all((old in alike) == (new in alike) for alike in self.among)
        return apart and not any(old in both and new in both for both in self.together)


def read_relations(path: Path | None = None) -> dict[str, Relation]:
    """The table of relations, by property.

    Args:
        path: A TOML file; None for the packaged table.

    Raises:
        DataError: The file cannot be read or a row is wrong; the line names the row.
    """
    place: Traversable = path or files(__package__) / "relations.toml"
    try:
        table = tomllib.loads(read_text(place))
    except tomllib.TOMLDecodeError as error:
        raise DataError(f"{place} is no TOML: {error}; mend it") from None
    return {name: _row(name, row, place.name) for name, row in table.items()}


def _row(name: str, row: object, file: str) -> Relation:
    where = f"{file} [{name}]"
    if not _PROPERTY.fullmatch(name):
        raise DataError(f"{where} must be named by a Wikidata property, such as P19")
    for field, fault in faults(row, _SHAPE):
        raise DataError(f"{where}: {field or 'it'} {fault}")
    assert isinstance(row, dict)  # the schema says so
    for kind in (one for ends in row["objects"].values() for one in ends):
        if kind not in ENTITY_KINDS:
            raise DataError(f"{where}: {unknown('kind of entity', kind, ENTITY_KINDS)}")
    objects = {kind: tuple(ends) for kind, ends in row["objects"].items()}
    rest = {field: tuple(value) if isinstance(value, list) else value for field, value in row.items()}
    return Relation(id=name, **rest | {"objects": objects})


def check_known(relations: Mapping[str, Relation], source: Source) -> None:
    """Nothing, if the source has statements of every relation.

    Raises:
        DataError: It has none of one.
    """
    stated = {claim.relation for claim in source.claims}
    for name in relations:
        if name not in stated:
            raise DataError(
                f"the source has no statement of relation {name!r}; it has: {', '.join(sorted(stated))}"
            )
