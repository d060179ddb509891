"""What the paper's Table 5 and Figure 8 show, taken from the statistics of any data set."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import astuple, dataclass
from itertools import groupby, islice

from mlake.data.stats.counts import Frequency
from mlake.data.stats.describe import LanguageStats, Stats
from mlake.errors import UnknownNameError

__all__ = ["FIGURES", "TABLE5", "Figure", "Row", "figure"]

_SECONDS = 3
"""Second relations that Figure 8a shows for each first one."""

_RELATIONS = 0.01
"""Share above which Figure 8b shows a relation."""

_ENTITIES = 0.005
"""Share above which Figure 8c shows an entity."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of Table 5.

    Attributes:
        title: What is counted, in the paper's words.
        count: Counts it in one language; None where nothing is known to count.
        paper: Language to the number that the paper prints.
    """

    title: str
    count: Callable[[LanguageStats], int | None]
    paper: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Figure:
    """One part of Figure 8.

    Attributes:
        title: What it shows.
        columns: Names of the columns.
        rows: The rows of one language, without the language.
    """

    title: str
    columns: tuple[str, ...]
    rows: Callable[[LanguageStats], Iterable[tuple[object, ...]]]


def figure(stats: Stats, name: str) -> list[dict[str, object]]:
    """What a part of Figure 8 draws, a row a mark, with the language in its first column.

    Args:
        stats: Statistics of a data set.
        name: ``a`` to ``e``.

    Raises:
        UnknownNameError: There is no such part.
    """
    part = FIGURES.get(name)
    if part is None:
        raise UnknownNameError("figure", name, FIGURES)
    return [
        {"lang": one.lang, **dict(zip(part.columns, row, strict=True))}
        for one in stats.languages
        for row in part.rows(one)
    ]


def _questions(kind: str) -> Callable[[LanguageStats], int | None]:
    return lambda one: one.questions.get(kind, 0)


def _ids(kind: str) -> Callable[[LanguageStats], int | None]:
    return lambda one: one.entities[kind].ids or None if kind in one.entities else None


def _answers(one: LanguageStats) -> int | None:
    return one.entities["direct"].answers if "direct" in one.entities else None


def _printed(en: int, zh: int, ja: int, fr: int, de: int) -> dict[str, int]:
    return {"en": en, "zh": zh, "ja": ja, "fr": fr, "de": de}


TABLE5 = (
    Row("single-hop questions", _questions("direct"), _printed(1072, 1072, 1072, 1072, 1072)),
    Row("multi-hop questions (original)", _questions("multihop_before"), _printed(916, 760, 849, 782, 765)),
    Row("multi-hop questions (edited)", _questions("multihop"), _printed(1024, 798, 909, 701, 731)),
    Row("single-hop entities", _answers, _printed(602, 596, 596, 596, 594)),
    Row("multi-hop entities (original)", _ids("multihop_before"), _printed(1004, 858, 968, 988, 994)),
    Row("multi-hop entities (edited)", _ids("multihop"), _printed(1303, 1053, 1253, 1267, 1285)),
    Row("relations", lambda one: one.relations or None, _printed(43, 43, 43, 43, 43)),
)
"""Rows of Table 5. Single-hop entities are answers, multi-hop entities Wikidata ids in the same language."""


def _relation_pairs(one: LanguageStats) -> Iterator[tuple[object, ...]]:
    if "multihop" in one.chains:
        for _, pairs in groupby(one.chains["multihop"].pairs, lambda pair: (pair.first_id, pair.first_label)):
            yield from map(astuple, islice(pairs, _SECONDS))


def _relations(one: LanguageStats) -> Iterator[tuple[object, ...]]:
    if "multihop" in one.chains:
        yield from _above(_RELATIONS, one.chains["multihop"].relations)


def _entities(one: LanguageStats) -> Iterator[tuple[object, ...]]:
    if "multihop" in one.chains:
        yield from _above(_ENTITIES, one.chains["multihop"].entities)


def _above(share: float, rows: Iterable[Frequency]) -> Iterator[tuple[object, ...]]:
    return (astuple(row) for row in rows if row.share > share)


def _lengths(one: LanguageStats) -> Iterator[tuple[object, ...]]:
    for kind in ("direct", "multihop_before", "multihop"):
        if kind in one.lengths:
            for length, count in one.lengths[kind].histogram:
                yield kind, one.unit, length, count


def _aliases(one: LanguageStats) -> Iterator[tuple[object, ...]]:
    for name in ("new", "multihop"):
        if name in one.aliases:
            for aliases, count in one.aliases[name].histogram:
                yield name, aliases, count


_FREQUENCY = ("rank", "id", "label", "count", "share")

FIGURES: dict[str, Figure] = {
    "a": Figure(
        f"first relations and their {_SECONDS} most frequent second ones, two-hop questions after the edit",
        ("first_id", "first_label", "first_count", "second_id", "second_label", "count"),
        _relation_pairs,
    ),
    "b": Figure("relations above 1 %, two-hop questions after the edit", _FREQUENCY, _relations),
    "c": Figure("entities above 0.5 %, two-hop questions after the edit", _FREQUENCY, _entities),
    "d": Figure("lengths of questions", ("kind", "unit", "length", "count"), _lengths),
    "e": Figure("aliases of answers after the edit", ("answers", "aliases", "count"), _aliases),
}
"""The parts of Figure 8. The paper draws English only; rows are given for every language."""
