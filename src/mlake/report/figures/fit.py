"""Logistic regression on counts, with a bootstrap over facts: the relation that Figure 4 draws."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlake.report.statistics.bootstrap import LEVEL, RESAMPLES, SEED

__all__ = ["Fit", "logistic_fit"]

_Array = NDArray[np.float64]

_RIDGE = 1e-5  # keeps slopes finite where all edits work or all fail
_STEPS = 30
_STEEPEST = 5.0  # longest Newton step, in log odds


@dataclass(frozen=True, slots=True)
class Fit:
    """A logistic relation.

    Attributes:
        n: Number of observations.
        slope: Log odds a unit of x.
        low: Lower end of its 95 % interval.
        high: Upper end.
        correlation: Pearson's correlation of x with the outcome; None where either never changes.
        xs: Places where the curve is known.
        curve: Fitted probability at each.
        band: (2, len(xs)) its 95 % interval.
    """

    n: int
    slope: float
    low: float
    high: float
    correlation: float | None
    xs: _Array
    curve: _Array
    band: _Array


def logistic_fit(
    x: Sequence[int], outcome: Sequence[float], clusters: Sequence[Hashable], groups: Sequence[Hashable]
) -> Fit:
    """Probability of an outcome as a logistic function of x, with its own intercept for each group.

    The interval resamples clusters. The curve is that of all groups together: their intercepts averaged by
    how many observations each has.

    Args:
        x: (n,) whole numbers, two different ones at least.
        outcome: (n,) from 0 to 1.
        clusters: (n,) which observations belong together.
        groups: (n,) which observations share an intercept.
    """
    cells = list(dict.fromkeys(zip(groups, x, strict=True)))
    at = {cell: place for place, cell in enumerate(cells)}
    names = list(dict.fromkeys(groups))
    places = np.array([at[cell] for cell in zip(groups, x, strict=True)])
    values = np.array([value for _, value in cells], dtype=np.float64)
    design = np.zeros((len(cells), len(names) + 1))
    for row, (group, _) in enumerate(cells):
        design[row, names.index(group)] = 1
    design[:, -1] = values - values.mean()
    counts, sums = _resampled(places, np.asarray(outcome, dtype=np.float64), clusters, len(cells))
    solved = _solve(design, counts, sums)
    shares = np.stack([counts @ design[:, place] for place in range(len(names))], axis=1)
    shares /= shares.sum(axis=1, keepdims=True)
    xs = np.arange(values.min(), values.max() + 1)
    height = (solved[:, :-1] * shares).sum(axis=1)
    curves = _sigmoid(height[:, None] + solved[:, -1:] * (xs - values.mean()))
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(solved[1:, -1], [tail, 1 - tail])
    band = np.quantile(curves[1:], [tail, 1 - tail], axis=0)
    slope, related = float(solved[0, -1]), _correlation(x, outcome)
    return Fit(len(x), slope, float(low), float(high), related, xs, curves[0], band)


def _resampled(
    places: NDArray[np.int64], outcome: _Array, clusters: Sequence[Hashable], cells: int
) -> tuple[_Array, _Array]:
    """Observations and sums of outcomes a cell: of all data first, then of each resample of the clusters."""
    index = {name: place for place, name in enumerate(dict.fromkeys(clusters))}
    rows = np.array([index[name] for name in clusters])
    count = len(index)
    flat = rows * cells + places
    size = count * cells
    per_count = np.bincount(flat, minlength=size).reshape(count, cells).astype(np.float64)
    per_sum = np.bincount(flat, outcome, size).reshape(count, cells)
    drawn = np.random.default_rng(SEED).multinomial(count, np.full(count, 1 / count), size=RESAMPLES)
    weights = np.concatenate([np.ones((1, count)), drawn.astype(np.float64)])
    return weights @ per_count, weights @ per_sum


def _solve(design: _Array, counts: _Array, sums: _Array) -> _Array:
    """Newton's method for every resample at once: coefficients (resamples, columns)."""
    found = np.zeros((len(counts), design.shape[1]))
    ridge = _RIDGE * np.eye(design.shape[1])
    for _ in range(_STEPS):
        chance = _sigmoid(found @ design.T)
        slope = (sums - counts * chance) @ design - found @ ridge
        weight = counts * chance * (1 - chance)
        bend = np.einsum("bk,ki,kj->bij", weight, design, design, optimize=True) + ridge
        step = np.linalg.solve(bend, slope[..., None])[..., 0]
        found += np.clip(step, -_STEEPEST, _STEEPEST)
        if np.abs(step).max() < 1e-8:
            break
    return found


def _sigmoid(value: _Array) -> _Array:
    return np.asarray(0.5 * (1 + np.tanh(0.5 * value)))


def _correlation(x: Sequence[int], outcome: Sequence[float]) -> float | None:
    if len(set(x)) < 2 or len(set(outcome)) < 2:
        return None
    return float(np.corrcoef(x, outcome)[0, 1])
