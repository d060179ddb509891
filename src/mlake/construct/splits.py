"""The stage ``splits``: facts for choosing settings with, of which neither ``mini`` nor the release knows anything."""

from collections.abc import Iterator, Sequence

from mlake.construct.facts import triple
from mlake.construct.pick import draw
from mlake.construct.stage import Made, Row
from mlake.data.datasets import load
from mlake.data.faults import FILLED, Shape
from mlake.data.release.annotation import annotations
from mlake.errors import DataError
from mlake.records import Triple

__all__ = ["SPLIT_ROW", "TUNING", "known_pairs", "make_splits"]

TUNING = 150
"""How many facts the split ``tuning`` has; half of all that are new where the build has fewer."""
_RELEASE = "ml"  # the witness that is the release itself

SPLIT_ROW: Shape = {
    "type": "object",
    "properties": {
        "fact": FILLED,
        "split": {"type": "string", "title": "split", "enum": ["tuning", "test"]},
    },
    "required": ["fact", "split"],
    "additionalProperties": False,
}
"""The schema of a row of the stage ``splits``."""


def known_pairs() -> set[tuple[str, str]]:
    """Subjects and relations that ``mini`` or the release asks about, edited or along a chain."""
    mini = load("mini").facts
    pairs = {(fact.subject_id or "", fact.relation_id or "") for fact in mini}
    pairs |= {hop[:2] for fact in mini for probe in fact.probes for hop in probe.triples}
    return pairs | {(row.subject_id or "", row.relation_id or "") for row in annotations()}


def make_splits(rows: Sequence[Row], stated: set[str], seed: int) -> Made:
    """The split of each fact that has texts, in the order of the rows.

    Args:
        rows: What the stage ``edits`` made.
        stated: Ids of the facts that have texts.
        seed: Of the draw.

    Raises:
        DataError: No fact is new, so that there would be no facts for choosing settings.
    """
    left = [row for row in rows if row["id"] in stated]
    fresh = [row["id"] for row in _fresh(left)]
    if left and not fresh:
        raise DataError("every fact is known from mini or the release: nothing is left for the split 'tuning'")
    count = min(TUNING, (len(fresh) + 1) // 2)
    tuning = set(sorted(fresh, key=lambda name: draw(seed, "tuning", name))[:count])
    return Made([{"fact": row["id"], "split": "tuning" if row["id"] in tuning else "test"} for row in left])


def _fresh(rows: Sequence[Row]) -> Iterator[Row]:
    """The facts of which mini and the release know nothing, neither the facts nor their second hops."""
    known = known_pairs()
    for row in rows:
        asked = [triple(row), *map(Triple._make, (*row["before"], *row["after"]))]
        if _RELEASE not in row["source"] and not known.intersection(one[:2] for one in asked):
            yield row
