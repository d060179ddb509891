"""How far reviewers agree: per cent, Krippendorff's alpha and Gwet's AC1, of any number of them.

The libraries that compute these are under the GPL or ask for one old version of SciPy, so they are written
down here; a test holds them against published numbers.
"""

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from mlake.review.criteria import CRITERIA
from mlake.review.decision import VERDICTS, Decision

__all__ = ["VERDICT", "Agreement", "agreement", "agreements"]

VERDICT = "verdict"
"""What agreement on the decision itself is called, beside that on each criterion."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far reviewers agree on something.

    Attributes:
        read: How many items at least one has read.
        shared: How many items at least two have read; without one the rest is None.
        same: Share of pairs of ratings of an item that are the same, mean over shared items.
        alpha: Krippendorff's alpha for names; None where all ratings are the same, since it is 0/0 then.
        ac1: Gwet's AC1, which holds where nearly all ratings are the same.
    """

    read: int
    shared: int
    same: float | None
    alpha: float | None
    ac1: float | None


def agreement(items: Iterable[Sequence[Hashable]], values: Sequence[Hashable]) -> Agreement:
    """How far ratings agree.

    Args:
        items: The ratings of each item, one for each reviewer who read it.
        values: All that a rating may be, at least two.
    """
    counts = [Counter(ratings) for ratings in items if ratings]
    shared = [one for one in counts if one.total() > 1]
    if not shared:
        return Agreement(len(counts), 0, None, None, None)
    same = sum(map(_same, shared)) / len(shared)
    return Agreement(len(counts), len(shared), same, _alpha(shared), _ac1(counts, same, values))


def _same(ratings: Counter[Hashable]) -> float:
    """Share of the pairs of ratings of an item that are the same."""
    total = ratings.total()
    return sum(count * (count - 1) for count in ratings.values()) / (total * (total - 1))


def _alpha(shared: Sequence[Counter[Hashable]]) -> float | None:
    """One less observed over expected disagreement, each item weighted by its number of ratings."""
    whole = sum(shared, Counter[Hashable]())
    total = whole.total()
    observed = sum(one.total() * (1 - _same(one)) for one in shared) / total
    expected = 1 - _same(whole)
    return 1 - observed / expected if expected else None


def _ac1(counts: Sequence[Counter[Hashable]], same: float, values: Sequence[Hashable]) -> float:
    """What is beyond chance, which here is that of ratings whose value is drawn."""
    shares = [sum(one[value] / one.total() for one in counts) / len(counts) for value in values]
    chance = sum(share * (1 - share) for share in shares) / (len(values) - 1)
    return (same - chance) / (1 - chance)


def agreements(decisions: Iterable[Decision]) -> Mapping[str, Mapping[str, Agreement]]:
    """Language to criterion, or ``VERDICT``, to how far reviewers agree.

    Args:
        decisions: Those on texts as they are now.
    """
    ordered = sorted(decisions, key=lambda one: (one.lang, one.fact, one.reviewer))
    return {lang: dict(_of(list(group))) for lang, group in groupby(ordered, lambda one: one.lang)}


def _of(decisions: Sequence[Decision]) -> Iterator[tuple[str, Agreement]]:
    items = [list(group) for _, group in groupby(decisions, lambda one: one.fact)]
    for row in CRITERIA:
        yield row.name, agreement([[row.name in one.broken for one in item] for item in items], (True, False))
    yield VERDICT, agreement([[one.verdict for one in item] for item in items], VERDICTS)
