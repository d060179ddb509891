"""Which statements of an entity hold now: by their rank, and by when they began and ended."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["REASONS", "Current", "current", "why_not"]

REASONS = {
    "deprecated": "Wikidata marks it as wrong",
    "outranked": "another statement is preferred",
    "ended": "its end is past",
    "not-begun": "its beginning is still to come",
    "no-value": "it says that there is none",
    "unfetched": "its object was not fetched",
}
"""Why a statement is left out, and what that means."""

_TIME = re.compile(r"([+-]\d+)-(\d\d)-(\d\d)T")


@dataclass(frozen=True, slots=True)
class Current:
    """What holds of an entity by a property.

    Attributes:
        objects: Ids, in the order of the entity.
        count: How many objects there are, those included that have no id or are not known.
        lost: Reason to how many statements are left out for it.
    """

    objects: tuple[str, ...]
    count: int
    lost: Mapping[str, int]


def current(statements: Sequence[Mapping[str, Any]], today: str) -> Current:
    """The statements of the best rank that have begun and not ended.

    Args:
        statements: Those of one property, as ``narrow`` gives them.
        today: The day for which it is asked, as ``2026-11-26``.
    """
    best = _best(statements)
    reasons = [_reason(one, best, today) for one in statements]
    left = [one for one, reason in zip(statements, reasons, strict=True) if not reason]
    values = dict.fromkeys(one["value"] for one in left if one["value"] is not None)
    unnamed = sum(one["value"] is None for one in left)
    return Current(tuple(values), len(values) + unnamed, Counter(filter(None, reasons)))


def why_not(statements: Sequence[Mapping[str, Any]], value: str, today: str) -> str:
    """Why an object does not hold, of ``REASONS``; empty if it does, or if nothing states it.

    Args:
        statements: Those of one property, as ``narrow`` gives them.
        value: Id of the object.
        today: The day for which it is asked.
    """
    best = _best(statements)
    reasons = [_reason(one, best, today) for one in statements if one["value"] == value]
    return "" if "" in reasons else next(iter(reasons), "")


def _best(statements: Sequence[Mapping[str, Any]]) -> str:
    return "preferred" if any(one["rank"] == "preferred" for one in statements) else "normal"


def _reason(statement: Mapping[str, Any], best: str, today: str) -> str:
    """Why a statement is left out; empty if it is not."""
    if statement["rank"] != best:
        return "deprecated" if statement["rank"] == "deprecated" else "outranked"
    if statement["snak"] == "novalue":
        return "no-value"
    if any(_past(time, today) for time in statement["end"]):
        return "ended"
    return "not-begun" if any(not _past(time, today) for time in statement["start"]) else ""


def _past(time: str, today: str) -> bool:
    """Whether a time is past or now; one that is not known, or cannot be read, is past."""
    found = _TIME.match(time)
    day = tuple(map(int, today.split("-")))
    return not found or tuple(map(int, found.groups())) <= day
