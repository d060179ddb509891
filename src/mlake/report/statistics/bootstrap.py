"""Resamples of whole facts, for statistics that have no interval of their own."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["LEVEL", "RESAMPLES", "SEED", "resamples"]

LEVEL = 0.95
RESAMPLES = 2000
SEED = 0


@lru_cache(maxsize=4)
def resamples(count: int) -> NDArray[np.float64]:
    """How often each resample draws each cluster: (RESAMPLES, count), rows sum to ``count``."""
    drawn = np.random.default_rng(SEED).integers(count, size=(RESAMPLES, count))
    drawn += np.arange(RESAMPLES)[:, None] * count
    counts = np.bincount(drawn.ravel(), minlength=RESAMPLES * count)
    return counts.reshape(RESAMPLES, count).astype(np.float64)
