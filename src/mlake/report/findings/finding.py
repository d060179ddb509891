"""What a test of a conclusion found, and the test of a difference within facts."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlake.report.statistics.bootstrap import LEVEL
from mlake.report.statistics.paired import Numbers, mean, paired

__all__ = ["ALPHA", "RANKS", "Finding", "contrast", "left_out"]

ALPHA = 1 - LEVEL
"""The largest p that supports a conclusion."""

RANKS = "rank correlation"
"""Unit of a correlation."""

_POINTS = "percentage points"
_FEWEST = 6  # facts: 2 of the 2 ** 5 sign patterns of five are more than 5 %


@dataclass(frozen=True, slots=True)
class Finding:
    """What a test found.

    Attributes:
        unit: What the effect is counted in.
        basis: What was compared, counted, such as ``10 pairs of languages``.
        effect: Positive where the conclusion is right; None if it cannot be tested.
        low: Lower end of the 95 % interval: that of ``clustered_mean`` for percentage points, a
            bootstrap over facts for rank correlations; None if there is none.
        high: Upper end.
        n: Differences within facts, or facts.
        effective: Effective number of these.
        p: Two-sided p-value; None if it cannot be tested.
        agreeing: Series (runs or methods) that have an effect of their own above 0.
        series: Series that have an effect of their own. One at floor or ceiling has none: it cannot tell.
        reason: Why it cannot be tested, and what to do; empty if it can.
        notes: What else a reader must know.
    """

    unit: str
    basis: str = ""
    effect: float | None = None
    low: float | None = None
    high: float | None = None
    n: int = 0
    effective: float = 0.0
    p: float | None = None
    agreeing: int = 0
    series: int = 0
    reason: str = ""
    notes: tuple[str, ...] = ()


def contrast(one: Numbers, other: Numbers, conclusion: str, lacking: str) -> Finding:
    """A difference within facts: (runs, facts, sides) shares each, of which the mean over sides is taken."""
    differences = mean(one - other, 2)
    there = np.isfinite(differences).any(axis=1)
    stuck = there & np.array(
        [_stuck(*sides) for sides in zip(one, other, np.isfinite(one - other), strict=True)], dtype=bool
    )
    if stuck.any() and (stuck == there).all():
        reason = (
            "on both sides every answer is wrong, or every one right: floor or ceiling, which cannot tell"
        )
        return Finding(_POINTS, reason=reason)
    differences = differences[~stuck]
    result = paired(differences)
    if result.value is None:
        return Finding(_POINTS, reason=lacking)
    basis = f"{result.facts} {'fact' if result.facts == 1 else 'facts'}"
    if result.facts < _FEWEST:
        reason = f"{basis} cannot give a p-value of {ALPHA:.2g}; edit {_FEWEST} or more"
        return Finding(_POINTS, basis, reason=reason)
    own = mean(differences, 1)
    low, high = (None if end is None else 100 * end for end in (result.low, result.high))
    return Finding(
        _POINTS,
        basis,
        100 * result.value,
        low,
        high,
        result.n,
        result.effective,
        result.p,
        agreeing=int((own > 0).sum()),
        series=int(np.isfinite(own).sum()),
        notes=left_out(conclusion, int(stuck.sum()), int(there.sum()), "all answers wrong, or all right"),
    )


def _stuck(one: Numbers, other: Numbers, present: NDArray[np.bool_]) -> bool:
    """Whether both sides of a run are wrong throughout, or right throughout."""
    values = np.concatenate([one[present], other[present]])
    return bool(len(values)) and bool((values == 0).all() or (values == 1).all())


def left_out(conclusion: str, count: int, every: int, why: str) -> tuple[str, ...]:
    """The note on runs or methods that cannot tell, if there are any."""
    if not count:
        return ()
    return (
        f"Conclusion {conclusion}: {count} of {every} runs or methods cannot tell and are left out, "
        f"at floor or ceiling ({why}).",
    )
