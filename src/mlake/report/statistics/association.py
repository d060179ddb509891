"""Rank correlations of a few points in several series, tested by rearranging the points."""

from collections.abc import Callable, Sequence
from itertools import permutations
from math import factorial

import numpy as np
from numpy.typing import NDArray

from mlake.report.statistics.bootstrap import SEED
from mlake.report.statistics.paired import DRAWS, Numbers, ratio, share

__all__ = ["arrangements", "correlation", "permutation_p", "pooled", "relabelling_p", "series_correlations"]

_ALL = 5040  # up to 7 points, all orders are tried
_DIGITS = 12  # means that differ by rounding alone are ties


def correlation(left: Numbers, right: Numbers) -> Numbers:
    """Spearman's rank correlation with mean ranks for ties, along the last axis.

    Args:
        left: (..., points).
        right: (..., points).

    Returns:
        (...,); NaN where one side is constant, or holds a NaN.
    """
    one, other = (ranks - ranks.mean(axis=-1, keepdims=True) for ranks in (_ranks(left), _ranks(right)))
    spread = np.sqrt((one**2).sum(axis=-1) * (other**2).sum(axis=-1))
    product = (one * other).sum(axis=-1)
    return ratio(product, spread)


def series_correlations(left: Numbers, right: Numbers, present: NDArray[np.bool_]) -> Numbers:
    """The correlation of each series with the points it has.

    Args:
        left: (..., points), the same for all series.
        right: (..., series, points).
        present: (series, points) which points a series has.

    Returns:
        (..., series); NaN where a series has no correlation.
    """
    found = [
        correlation(left[..., own], right[..., at, own]) if own.any() else np.full(left.shape[:-1], np.nan)
        for at, own in enumerate(present)
    ]
    return np.stack(found, axis=-1)


def pooled(correlations: Numbers, present: NDArray[np.bool_]) -> Numbers:
    """Mean over series, weighted by points less one: chance spreads a rank correlation by one over that.

    Args:
        correlations: (..., series).
        present: (series, points) which points a series has.

    Returns:
        (...,); NaN where no series has a correlation.
    """
    weights = np.where(np.isfinite(correlations), present.sum(axis=1) - 1.0, 0.0)
    totals, counts = (np.nan_to_num(correlations) * weights).sum(axis=-1), weights.sum(axis=-1)
    return ratio(totals, counts)


def permutation_p(left: Numbers, right: Numbers) -> float:
    """Two-sided p-value of the pooled correlation, from rearranging the points of ``left``.

    All orders are tried for up to 7 points, ``DRAWS`` random ones otherwise.

    Args:
        left: (points,), the same for all series.
        right: (series, points), NaN where a series lacks a point.
    """
    count = len(left)
    exact = factorial(count) <= _ALL
    if exact:
        orders = np.array(list(permutations(range(count))))
    else:
        orders = np.random.default_rng(SEED).permuted(np.tile(np.arange(count), (DRAWS, 1)), axis=1)
    present = np.isfinite(right)
    observed = pooled(series_correlations(left, right, present), present)
    drawn = pooled(series_correlations(left[orders], right, present), present)
    return share(np.nan_to_num(drawn), float(observed), exact=exact)


def relabelling_p(
    closeness: Callable[[int, int], float], pairs: Sequence[tuple[int, int]], right: Numbers
) -> float:
    """The same for points that are pairs of things: whole things are relabelled, in all orders (Mantel 1967).

    Args:
        closeness: Gives ``left`` for a pair.
        pairs: The pair of each point.
        right: (series, pairs), NaN where a series lacks a pair.
    """
    things = sorted({thing for pair in pairs for thing in pair})
    orders = [dict(zip(things, order, strict=True)) for order in permutations(things)]
    lefts = np.array([[closeness(order[one], order[other]) for one, other in pairs] for order in orders])
    present = np.isfinite(right)
    drawn = pooled(series_correlations(lefts, right, present), present)
    return share(np.nan_to_num(drawn), float(drawn[0]), exact=True)


def arrangements(values: Numbers) -> int:
    """In how many ways values can be ordered, equal ones not told apart."""
    _, counts = np.unique(values.round(_DIGITS), return_counts=True)
    ways = factorial(int(counts.sum()))
    for count in counts:
        ways //= factorial(int(count))
    return ways


def _ranks(values: Numbers) -> Numbers:
    values = values.round(_DIGITS)
    one, other = values[..., :, None], values[..., None, :]
    ranks = (other < one).sum(axis=-1) + (other == one).sum(axis=-1) / 2
    return np.where(np.isfinite(values).all(axis=-1, keepdims=True), ranks, np.nan)
