"""An entity as Wikidata's JSON has it, narrowed to what a build may need; the same for answers and dumps."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from mlake.construct.lines import Row

__all__ = ["CLASS", "SUPERCLASS", "narrow"]

CLASS, SUPERCLASS = "P31", "P279"
"""Properties: what a thing is an instance of, and what a class is a subclass of."""

_START, _END = "P580", "P582"


def narrow(entity: Mapping[str, Any], codes: Collection[str], properties: Collection[str]) -> Row:
    """What is kept of an entity.

    Args:
        entity: Its JSON.
        codes: Wikidata's language codes whose names are kept.
        properties: The properties whose statements are kept.

    Returns:
        ``id``, ``revision``, ``modified``, ``sitelinks`` (how many), ``labels``, ``aliases`` and ``claims``:
        property to statements, each with ``rank``, ``snak``, ``value`` (an id, or None), ``start`` and
        ``end`` (times as Wikidata writes them; ``?`` for one that is not known).
    """
    labels, aliases, claims = (_map(entity, name) for name in ("labels", "aliases", "claims"))
    return {
        "id": entity["id"],
        "revision": entity.get("lastrevid"),
        "modified": entity.get("modified"),
        "sitelinks": len(_map(entity, "sitelinks")),
        "labels": {code: labels[code]["value"] for code in codes if code in labels},
        "aliases": {code: [one["value"] for one in aliases[code]] for code in codes if code in aliases},
        "claims": {name: [_statement(one) for one in claims[name]] for name in properties if name in claims},
    }


def _map(entity: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """A map of an entity; one that is empty may be written as a list, and be left out."""
    return entity.get(name) or {}


def _statement(statement: Mapping[str, Any]) -> Row:
    snak = statement["mainsnak"]
    qualifiers = _map(statement, "qualifiers")
    return {
        "rank": statement.get("rank", "normal"),
        "snak": snak["snaktype"],
        "value": _entity_id(snak),
        "start": list(_times(qualifiers.get(_START, ()))),
        "end": list(_times(qualifiers.get(_END, ()))),
    }


def _entity_id(snak: Mapping[str, Any]) -> str | None:
    """The id of the item that a snak has as its value; None where it has another value, or none."""
    value = snak.get("datavalue", {}).get("value")
    if not isinstance(value, Mapping):
        return None
    if "id" in value:
        return str(value["id"])
    return f"Q{value['numeric-id']}" if value.get("entity-type") == "item" else None


def _times(snaks: Collection[Mapping[str, Any]]) -> Iterator[str]:
    for snak in snaks:
        if snak["snaktype"] == "value":
            yield str(snak["datavalue"]["value"]["time"])
        elif snak["snaktype"] == "somevalue":
            yield "?"
