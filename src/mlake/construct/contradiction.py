"""What an edit contradicts, so that no question of a build asks for what another edit of it makes false.

All edits of a build are meant to hold at once. An edit of (s, r, old) to (s, r, new) contradicts

1. a statement with the same subject and relation: (s, r, anything);
2. a statement of the same subject by a relation that says nearly the same (``conflicts``): where a city lies
   in another country, nothing is asked about its continent;
3. a statement about the old or the new object that says the same the other way round (``mirrors``): where a
   city is made a capital, nothing is asked about its country, and where its country is changed, nothing about
   whose capital it is;
4. by a symmetric relation, a statement about the old or the new object, and one by which something else has
   the subject: who is married anew is not asked for as anybody else's;
5. by a symmetric or mirrored relation, a statement by which something else has the new object.

A build holds no statement that one of its edits contradicts: neither in second hops, before or after the
edit, nor in questions about other facts, nor as another edit.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from mlake.construct.relations import Relation
from mlake.records import Triple

__all__ = ["Edit", "Mark", "marks_of", "marks_on", "mirrored_by"]


class Mark(NamedTuple):
    """All statements by a relation that have an entity at one end.

    Attributes:
        end: ``subject`` or ``object``.
        entity: Its id.
        relation: The relation.
    """

    end: str
    entity: str
    relation: str


class Edit(NamedTuple):
    """A fact and the object that an edit gives it; None while it is not chosen."""

    subject: str
    relation: str
    old: str
    new: str | None

    @property
    def statement(self) -> Triple:
        """What holds after the edit, or would if nothing were changed."""
        return Triple(self.subject, self.relation, self.new or self.old)


def marks_of(statement: Triple) -> tuple[Mark, Mark]:
    """The two marks that a statement is found by."""
    return (
        Mark("subject", statement.subject, statement.relation),
        Mark("object", statement.object, statement.relation),
    )


def mirrored_by(relations: Mapping[str, Relation], relation: str) -> Iterable[str]:
    """The relations that this one mirrors."""
    return [name for name, row in relations.items() if relation in row.mirrors]


def marks_on(edit: Edit, relations: Mapping[str, Relation]) -> Iterator[Mark]:
    """The marks of all statements that an edit contradicts."""
    subject, relation, old, new = edit
    row = relations[relation]
    objects = [old] if new is None else [old, new]
    yield Mark("subject", subject, relation)
    for other in row.conflicts:
        yield Mark("subject", subject, other)
    for other in mirrored_by(relations, relation):
        yield Mark("object", subject, other)
    for one in objects:
        for other in row.mirrors:
            yield Mark("subject", one, other)
        if row.symmetric:
            yield Mark("subject", one, relation)
    if row.symmetric:
        yield Mark("object", subject, relation)
    if new is not None and (row.symmetric or row.mirrors):
        yield Mark("object", new, relation)
