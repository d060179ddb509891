"""Means with 95 % intervals that respect which answers belong to the same fact, and that have width.

Answers about one fact stand or fall together, so n answers say as much as fewer independent ones: the
effective number, from the correlation within facts that the data show. Two made-up facts, one at each end of
the scale, take part in estimating it: without spread in the data answers of a fact count as one.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from mlake.report.statistics.bootstrap import LEVEL

__all__ = [
    "ABOUT",
    "DIFFERENCE",
    "SHARE",
    "Ends",
    "Estimate",
    "apart",
    "clustered_mean",
    "interval",
    "slope",
    "t_quantile",
]

ABOUT = (
    f"{100 * LEVEL:.0f} % Agresti–Coull on the effective number of answers, which minds those about one fact"
)
"""How intervals of shares are made, in a line."""

_NORMAL = NormalDist().inv_cdf((1 + LEVEL) / 2)
_ANGLES = np.linspace(0, np.pi / 2, 2001)
_ROUNDING = 1e-12
_OUTSIDE = 1e-6  # by which single precision may go beyond an end


@dataclass(frozen=True, slots=True)
class Ends:
    """The least and the greatest value that there can be.

    Attributes:
        low: The least.
        high: The greatest.
        added: How many made-up values at each end pull the interval's centre inwards.
    """

    low: float
    high: float
    added: float


SHARE = Ends(0.0, 1.0, _NORMAL**2 / 2)
"""Values from 0 to 1. What is added is Agresti and Coull's (1998): their centre is Wilson's."""

DIFFERENCE = Ends(-1.0, 1.0, 1.0)
"""Differences of two shares of the same facts. What is added is Bonett and Price's (2012)."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean and how well it is known.

    Attributes:
        n: Number of values.
        clusters: Number of clusters (facts).
        effective: Number of independent values that would tell as much, from 1 to ``n``; 0 without values.
        value: The mean; None without values.
        low: Lower end of the 95 % interval; None with fewer than two clusters, which tell nothing about
            how facts differ, and where values without ends are all the same.
        high: Upper end.
    """

    n: int
    clusters: int
    effective: float
    value: float | None
    low: float | None
    high: float | None


def clustered_mean(
    values: Sequence[float], clusters: Sequence[Hashable], ends: Ends | None = SHARE
) -> Estimate:
    """Mean over all values with a 95 % interval on the effective number of values.

    With n_e effective values of mean square q, and a values added at each end, the interval is c ± t s, with
    c and s² / (n_e + 2 a) the mean and variance of all n_e + 2 a, and t Student's for n_e - 1 degrees of
    freedom, cut at the ends. For shares of yes and no that is Agresti and Coull (1998, The American
    Statistician 52) on the effective number, as surveys do (Korn and Graubard 1998, Survey Methodology 24).
    ``docs/report.md`` shows its coverage.

    Args:
        values: (n,) values.
        clusters: (n,) the cluster of each value.
        ends: Between which ends values can lie; None for measures without ends, which get Student's t.

    Raises:
        ValueError: Lengths differ, or a value lies outside the ends.
    """
    if len(values) != len(clusters):
        raise ValueError(f"{len(values)} values but {len(clusters)} clusters")
    if not values:
        return Estimate(0, 0, 0.0, None, None, None)
    numbers = np.asarray(values, dtype=np.float64)
    if ends and (numbers.min() < ends.low - _OUTSIDE or numbers.max() > ends.high + _OUTSIDE):
        raise ValueError(
            f"values from {numbers.min():g} to {numbers.max():g}, not from {ends.low:g} to {ends.high:g}"
        )
    index = {name: place for place, name in enumerate(dict.fromkeys(clusters))}
    places = np.array([index[name] for name in clusters])
    effective = _effective(numbers, places, len(index), ends)
    value = float(numbers.mean())
    found = None if len(index) == 1 else _centre(numbers, effective, ends)
    if found is None:
        return Estimate(len(numbers), len(index), effective, value, None, None)
    centre, half = found
    low, high = centre - half, centre + half
    if ends:
        low, high = max(ends.low, low), min(ends.high, high)
    return Estimate(len(numbers), len(index), effective, value, low, high)


def apart(one: Estimate, other: Estimate) -> tuple[float, float] | None:
    """95 % interval of the difference of two means over different facts; None where one has no interval.

    The distances of both ends from their means are added as squares (Newcombe 1998, Stat. Med. 17).
    """
    if None in (one.value, one.low, one.high, other.value, other.low, other.high):
        return None
    value, low, high = np.array([one.value, one.low, one.high], dtype=np.float64)
    value_2, low_2, high_2 = np.array([other.value, other.low, other.high], dtype=np.float64)
    down, up = np.hypot(value - low, high_2 - value_2), np.hypot(high - value, value_2 - low_2)
    return float(value - value_2 - down), float(value - value_2 + up)


def slope(
    places: NDArray[np.int_], values: Sequence[float], clusters: Sequence[Hashable]
) -> tuple[float, tuple[float, float] | None] | None:
    """Rise of shares from one place to the next by least squares, and its 95 % interval.

    The interval takes the spread of the shares with what is added at both ends, so it has width where all are
    the same.

    Args:
        places: (n,) the place of each value; all values of a cluster stand at one place.
        values: (n,) shares.
        clusters: (n,) the cluster of each value.

    Returns:
        The slope and its interval, None with fewer than two clusters; None if all stand at one place.
    """
    spread = float(places.std())
    if not spread:
        return None
    numbers = np.asarray(values, dtype=np.float64)
    value = float(((places - places.mean()) * numbers).mean() / spread**2)
    estimate = clustered_mean(values, clusters)
    found = None if estimate.clusters == 1 else _centre(numbers, estimate.effective, SHARE)
    return value, None if found is None else (value - found[1] / spread, value + found[1] / spread)


def interval(
    low: float | None, high: float | None, n: int, effective: float, *, factor: float = 1, digits: int = 1
) -> str | None:
    """An interval as tables show it, with both numbers of values; None where there is none.

    Args:
        low: Lower end.
        high: Upper end.
        n: Number of values.
        effective: Effective number of values.
        factor: Both ends are multiplied by it, 100 for percent.
        digits: Digits behind the point.
    """
    if low is None or high is None:
        return None
    return f"[{factor * low:.{digits}f}, {factor * high:.{digits}f}] ({n}, {effective:.0f})"


@lru_cache(maxsize=4096)
def t_quantile(freedom: float) -> float:
    """What Student's t leaves below itself with a probability of 97.5 %.

    With x = √f tan θ the density is proportional to cos^(f-1) θ, which is summed up here.

    Args:
        freedom: Degrees of freedom f, at least 1; from 10,000 on they make no difference.
    """
    freedom = min(freedom, 1e4)
    density = np.cos(_ANGLES) ** (freedom - 1)
    summed = np.concatenate([[0.0], np.cumsum(density[1:] + density[:-1])])
    return float(np.tan(np.interp(LEVEL, summed / summed[-1], _ANGLES)) * freedom**0.5)


def _effective(
    numbers: NDArray[np.float64], places: NDArray[np.intp], count: int, ends: Ends | None
) -> float:
    """Number of values over 1 + r (size - 1), r their correlation within clusters.

    Clusters of very different sizes make a mean skewed. Their size is therefore the mean over values weighted
    by size once more, which matches the third moment and not the second only.
    """
    n = len(numbers)
    sizes = np.bincount(places, minlength=count).astype(np.float64)
    if n == count:
        return float(n)
    sums, squares = np.bincount(places, numbers, count), float((numbers**2).sum())
    own = float((sizes**2).sum())
    if ends:
        size = n / count
        sums = np.append(sums, [size * ends.low, size * ends.high])
        squares += size * (ends.low**2 + ends.high**2)
        sizes = np.append(sizes, [size, size])
    total = sizes.sum()
    mean = sums.sum() / total
    spread = squares - total * mean**2
    pairs = (sizes * (sizes - 1)).sum() * spread / total
    within = ((sums - mean * sizes) ** 2).sum() - spread
    # The mean is estimated from the same values, which hides some of what clusters share.
    r = min(1.0, max(0.0, within / pairs + own / n**2)) if spread > _ROUNDING * squares else 1.0
    sizes = sizes[:count]
    return float(n / (1 + r * ((sizes**3).sum() / own - 1)))


def _centre(numbers: NDArray[np.float64], effective: float, ends: Ends | None) -> tuple[float, float] | None:
    """Middle of the interval and half its width, before it is cut at the ends; None if there is no spread."""
    value, square = float(numbers.mean()), float((numbers**2).mean())
    t = t_quantile(round(max(effective - 1, 1.0), 2))
    if ends is None:
        variance = float(numbers.var(ddof=1))
        half = t * (variance / effective) ** 0.5
        return (value, half) if variance > _ROUNDING * square else None
    total = effective + 2 * ends.added
    centre = (effective * value + ends.added * (ends.low + ends.high)) / total
    square = (effective * square + ends.added * (ends.low**2 + ends.high**2)) / total
    return centre, t * ((square - centre**2) / total) ** 0.5
