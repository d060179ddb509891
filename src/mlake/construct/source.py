"""Where facts come from: entities with their names, and statements about them, read from a folder.

The folder holds ``entities.jsonl`` and ``statements.jsonl``, and may hold ``extra-languages/LANG.jsonl`` with
names in further languages. The packaged one, whose README says what a line is, is the default.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from mlake.construct.corrections import corrections
from mlake.construct.kinds import kinds
from mlake.construct.lines import Row, read_rows
from mlake.data.faults import FILLED, TEXT, TEXTS, Shape, shown
from mlake.errors import DataError
from mlake.languages import language

__all__ = ["CORRECTED", "Claim", "Entity", "Source", "read_source", "snapshot"]

CORRECTED = "corrected"
"""Witness of a label that a reading corrected."""


def _object(required: Sequence[str], **properties: Shape) -> Shape:
    return {"type": "object", "properties": properties, "required": list(required)}


_FLAG: Shape = {"type": "boolean"}
_NAMES: Shape = {"type": "array", "items": FILLED}
_ANY: Shape = _object(())
_ENTITY = _object(
    ("id", "labels"),
    id=FILLED,
    labels=_ANY,
    aliases=_ANY,
    types=TEXTS,
    kind={"type": ["string", "null"]},
    source=_ANY,
)
_STATEMENT = _object(
    ("s", "p", "o"),
    s=FILLED,
    p=FILLED,
    o=FILLED,
    source=TEXTS,
    objects={"type": "integer", "minimum": 0},
    objects_2020={"type": "integer", "minimum": 0},
    volatile=_FLAG,
    sensitive=_FLAG,
)
_NAME = _object(("id", "label"), id=FILLED, label=FILLED, aliases=_NAMES, source=TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """A thing and its names.

    Attributes:
        id: Wikidata id.
        kind: What kind of thing it is, of ``ENTITY_KINDS``.
        labels: Language to its main name.
        aliases: Language to its other names.
        label_from: Language to the witness of the label.
        types: Ids of its Wikidata classes.
    """

    id: str
    kind: str
    labels: Mapping[str, str]
    aliases: Mapping[str, tuple[str, ...]]
    label_from: Mapping[str, str]
    types: tuple[str, ...] = ()

    @property
    def shown(self) -> str:
        """A name of it, for people who read the build's files."""
        return self.labels.get("en") or next(iter(self.labels.values()), self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A statement of the source.

    Attributes:
        subject: Id of what it is about.
        relation: Id of the relation.
        object: Id of the other end.
        source: Codes of its witnesses.
        volatile: Whether the source calls it something that changes from year to year.
        sensitive: Whether the source calls it a matter of politics, faith or private life.
        objects: How many objects the subject is known to have by the relation.
    """

    subject: str
    relation: str
    object: str
    source: tuple[str, ...] = ()
    objects: int = 1
    volatile: bool = False
    sensitive: bool = False


@dataclass(frozen=True)
class Source:
    """What a build is made of.

    Attributes:
        entities: Id to entity.
        claims: Statements in the order of the file.
    """

    entities: Mapping[str, Entity]
    claims: tuple[Claim, ...]

    @cached_property
    def _about(self) -> Mapping[str, Sequence[Claim]]:
        found: dict[str, list[Claim]] = {}
        for claim in self.claims:
            found.setdefault(claim.subject, []).append(claim)
        return found

    @cached_property
    def _named(self) -> Mapping[tuple[str, str], Sequence[Entity]]:
        found: dict[tuple[str, str], list[Entity]] = {}
        for one in self.entities.values():
            for lang, name in one.labels.items():
                found.setdefault((lang, name.casefold()), []).append(one)
        return found

    def about(self, entity: str) -> Sequence[Claim]:
        """The statements about an entity."""
        return self._about.get(entity, ())

    def named(self, name: str, lang: str) -> Sequence[Entity]:
        """The entities with this main name in a language, case aside."""
        return self._named.get((lang, name.casefold()), ())

    def label(self, entity: str, lang: str) -> str:
        """The main name of an entity in a language."""
        return self.entities[entity].labels[lang]

    def kind(self, entity: str) -> str:
        """What kind of thing an entity is."""
        return self.entities[entity].kind


def snapshot() -> Traversable:
    """The folder of the packaged snapshot."""
    return files(__package__) / "snapshot"


def read_source(folder: Path | None, langs: Sequence[str]) -> Source:
    """Reads a source.

    Args:
        folder: A folder in the snapshot's layout; None for the packaged snapshot.
        langs: The languages whose names are wanted.

    Raises:
        DataError: A file is missing or wrong, or no entity has a name in one of the languages.
        UnknownNameError: A language is not known.
    """
    place: Traversable = snapshot() if folder is None else folder
    entities = _once(map(_entity, read_rows(place / "entities.jsonl", _ENTITY)), place)
    for lang in langs:
        language(lang)
        _add_names(entities, lang, place / "extra-languages" / f"{lang}.jsonl")
        if not any(lang in one.labels for one in entities.values()):
            raise DataError(
                f"{place} has no labels in {lang!r}; put them into extra-languages/{lang}.jsonl there"
            )
    claims = tuple(_claims(read_rows(place / "statements.jsonl", _STATEMENT), entities, place))
    return Source({one.id: _corrected(one) for one in entities.values()}, claims)


def _corrected(entity: Entity) -> Entity:
    """The entity with the names that a reading found wrong corrected or left out."""
    table = corrections()
    labels = {lang: table.label(entity.id, lang, label) for lang, label in entity.labels.items()}
    aliases = {lang: table.kept(entity.id, lang, names) for lang, names in entity.aliases.items()}
    changed = {lang: CORRECTED for lang, label in labels.items() if label != entity.labels[lang]}
    return replace(entity, labels=labels, aliases=aliases, label_from={**entity.label_from, **changed})


def _once(entities: Iterable[Entity], place: Traversable) -> dict[str, Entity]:
    found: dict[str, Entity] = {}
    for one in entities:
        if one.id in found:
            raise DataError(
                f"{place / 'entities.jsonl'}: entity {shown(one.id)} stands there twice; keep one"
            )
        found[one.id] = one
    return found


def _entity(row: Row) -> Entity:
    where = f"entity {shown(row['id'])}"
    named = row.get("source", {}).get("labels", {})
    return Entity(
        id=row["id"],
        kind=kinds().of(row["id"], row.get("kind")),
        labels={lang: _name(name, f"{where}, labels.{lang}") for lang, name in row["labels"].items()},
        aliases={
            lang: tuple(_name(name, f"{where}, aliases.{lang}") for name in _list(names, f"{where}, {lang}"))
            for lang, names in row.get("aliases", {}).items()
        },
        label_from={lang: str(named[lang]) for lang in row["labels"] if lang in named},
        types=tuple(row.get("types", ())),
    )


def _list(value: object, where: str) -> list[object]:
    if not isinstance(value, list):
        raise DataError(f"{where}: aliases must be a list of names, got {shown(value)}")
    return value


def _name(value: object, where: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise DataError(f"{where} must be a name, got {shown(value)}")
    return value.strip()


def _add_names(entities: dict[str, Entity], lang: str, path: Traversable) -> None:
    """Adds names in a further language, where the source has a file of them."""
    if not path.is_file():
        return
    for row in read_rows(path, _NAME):
        if row["id"] not in entities:
            raise DataError(f"{path}: {shown(row['id'])} is no entity of entities.jsonl; take the line out")
        old = entities[row["id"]]
        entities[old.id] = replace(
            old,
            labels={**old.labels, lang: row["label"]},
            aliases={**old.aliases, lang: tuple(row.get("aliases", ()))},
            label_from={**old.label_from, lang: row.get("source", "")},
        )


def _claims(rows: Iterable[Row], entities: Mapping[str, Entity], place: Traversable) -> Iterator[Claim]:
    for row in rows:
        for end in (row["s"], row["o"]):
            if end not in entities:
                raise DataError(
                    f"{place / 'statements.jsonl'}: {shown(end)} is no entity of entities.jsonl; "
                    "add its line or take the statement out"
                )
        yield Claim(
            subject=row["s"],
            relation=row["p"],
            object=row["o"],
            source=tuple(row.get("source", ())),
            objects=int(
                next(one for one in (row.get("objects"), row.get("objects_2020"), 1) if one is not None)
            ),
            volatile=row.get("volatile", False),
            sensitive=row.get("sensitive", False),
        )
