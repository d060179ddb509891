"""What kind of thing an entity is, told by its Wikidata classes and by what these are subclasses of."""

import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.resources import files

from mlake.construct.kinds import ENTITY_KINDS, OTHER
from mlake.construct.source import read_source
from mlake.errors import UnknownNameError

__all__ = ["STEPS", "kind_of", "known_classes", "unknown_classes"]

STEPS = 4
"""How many times ``subclass of`` is followed; further up, classes say little."""


def kind_of(types: Sequence[str], parents: Mapping[str, Sequence[str]]) -> str:
    """The kind of a thing: what its classes have most often been, or else those above them.

    Args:
        types: Ids of its classes.
        parents: Class to the classes above it, as far as they are known.
    """
    known, level = known_classes(), list(types)
    for _ in range(STEPS + 1):
        votes: Counter[str] = Counter()
        for one in level:
            votes.update(known.get(one, {}))
        if votes:
            return max(votes, key=lambda kind: (votes[kind], -ENTITY_KINDS.index(kind)))
        level = list(dict.fromkeys(above for one in level for above in parents.get(one, ())))
    return OTHER


def unknown_classes(classes: Iterable[str], parents: Mapping[str, Sequence[str]]) -> list[str]:
    """Those of some classes that are neither known nor have the classes above them known, in order."""
    return sorted({one for one in classes if one not in known_classes() and one not in parents})


@cache
def known_classes() -> Mapping[str, Mapping[str, int]]:
    """Class to kinds, each with a weight out of a thousand.

    Raises:
        UnknownNameError: The packaged table names a kind that is not in the vocabulary.
    """
    found: dict[str, Counter[str]] = {}
    for entity in read_source(None, ("en",)).entities.values():
        for one in entity.types:
            found.setdefault(one, Counter())[entity.kind] += 1
    shares = {
        one: {kind: 1000 * count // votes.total() for kind, count in votes.items()}
        for one, votes in found.items()
    }
    table = tomllib.loads((files(__package__) / "classes.toml").read_text(encoding="utf-8"))
    for kind in table:
        if kind not in ENTITY_KINDS:
            raise UnknownNameError("kind of entity", kind, ENTITY_KINDS)
    return shares | {one: {kind: 1000} for kind, members in table.items() for one in members}
