"""Entities in the JSON of Wikidata."""

from collections.abc import Mapping, Sequence
from typing import Any

JSON = dict[str, Any]


def snak(value: str | None, *, old: bool = False) -> JSON:
    """A main snak with an item as its value; one of an old dump has no ``id``; None for an unknown value."""
    if value is None:
        return {"snaktype": "somevalue"}
    number: JSON = {"entity-type": "item", "numeric-id": int(value[1:])}
    data = {"value": number if old else number | {"id": value}, "type": "wikibase-entityid"}
    return {"snaktype": "value", "datavalue": data}


def time(day: str) -> JSON:
    value = {"time": f"+{day}T00:00:00Z", "precision": 11, "calendarmodel": "…/Q1985727"}
    return {"snaktype": "value", "datavalue": {"value": value, "type": "time"}}


def statement(
    value: str | None,
    rank: str = "normal",
    *,
    start: str = "",
    end: str = "",
    snaktype: str = "",
    old: bool = False,
) -> JSON:
    main = {"snaktype": snaktype} if snaktype else snak(value, old=old)
    times = {name: [time(day)] for name, day in (("P580", start), ("P582", end)) if day}
    return {"mainsnak": main, "rank": rank} | ({"qualifiers": times} if times else {})


def item(
    name: str,
    labels: Mapping[str, str],
    claims: Mapping[str, Sequence[JSON | str]] = {},
    aliases: Mapping[str, Sequence[str]] = {},
    *,
    sites: int = 0,
    **rest: Any,
) -> JSON:
    """An item; a statement may be given as the id of its object."""
    return {
        "id": name,
        "type": "item",
        "lastrevid": 1000 + int(name[1:]),
        "modified": "2026-01-05T12:00:00Z",
        "labels": {code: {"language": code, "value": label} for code, label in labels.items()},
        "aliases": {
            code: [{"language": code, "value": one} for one in many] for code, many in aliases.items()
        },
        "claims": {
            relation: [statement(one) if isinstance(one, str) else one for one in many]
            for relation, many in claims.items()
        },
        "sitelinks": {f"{at}wiki": {"site": f"{at}wiki", "title": name} for at in range(sites)},
    } | rest


def named(name: str, label: str, claims: Mapping[str, Sequence[JSON | str]] = {}, **rest: Any) -> JSON:
    """An item with one name in English and German."""
    return item(name, {"en": label, "de": label}, claims, **rest)


WORLD = {
    one["id"]: one
    for one in (
        named("Q142", "France", {"P31": ["Q6256"], "P36": ["Q90"]}, sites=120),
        named("Q183", "Germany", {"P31": ["Q6256"], "P36": ["Q64"]}, sites=110),
        named("Q90", "Paris", {"P31": ["Q515"], "P17": ["Q142"]}, sites=104),
        named("Q64", "Berlin", {"P31": ["Q90000001"], "P17": ["Q183"]}, sites=130),
        named("Q5", "human"),
        named("Q90000001", "seat of poets", {"P279": ["Q90000002"]}),
        named("Q90000002", "seat", {"P279": ["Q515"]}),
    )
}
"""Two countries and their capitals, one of a class that is told by those above it."""
