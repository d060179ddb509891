"""What Wikidata says of its properties: their names, and of which classes their ends should be."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mlake.construct.lines import Row
from mlake.construct.live.client import BATCH, Client
from mlake.construct.live.failures import NoSuchEntityError
from mlake.construct.wikidata.names import codes, names
from mlake.errors import DataError

__all__ = ["property_rows"]

_CONSTRAINT, _CLASSES = "P2302", "P2308"
_ENDS = {"subject_classes": "Q21503250", "object_classes": "Q21510865"}


def property_rows(client: Client, relations: Sequence[str], langs: Sequence[str]) -> list[Row]:
    """A row a property: ``p``, ``labels``, ``subject_classes``, ``object_classes`` and ``revision``.

    Args:
        client: Asks Wikidata.
        relations: The properties.
        langs: The languages whose names are wanted.

    Raises:
        DataError: A property does not exist.
        DownloadError: Wikidata does not answer.
    """
    rows: list[Row] = []
    for start in range(0, len(relations), BATCH):
        some = relations[start : start + BATCH]
        try:
            found = client.entities(some, codes(langs), ("info", "labels", "claims"))
        except NoSuchEntityError as error:
            raise DataError(
                f"Wikidata has no property {error.entity or 'of ' + ', '.join(some)}; take its statements "
                "out of the source"
            ) from None
        rows += [_row(name, found[name], langs) for name in some]
    return rows


def _row(name: str, entity: Mapping[str, Any], langs: Sequence[str]) -> Row:
    labels = {code: one["value"] for code, one in (entity.get("labels") or {}).items()}
    called = {lang: names(labels, {}, lang) for lang in langs}
    constraints = (entity.get("claims") or {}).get(_CONSTRAINT, ())
    ends = {end: sorted(set(_classes(constraints, kind))) for end, kind in _ENDS.items()}
    return {
        "p": name,
        "labels": {lang: one[0] for lang, one in called.items() if one},
        **ends,
        "revision": entity.get("lastrevid"),
    }


def _classes(constraints: Sequence[Mapping[str, Any]], kind: str) -> Iterator[str]:
    """The classes that the constraints of a kind name, wrong ones left out."""
    for one in constraints:
        meant = one["mainsnak"].get("datavalue", {}).get("value", {}).get("id")
        if meant == kind and one["rank"] != "deprecated":
            for snak in (one.get("qualifiers") or {}).get(_CLASSES, ()):
                if snak["snaktype"] == "value":
                    yield snak["datavalue"]["value"]["id"]
