"""Tests that compare answers about the same facts, and what many tests at once do to their p-values."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from mlake.report.statistics.bootstrap import SEED
from mlake.report.statistics.intervals import DIFFERENCE, clustered_mean

__all__ = [
    "DRAWS",
    "Numbers",
    "Paired",
    "holm",
    "mean",
    "paired",
    "ratio",
    "share",
    "sign_flip",
]

Numbers = NDArray[np.float64]
"""An array of numbers; NaN where there is none."""

DRAWS = 9999
"""Random rearrangements where there are too many to try all; the observed one counts as one more."""

_ALL = 12  # up to this many facts, all 2 ** 12 sign patterns are tried
_SLACK = 1e-12  # sums that differ by rounding alone are ties


@dataclass(frozen=True, slots=True)
class Paired:
    """A mean difference of shares within facts.

    Attributes:
        facts: Facts that have both sides.
        n: Differences, of all runs.
        effective: Effective number of differences.
        value: The mean difference; None without facts.
        low: Lower end of the 95 % interval; None with fewer than two.
        high: Upper end.
        p: Two-sided sign-flip p-value; None without facts.
    """

    facts: int
    n: int
    effective: float
    value: float | None
    low: float | None
    high: float | None
    p: float | None


def paired(differences: Numbers) -> Paired:
    """Mean difference within facts, tested by flipping the signs of whole facts.

    Args:
        differences: (runs, facts) one side minus the other, from -1 to 1; NaN where a fact lacks a side.
            All runs' answers about a fact belong together, and are flipped together.
    """
    present = np.isfinite(differences)
    _, facts = np.nonzero(present)
    values = differences[present]
    estimate = clustered_mean(values.tolist(), facts.tolist(), DIFFERENCE)
    if estimate.value is None:
        return Paired(0, 0, 0.0, None, None, None, None)
    sums = np.where(present, differences, 0.0).sum(axis=0)[present.any(axis=0)]
    numbers = (estimate.clusters, estimate.n, estimate.effective, estimate.value, estimate.low, estimate.high)
    return Paired(*numbers, sign_flip(sums))


def sign_flip(values: Numbers) -> float:
    """Two-sided p-value that values lie around 0, if each could as well have the other sign.

    All sign patterns are tried for few values, ``DRAWS`` random ones otherwise; zeros change nothing.

    Args:
        values: (n,) one value a fact.
    """
    sizes, counts = np.unique(np.abs(values[values != 0]), return_counts=True)
    observed = abs(float(values.sum()))
    number = int(counts.sum())
    if number <= _ALL:
        signs = np.array(list(product((-1.0, 1.0), repeat=number))).reshape(2**number, number)
        return share(signs @ np.repeat(sizes, counts), observed, exact=True)
    # As many facts have the same size of difference, how many of them flip is binomial.
    flips = np.random.default_rng(SEED).binomial(counts, 0.5, size=(DRAWS, len(counts)))
    return share((2 * flips - counts) @ sizes, observed, exact=False)


def holm(values: Sequence[float | None]) -> list[float | None]:
    """P-values corrected for their number (Holm 1979); None stays None and does not count.

    Args:
        values: P-values.
    """
    order = sorted((value, place) for place, value in enumerate(values) if value is not None)
    corrected: list[float | None] = [None] * len(values)
    highest = 0.0
    for rank, (value, place) in enumerate(order):
        highest = max(highest, min(1.0, value * (len(order) - rank)))
        corrected[place] = highest
    return corrected


def mean(values: Numbers, axis: int | tuple[int, ...]) -> Numbers:
    """Mean over what is there; NaN where nothing is."""
    present = np.isfinite(values)
    return ratio(np.where(present, values, 0.0).sum(axis=axis), present.sum(axis=axis).astype(np.float64))


def share(drawn: Numbers, observed: float, *, exact: bool) -> float:
    """Two-sided p-value: how often a rearrangement gives a value as far from 0 as the observed one.

    Args:
        drawn: (draws,) values of rearrangements.
        observed: The value of the data as they are.
        exact: Whether these are all rearrangements; the observed one is added if not.
    """
    extreme = int((np.abs(drawn) >= abs(observed) - _SLACK).sum())
    return extreme / len(drawn) if exact else (1 + extreme) / (1 + len(drawn))


def ratio(above: Numbers, below: Numbers) -> Numbers:
    """One by the other, element by element; NaN where the lower one is not above 0."""
    undefined: Numbers = np.full(np.broadcast_shapes(np.shape(above), np.shape(below)), np.nan)
    np.divide(above, below, out=undefined, where=below > 0)
    return undefined
