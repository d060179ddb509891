"""Links questions asked before the edit to their facts, where no question asked after it shares the triple.

The release says of such a question only which triples it goes along. Two things tell its fact: the subject's
name stands in the question, in every language that asks it, and its file is in the order of the facts, so
that the linked questions around it bound the row.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import NamedTuple

from mlake.text import contains_name

__all__ = ["Chain", "Pair", "link"]

Pair = tuple[str, str]
"""Wikidata ids of a subject and of the relation that leaves it."""


class Chain(NamedTuple):
    """A question over two hops: its first subject and relation, and its text."""

    pair: Pair
    text: str


def link(
    chains: Mapping[str, Sequence[Chain]],
    subjects: Mapping[str, Sequence[str | None]],
    known: Mapping[int, Pair],
) -> dict[int, Pair]:
    """Finds the rows of pairs that no row is known to have.

    Args:
        chains: Language code to the questions in the order of their file.
        subjects: Language code to the subject of every row.
        known: Row to the pair it is known to have; no two rows share one.

    Returns:
        Row to pair, the known ones included. A pair stays out where the names do not single out one row.
    """
    found = dict(known)
    while True:
        votes = _votes(chains, subjects, found)
        wanted = defaultdict(list)
        for pair, rows in votes.items():
            if best := _winner(rows):
                wanted[best[0]].append(pair)
        added = {row: pairs[0] for row, pairs in wanted.items() if len(pairs) == 1}
        if not added:
            return found
        found |= added


def _winner(rows: Counter[int]) -> list[int]:
    """The row with the most votes in a list; empty if there is none or more than one."""
    most = max(rows.values(), default=0)
    best = [row for row, count in rows.items() if count == most]
    return best if most and len(best) == 1 else []


def _votes(
    chains: Mapping[str, Sequence[Chain]],
    subjects: Mapping[str, Sequence[str | None]],
    found: Mapping[int, Pair],
) -> dict[Pair, Counter[int]]:
    """For every unlinked pair, in how many languages the subject of a free row stands in its question."""
    rows = {pair: row for row, pair in found.items()}
    votes: dict[Pair, Counter[int]] = defaultdict(Counter)
    for code, listed in chains.items():
        at = [rows.get(chain.pair) for chain in listed]
        last = len(subjects[code]) - 1
        lows = accumulate((0 if row is None else row for row in at), max)
        highs = list(accumulate((last if row is None else row for row in reversed(at)), min))[::-1]
        for chain, row, low, high in zip(listed, at, lows, highs, strict=True):
            if row is None:
                near = (one for one in range(low, high + 1) if one not in found)
                votes[chain.pair].update(one for one in near if _names(chain.text, subjects[code][one], code))
    return votes


def _names(text: str, subject: str | None, code: str) -> bool:
    return subject is not None and contains_name(text, [subject], code)
