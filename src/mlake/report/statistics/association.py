"""Rank correlations of a few points in several series, tested by rearranging the points.

Points may have levels of their own that are no part of the relation, such as pairs of languages: a language
in which every edit fails makes all its pairs low. ``levels`` (points, groups) says which point belongs to
which; they are fitted by least squares and removed from both sides before these are ranked.
"""

from collections.abc import Sequence
from itertools import permutations
from math import factorial

import numpy as np
from numpy.typing import NDArray

from mlake.report.statistics.bootstrap import SEED
from mlake.report.statistics.paired import DRAWS, Numbers, ratio, share

__all__ = [
    "correlation",
    "least_permutation_p",
    "least_relabelling_p",
    "members",
    "permutation_p",
    "pooled",
    "relabelling_p",
    "series_correlations",
]

_ALL = 5040  # up to 7 points or things, all orders are tried
_DIGITS = 10  # what differs by rounding alone is a tie


def correlation(left: Numbers, right: Numbers, levels: Numbers | None = None) -> Numbers:
    """Spearman's rank correlation with mean ranks for ties, along the last axis.

    Args:
        left: (..., points).
        right: (..., points).
        levels: (points, groups) what is removed from both before; None for nothing.

    Returns:
        (...,); NaN where one side is constant but for its levels, or holds a NaN.
    """
    if levels is not None:
        left, right = _without(left, levels), _without(right, levels)
    one, other = (ranks - ranks.mean(axis=-1, keepdims=True) for ranks in (_ranks(left), _ranks(right)))
    spread = np.sqrt((one**2).sum(axis=-1) * (other**2).sum(axis=-1))
    product = (one * other).sum(axis=-1)
    return ratio(product, spread)


def series_correlations(
    left: Numbers, right: Numbers, present: NDArray[np.bool_], levels: Numbers | None = None
) -> Numbers:
    """The correlation of each series with the points it has.

    Args:
        left: (..., points), the same for all series.
        right: (..., series, points).
        present: (series, points) which points a series has.
        levels: As in ``correlation``.

    Returns:
        (..., series); NaN where a series has no correlation.
    """
    found = [
        correlation(left[..., own], right[..., at, own], None if levels is None else levels[own])
        if own.any()
        else np.full(left.shape[:-1], np.nan)
        for at, own in enumerate(present)
    ]
    return np.stack(found, axis=-1)


def pooled(correlations: Numbers, present: NDArray[np.bool_], levels: Numbers | None = None) -> Numbers:
    """Mean over series, weighted by points less levels (one: the mean), by which chance spreads it less.

    Args:
        correlations: (..., series).
        present: (series, points) which points a series has.
        levels: As in ``correlation``.

    Returns:
        (...,); NaN where no series has a correlation.
    """
    levels = np.ones((present.shape[1], 1)) if levels is None else levels
    free = np.array([own.sum() - (np.linalg.matrix_rank(levels[own]) if own.any() else 0) for own in present])
    weights = np.where(np.isfinite(correlations), free, 0.0)
    totals, counts = (np.nan_to_num(correlations) * weights).sum(axis=-1), weights.sum(axis=-1)
    return ratio(totals, counts)


def permutation_p(left: Numbers, right: Numbers) -> float:
    """Two-sided p-value of the pooled correlation, from rearranging points, in all groups alike.

    Each group's own level is removed. All orders are tried for up to 7 points, ``DRAWS`` random ones
    otherwise.

    Args:
        left: (groups, points), the same for all series.
        right: (series, groups * points), NaN where a series lacks a point.
    """
    groups, count = left.shape
    orders, exact = _orders(count)
    present, levels = np.isfinite(right), np.repeat(np.eye(groups), count, axis=0)
    observed = pooled(series_correlations(left.ravel(), right, present, levels), present, levels)
    lefts = left[:, orders].swapaxes(0, 1).reshape(len(orders), -1)
    drawn = pooled(series_correlations(lefts, right, present, levels), present, levels)
    return share(np.nan_to_num(drawn), float(observed), exact=exact)


