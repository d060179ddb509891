"""CHANGES: what can differ between a source and what Wikidata says of the same things today."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from mlake.construct.lines import Row
from mlake.construct.source import Claim, Source
from mlake.construct.wikidata.statements import REASONS

__all__ = ["CHANGES", "difference"]

CHANGES = {
    "missing": "the entity is no more, or was never there",
    "merged": "the entity was merged into another one",
    "label": "its main name in a language is another one",
    "unnamed": "it has no name in a language any more",
    "several": "it has more objects by the relation",
    "gone": "nothing states the object any more",
} | {name: f"the object is stated, but {says}" for name, says in REASONS.items()}
"""Name of a change to what it is."""


def difference(
    old: Source,
    new: Source,
    *,
    missing: Sequence[str],
    moved: Mapping[str, str],
    why_not: Callable[[str, str, str], str],
) -> list[Row]:
    """What has changed, in the order of the old source.

    Args:
        old: The source as it was.
        new: As it is today.
        missing: Ids of entities that are no more.
        moved: Id of an entity that was merged into another one to that one's id.
        why_not: Gives the reason why an object does not hold of a subject by a relation, or nothing.

    Returns:
        Rows with ``id``, ``change`` of ``CHANGES``, ``of`` (a language or relation), ``was`` and ``now``.
    """
    rows = [_row(one, "missing") for one in missing]
    rows += [_row(one, "merged", "", one, to) for one, to in moved.items() if one in old.entities]
    for name in old.entities:
        rows += _renamed(old, new, name, moved.get(name, name))
    for claim in old.claims:
        if moved.get(claim.subject, claim.subject) in new.entities:
            rows += _restated(claim, new, moved, why_not)
    return rows


def _row(entity: str, change: str, of: str = "", was: str = "", now: str = "") -> Row:
    return {"id": entity, "change": change, "of": of, "was": was, "now": now}


def _renamed(old: Source, new: Source, name: str, now: str) -> Iterator[Row]:
    if now not in new.entities:
        return
    labels = new.entities[now].labels
    for lang, label in old.entities[name].labels.items():
        if lang not in labels:
            yield _row(name, "unnamed", lang, label)
        elif labels[lang] != label:
            yield _row(name, "label", lang, label, labels[lang])


def _restated(
    claim: Claim, new: Source, moved: Mapping[str, str], why_not: Callable[[str, str, str], str]
) -> Iterator[Row]:
    subject, wanted = (moved.get(one, one) for one in (claim.subject, claim.object))
    found = [one for one in new.about(subject) if one.relation == claim.relation]
    objects = ", ".join(one.object for one in found)
    if wanted not in {one.object for one in found}:
        change = why_not(subject, claim.relation, wanted) or "gone"
        yield _row(claim.subject, change, claim.relation, claim.object, objects)
    elif max(len(found), *(one.objects for one in found)) > claim.objects:
        yield _row(claim.subject, "several", claim.relation, claim.object, objects)
