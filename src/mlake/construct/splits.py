"""The stage ``splits``: facts for choosing settings with, of which ``mini`` and the release know nothing."""

from collections.abc import Collection, Iterator, Sequence
from functools import cache

from mlake.construct.facts import triple
from mlake.construct.pick import draw
from mlake.construct.stage import Made, Row
from mlake.data.datasets import load
from mlake.data.faults import FILLED, Shape
from mlake.data.release.annotation import annotations

__all__ = ["SPLIT_ROW", "TUNING", "edited_pairs", "known_pairs", "make_splits"]

TUNING = 160
"""How many facts the split ``tuning`` has; two of three that are new where the build has fewer."""
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


@cache
def edited_pairs() -> frozenset[tuple[str, str]]:
    """Subjects and relations of the facts that ``mini`` and the release edit."""
    pairs = {(fact.subject_id or "", fact.relation_id or "") for fact in load("mini").facts}
    return frozenset(pairs) | {(row.subject_id or "", row.relation_id) for row in annotations()}


@cache
def known_pairs() -> frozenset[tuple[str, str]]:
    """These, and those that ``mini`` asks about along a chain."""
    probes = [probe for fact in load("mini").facts for probe in fact.probes]
    return edited_pairs() | {hop[:2] for probe in probes for hop in probe.triples}


def make_splits(rows: Sequence[Row], stated: Collection[str], seed: int) -> Made:
    """The split of each fact that has texts, in the order of the rows.

    Args:
        rows: What the stage ``edits`` made.
        stated: Ids of the facts that have texts.
        seed: Of the draw.
    """
    left = [row for row in rows if row["id"] in stated]
    fresh = sorted(_fresh(left), key=lambda name: draw(seed, "tuning", name))
    tuning = set(fresh[: min(TUNING, 2 * len(fresh) // 3)])
    return Made([{"fact": row["id"], "split": "tuning" if row["id"] in tuning else "test"} for row in left])


def _fresh(rows: Sequence[Row]) -> Iterator[str]:
    """Ids of the facts that mini and the release know nothing of, and whose second hops they do not edit."""
    known, edited = known_pairs(), edited_pairs()
    for row in rows:
        hops = {tuple(hop[:2]) for hop in (*row["before"], *row["after"])}
        if _RELEASE not in row["source"] and triple(row)[:2] not in known and not hops & edited:
            yield row["id"]