def least_permutation_p(left: Numbers) -> float:
    """The smallest p that ``permutation_p`` can give, a correlation and its opposite being as extreme.

    Args:
        left: (groups, points).
    """
    orders, exact = _orders(left.shape[1])
    ranks = _ranks(left)
    drawn = ranks[:, orders]
    opposite = left.shape[1] - ranks
    alike = [(drawn == one[:, None]).all(axis=(0, 2)) for one in (ranks, opposite)]
    return share((alike[0] | alike[1]) * 1.0, 1.0, exact=exact)


def relabelling_p(closeness: Numbers, pairs: Sequence[tuple[int, int]], right: Numbers) -> float:
    """The same for points that are pairs of things, whose own levels are removed: things are relabelled.

    That is Mantel's (1967) test on what is left of both sides, as pairs that share a thing are not
    independent. All orders are tried for up to 7 things, ``DRAWS`` random ones otherwise.

    Args:
        closeness: (things, things) gives ``left`` for a pair, the same in both directions.
        pairs: The pair of each point.
        right: (series, pairs), NaN where a series lacks a pair.
    """
    present, levels = np.isfinite(right), members(pairs, len(closeness))
    lefts, exact = _relabelled(closeness, pairs)
    drawn = pooled(series_correlations(lefts, right, present, levels), present, levels)
    observed = lefts[:1] if exact else _of_pairs(closeness, np.arange(len(closeness))[None], pairs)
    found = pooled(series_correlations(observed, right, present, levels), present, levels)
    return share(np.nan_to_num(drawn), float(found[0]), exact=exact)


def least_relabelling_p(closeness: Numbers, pairs: Sequence[tuple[int, int]]) -> float:
    """The smallest p that ``relabelling_p`` can give: the share of orders that change no rank.

    Args:
        closeness: As in ``relabelling_p``.
        pairs: As in ``relabelling_p``.
    """
    lefts, exact = _relabelled(closeness, pairs)
    ranks = _ranks(_without(lefts, members(pairs, len(closeness))))
    return share((ranks == ranks[0]).all(axis=1) * 1.0, 1.0, exact=exact)


def members(pairs: Sequence[tuple[int, int]], things: int) -> Numbers:
    """Levels of pairs: (pairs, things), 1 for the two things of each pair."""
    found = np.zeros((len(pairs), things))
    for place, pair in enumerate(pairs):
        found[place, list(pair)] = 1
    return found


def _relabelled(closeness: Numbers, pairs: Sequence[tuple[int, int]]) -> tuple[Numbers, bool]:
    """Closeness of the pairs in each order of the things, and whether these are all orders."""
    orders, exact = _orders(len(closeness))
    return _of_pairs(closeness, orders, pairs), exact


def _of_pairs(closeness: Numbers, orders: NDArray[np.intp], pairs: Sequence[tuple[int, int]]) -> Numbers:
    one, other = np.array(pairs).T
    return np.asarray(closeness[orders[:, one], orders[:, other]])


def _orders(count: int) -> tuple[NDArray[np.intp], bool]:
    """(orders, count) all orders of so many things, the first as they are, or random ones; and which."""
    if factorial(count) <= _ALL:
        return np.array(list(permutations(range(count))), dtype=np.intp), True
    every = np.tile(np.arange(count), (DRAWS, 1))
    return np.random.default_rng(SEED).permuted(every, axis=1), False


def _without(values: Numbers, levels: Numbers) -> Numbers:
    """(..., points) what is left when levels are fitted by least squares."""
    return values - values @ levels @ np.linalg.pinv(levels)


def _ranks(values: Numbers) -> Numbers:
    """Mean ranks along the last axis, from half; NaN where one is NaN."""
    values = values.round(_DIGITS)
    order, places = values.argsort(axis=-1), np.arange(values.shape[-1])
    ordered = np.take_along_axis(values, order, axis=-1)
    other = np.ones(values.shape, dtype=bool)
    other[..., 1:] = ordered[..., 1:] != ordered[..., :-1]
    first = np.maximum.accumulate(np.where(other, places, 0), axis=-1)
    ends = np.where(np.roll(other, -1, axis=-1), places, len(places))
    last = np.minimum.accumulate(ends[..., ::-1], axis=-1)[..., ::-1]
    ranks = np.empty(values.shape)
    np.put_along_axis(ranks, order, (first + last + 1) / 2, axis=-1)
    return np.where(np.isfinite(values).all(axis=-1, keepdims=True), ranks, np.nan)
