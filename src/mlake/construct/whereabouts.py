"""Where things are, by what the source says and a table of what it does not: never for questions."""

import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files

from mlake.construct.source import Source

__all__ = ["Whereabouts"]

_COUNTRY, _CAPITAL, _CONTINENT, _PART_OF, _SPOKEN = "P17", "P36", "P30", "P131", "P37"


@cache
def _table() -> Mapping[str, Mapping[str, list[str]]]:
    return tomllib.loads((files(__package__) / "whereabouts.toml").read_text(encoding="utf-8"))


class Whereabouts:
    """What is where."""

    def __init__(self, source: Source) -> None:
        self._within: dict[str, set[str]] = {}
        self._on: dict[str, set[str]] = {}
        self._spoken: dict[str, set[str]] = {}
        for claim in source.claims:
            if claim.relation in (_COUNTRY, _PART_OF):
                self._within.setdefault(claim.subject, set()).add(claim.object)
            elif claim.relation == _CAPITAL:
                self._within.setdefault(claim.object, set()).add(claim.subject)
            elif claim.relation == _CONTINENT:
                self._on.setdefault(claim.subject, set()).add(claim.object)
            elif claim.relation == _SPOKEN:
                self._spoken.setdefault(claim.subject, set()).add(claim.object)
        for whole, parts in _table()["countries"].items():
            for part in parts:
                self._within.setdefault(part, set()).add(whole)
        for continent, countries in _table()["continents"].items():
            for country in countries:
                self._on.setdefault(country, set()).add(continent)
        self._around: dict[str, frozenset[str]] = {}

    def around(self, entity: str) -> frozenset[str]:
        """The places that an entity is in, and itself: regions, countries and states that are their heirs."""
        if entity not in self._around:
            found, left = set[str](), [entity]
            while left:
                one = left.pop()
                if one not in found:
                    found.add(one)
                    left += self._within.get(one, ())
            self._around[entity] = frozenset(found)
        return self._around[entity]

    def answers(self, entity: str, relation: str) -> set[str]:
        """What holds of an entity by a relation about places, whether or not the source states it."""
        places = self.around(entity)
        if relation == _COUNTRY:
            return set(places - {entity})
        return _all(self._on, places) if relation == _CONTINENT else set(self._languages(relation, places))

    def _languages(self, relation: str, places: Iterable[str]) -> set[str]:
        return _all(self._spoken, places) if relation == _SPOKEN else set()


def _all(table: Mapping[str, set[str]], places: Iterable[str]) -> set[str]:
    return {one for place in places for one in table.get(place, ())}
