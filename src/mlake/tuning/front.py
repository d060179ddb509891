"""Which settings no others beat, and three of them with names."""

from collections.abc import Mapping, Sequence
from math import sqrt

from mlake.tuning.trial import Measured, Trial, latest

__all__ = ["POINTS", "front", "named", "ranked", "useful"]

POINTS = {
    "careful": "the most other facts kept among those with nine tenths of the best's new answers in the "
    "language edited in",
    "balanced": "the largest geometric mean of new answers and other facts kept",
    "far": "the most new answers over all languages",
}
"""Names of points on the front, and what they are."""

_WORKS = 0.9
_USEFUL = 0.5


def front(trials: Sequence[Trial]) -> list[Trial]:
    """The trials that no other beats in one objective without losing in another.

    Only those count that were asked about the most facts, and that are of use.
    """
    done = latest(trials)
    top = max((one.rung for one in done), default=-1)
    uses = useful({one.number: one.best for one in done if one.rung == top})
    last = [one for one in done if one.number in uses]
    return [one for one in last if not any(_beats(other.best, one.best) for other in last)]


def named(points: Sequence[Trial]) -> dict[str, Trial]:
    """The points of a front that have names; nothing where it is empty."""
    if not points:
        return {}
    own = {one.number: one.best.objectives.get("own", 0.0) for one in points}
    works = [one for one in points if own[one.number] >= _WORKS * max(own.values())]
    return {
        "careful": max(works, key=lambda one: (one.best.kept, one.best.taken, -one.number)),
        "balanced": max(points, key=lambda one: (_balance(one.best), -one.number)),
        "far": max(points, key=lambda one: (one.best.taken, one.best.kept, -one.number)),
    }


def useful(measured: Mapping[int, Measured]) -> set[int]:
    """The trials with half of the best's new answers in the language edited in.

    Settings that edit nothing keep all else: no others beat them, and nobody wants them.
    """
    own = {number: one.objectives.get("own", 0.0) for number, one in measured.items()}
    return {number for number, share in own.items() if share >= _USEFUL * max(own.values())}


def ranked(measured: Mapping[int, Measured]) -> list[int]:
    """Numbers of trials, the best first: those that none beats, then those that only these beat, and so on.

    Those that are of no use come last.

    Args:
        measured: Number of a trial to what was measured of it, about the same facts for all.
    """
    uses = useful(measured)
    some = {number: one for number, one in measured.items() if number in uses}
    rest = {number: one for number, one in measured.items() if number not in uses}
    return [*_ordered(some), *_ordered(rest)]


def _ordered(measured: Mapping[int, Measured]) -> list[int]:
    left, order = dict(measured), list[int]()
    while left:
        best = [one for one in left if not any(_beats(other, left[one]) for other in left.values())]
        order += sorted(best, key=lambda one: (-_balance(left[one]), one))
        for one in best:
            del left[one]
    return order


def _beats(one: Measured, other: Measured) -> bool:
    mine, theirs = one.objectives, other.objectives
    pairs = [(mine[name], theirs[name]) for name in mine.keys() & theirs.keys()]
    return all(a >= b for a, b in pairs) and any(a > b for a, b in pairs)


def _balance(one: Measured) -> float:
    return sqrt(one.taken * one.kept)
