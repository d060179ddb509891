"""Faults of single aliases, and aliases that could be taken over: for rules and for cleaning."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher
from functools import lru_cache
from typing import NamedTuple

from mlake.data.check.matching import find, has, key
from mlake.data.check.view import Names, name_lists, new_names, old_names, stated
from mlake.records import Benchmark, Statement
from mlake.text import find_names

__all__ = ["Fault", "borrowed", "faults", "unlike"]

_SPREAD = 3  # unlike answers that list an alias before it is taken to belong to none of them
_OTHERS = 2  # other rows with the same answer that must lack an alias
_STEM = 4  # letters that two forms of one word share at their start
_ALIKE = 0.7  # difflib's ratio above which two words are forms of one
_WORD = 3  # letters of the shortest word that says anything


class Fault(NamedTuple):
    """A rule that an alias breaks, the list it is in and its index there, and why the rule says so."""

    rule: str
    place: Names
    at: int
    why: str

    @property
    def alias(self) -> str:
        """The alias."""
        return self.place.names[self.at]


def faults(benchmark: Benchmark) -> Iterator[Fault]:
    """Every faulty alias, each with one fault: emoji before too short, that before duplicate and poisoned."""
    places = list(name_lists(benchmark))
    spread = _spread(places)
    strays = _strays(benchmark)
    for place in places:
        seen = {key(place.names[0], place.lang)}
        for at, alias in enumerate(place.names[1:], 1):
            form = key(alias, place.lang)
            if _is_emoji(alias):
                yield Fault("emoji-alias", place, at, "it holds a symbol and no letter")
            elif _is_ignored(alias, place.lang):
                yield Fault("short-alias", place, at, "it is too short to be looked for")
            elif form in seen:
                yield Fault("duplicate-alias", place, at, "it is another spelling of a name before it")
            elif form in spread[place.lang] and unlike(alias, place.names[0]):
                yield Fault("poisoned-alias", place, at, "unlike answers list it too")
            elif why := strays.get((place.fact or "", place.lang, place.field, form)):
                yield Fault("poisoned-alias", place, at, why)
            seen.add(form)


def _is_emoji(alias: str) -> bool:
    return not any(map(str.isalnum, alias)) and any(unicodedata.category(char) == "So" for char in alias)


@lru_cache(maxsize=16384)
def _is_ignored(alias: str, lang: str) -> bool:
    """Whether it is never found as an alias, not even where it is all there is."""
    few = sum(char.isalnum() for char in alias) < _WORD  # asking is dear
    return few and not find_names(alias, ("\0", alias), lang)


@lru_cache(maxsize=65536)
def _words(name: str) -> frozenset[str]:
    plain = unicodedata.normalize("NFD", name.casefold())
    bare = "".join(char for char in plain if not unicodedata.combining(char))
    return frozenset(word for word in re.findall(r"\w+", bare) if len(word) >= _WORD)


@lru_cache(maxsize=65536)
def unlike(alias: str, name: str) -> bool:
    """Whether two names have no word in common, not even in another form."""
    return not any(
        one[:_STEM] == other[:_STEM] or SequenceMatcher(None, one, other).ratio() >= _ALIKE
        for one in _words(alias)
        for other in _words(name)
    )


def _spread(places: list[Names]) -> Mapping[str, set[str]]:
    """Aliases that several answers list though they have nothing in common with them, by language."""
    under: dict[tuple[str, str], set[str]] = defaultdict(set)
    for place in places:
        for alias in place.names[1:]:
            under[place.lang, key(alias, place.lang)].add(key(place.names[0], place.lang))
    found: dict[str, set[str]] = defaultdict(set)
    for (lang, alias), names in under.items():
        if len(names) >= _SPREAD and sum(unlike(alias, name) for name in names) >= _SPREAD:
            found[lang].add(alias)
    return found


def _strays(benchmark: Benchmark) -> dict[tuple[str, str, str, str], str]:
    """Aliases of old answers that were taken from the fact's own sentence, with the reason.

    They stand in a sentence that does not state the answer, and either within the subject or under no row
    whose sentence does not hold them, though other rows have the same answer.
    """
    rows: dict[tuple[str, str], list[Statement]] = defaultdict(list)
    for _, statement in stated(benchmark):
        rows[statement.lang, statement.old].append(statement)
    found = {}
    for (lang, old), statements in rows.items():
        having: dict[str, list[tuple[Statement, str]]] = defaultdict(list)
        for statement in statements:
            for alias in statement.old_aliases:
                having[key(alias, lang)].append((statement, alias))
        for form, places in having.items():
            if not unlike(places[0][1], old):
                continue
            taken = all(alias in one.old_sentence and old not in one.old_sentence for one, alias in places)
            for statement, alias in places:
                if old in statement.old_sentence or alias not in statement.old_sentence:
                    continue
                where = (statement.fact, lang, "old", form)
                if statement.subject and _words(alias) & _words(statement.subject):
                    found[where] = "it is part of the subject"
                elif taken and len(statements) - len(places) >= _OTHERS:
                    found[where] = "it comes from the row's own sentence; other rows with this answer lack it"
    return found


def borrowed(benchmark: Benchmark) -> dict[tuple[str, str], tuple[str, ...]]:
    """Fact and language to the aliases that its new answer lacks and the same name has elsewhere.

    Only where it has none at all, faulty ones aside. A name whose lists share nothing is taken to be the
    name of two things, and left alone; so is an alias that stands in a name of the old answer, or has one
    in it.
    """
    faulty = {(fault.place, fault.at) for fault in faults(benchmark)}
    lists: dict[tuple[str, str], list[tuple[str, ...]]] = defaultdict(list)
    for place in name_lists(benchmark):
        aliases = tuple(name for at, name in enumerate(place.names) if at and (place, at) not in faulty)
        if aliases:
            lists[place.lang, key(place.names[0], place.lang)].append(aliases)
    found = {}
    for fact, statement in stated(benchmark):
        lang = statement.lang
        own = Names(fact.id, None, lang, "new", new_names(statement))
        if any((own, at) not in faulty for at in range(1, len(own.names))):
            continue
        fit = _fitting(_merged(lists[lang, key(statement.new, lang)], lang), old_names(statement), lang)
        if fit:
            found[fact.id, lang] = fit
    return found


def _merged(lists: list[tuple[str, ...]], lang: str) -> tuple[str, ...]:
    forms = {frozenset(key(alias, lang) for alias in one) for one in lists}
    if any(not one & other for one in forms for other in forms):
        return ()
    every = {key(alias, lang): alias for one in reversed(lists) for alias in reversed(one)}
    return tuple(dict.fromkeys(every[key(alias, lang)] for one in lists for alias in one))


def _fitting(aliases: tuple[str, ...], names: tuple[str, ...], lang: str) -> tuple[str, ...]:
    """The aliases that stand in none of the names and hold none of them."""
    inside = {span.name for span in find(" | ".join(names), aliases, lang)}
    return tuple(one for one in aliases if one not in inside and not has(one, names, lang))
