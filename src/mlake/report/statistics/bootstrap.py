"""Means with bootstrap intervals that respect which answers belong to the same fact."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["LEVEL", "RESAMPLES", "SEED", "Estimate", "clustered_mean", "interval", "resamples"]

LEVEL = 0.95
RESAMPLES = 2000
SEED = 0


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean and how well it is known.

    Attributes:
        n: Number of values.
        clusters: Number of clusters (facts).
        value: The mean; None without values.
        low: Lower end of the 95 % interval; None with fewer than two clusters, which tell nothing about
            how facts differ.
        high: Upper end.
    """

    n: int
    clusters: int
    value: float | None
    low: float | None
    high: float | None


def clustered_mean(values: Sequence[float], clusters: Sequence[Hashable]) -> Estimate:
    """Mean over all values, with a percentile bootstrap interval over whole clusters.

    Answers about one fact stand or fall together, so facts are resampled, not answers. Estimates over the
    same number of clusters share their resamples (``SEED`` is fixed): the same scores give the same numbers.

    Args:
        values: (n,) values.
        clusters: (n,) the cluster of each value.

    Raises:
        ValueError: Lengths differ.
    """
    if len(values) != len(clusters):
        raise ValueError(f"{len(values)} values but {len(clusters)} clusters")
    if not values:
        return Estimate(0, 0, None, None, None)
    index = {name: place for place, name in enumerate(dict.fromkeys(clusters))}
    places = np.array([index[name] for name in clusters])
    numbers = np.asarray(values, dtype=np.float64)
    count = len(index)
    value = float(numbers.mean())
    if count == 1:
        return Estimate(len(numbers), 1, value, None, None)
    totals = np.stack(  # (clusters, 2)
        [np.bincount(places, numbers, count), np.bincount(places, minlength=count).astype(np.float64)], axis=1
    )
    sums, sizes = (resamples(count) @ totals).T  # (RESAMPLES,) each
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(sums / sizes, [tail, 1 - tail])
    return Estimate(len(numbers), count, value, float(low), float(high))


def interval(low: float | None, high: float | None, digits: int = 1) -> str | None:
    """An interval as tables show it; None where there is none.

    Args:
        low: Lower end.
        high: Upper end.
        digits: Digits behind the point.
    """
    return None if low is None or high is None else f"[{low:.{digits}f}, {high:.{digits}f}]"


@lru_cache(maxsize=4)
def resamples(count: int) -> NDArray[np.float64]:
    """How often each resample draws each cluster: (RESAMPLES, count), rows sum to ``count``."""
    drawn = np.random.default_rng(SEED).integers(count, size=(RESAMPLES, count))
    drawn += np.arange(RESAMPLES)[:, None] * count
    counts = np.bincount(drawn.ravel(), minlength=RESAMPLES * count)
    return counts.reshape(RESAMPLES, count).astype(np.float64)
