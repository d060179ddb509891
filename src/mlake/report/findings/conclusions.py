"""How each of the paper's conclusions is tested: runs in, an effect with its uncertainty out.

A test speaks of the questions of kind ``direct`` alone, which every run asks and which are the same in all
languages. It is either a difference within facts, in percentage points, or a rank correlation over a few
points (languages, pairs of languages), pooled over series (methods, runs).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from mlake.languages.distance import distance
from mlake.report.findings.fact_values import FactValues, fact_values
from mlake.report.paper.compare import method_of, model_of
from mlake.report.rundata import RunData
from mlake.report.statistics.association import (
    arrangements,
    permutation_p,
    pooled,
    relabelling_p,
    series_correlations,
)
from mlake.report.statistics.bootstrap import LEVEL, resamples
from mlake.report.statistics.paired import Numbers, mean, paired, ratio
from mlake.scorers.table import measure

__all__ = [
    "FLUENCY",
    "Finding",
    "better_where_known",
    "changes_close_languages",
    "english_first",
    "harms_close_languages",
    "lost_across",
    "transfers_to_close_languages",
]

_Points = Callable[[Numbers], tuple[Numbers, Numbers]]
"""Weights of facts (draws, facts) to left (draws, points) and right (draws, series, points)."""

FLUENCY = ("fluency", "repetition", "nll", "entropy")
"""Measures of fluency; the first that a run has is tested.

A judge's score, which the paper used, stands before measures that need none. Of these the last two move
with the success of an edit too: the unedited model finds a new answer unlikely, and short answers have little
entropy.
"""

_ALPHA = 1 - LEVEL
_POINTS, _RANKS = "percentage points", "rank correlation"
_FEWEST = 6  # facts: 2 of the 2 ** 5 sign patterns of five are more than 5 %


@dataclass(frozen=True, slots=True)
class Finding:
    """What a test found.

    Attributes:
        unit: What the effect is counted in.
        basis: What was compared, counted, such as ``10 pairs of languages``.
        effect: Positive where the conclusion is right; None if it cannot be tested.
        low: Lower end of the 95 % bootstrap interval over facts; None if there is none.
        high: Upper end.
        p: Two-sided p-value; None if it cannot be tested.
        agreeing: Series (runs or methods) that have an effect of their own above 0.
        series: Series that have an effect of their own.
        reason: Why it cannot be tested, and what to do; empty if it can.
        notes: What else a reader must know.
    """

    unit: str
    basis: str = ""
    effect: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    agreeing: int = 0
    series: int = 0
    reason: str = ""
    notes: tuple[str, ...] = ()


def english_first(runs: Sequence[RunData]) -> Finding:
    """Conclusion 1: accuracy edited and asked in English, less the mean of the other languages' own."""
    found = fact_values(runs, "direct", "contains")
    same = _same(found)
    english = [place for place, lang in enumerate(found.langs) if lang == "en"]
    others = mean(np.delete(same, english, axis=2), 2)
    lacking = "no run edits and asks facts in English and in another language; edit in more languages"
    return _contrast(mean(same[:, :, english], 2) - others, lacking)


def lost_across(runs: Sequence[RunData]) -> Finding:
    """Conclusion 3: accuracy asked in the language of the edit, less the mean of the others asked in."""
    found = fact_values(runs, "direct", "contains")
    away = np.where(np.eye(len(found.langs), dtype=bool), np.nan, found.edited)
    lacking = "no run asks in the language of the edit and in another one; ask in more languages"
    return _contrast(mean(_same(found) - mean(away, 3), 2), lacking)


def better_where_known(runs: Sequence[RunData]) -> Finding:
    """Conclusion 2: unedited accuracy against edited accuracy, over models and languages, within methods."""
    before = fact_values(runs, "direct", "old").unedited
    after = _same(fact_values(runs, "direct", "contains"))
    models, methods = [model_of(run.spec) for run in runs], [method_of(run.spec) for run in runs]
    known, used = dict.fromkeys(models), dict.fromkeys(methods)

    def points(weights: Numbers) -> tuple[Numbers, Numbers]:
        left = _grouped(_means(before, weights), [[one == model for one in models] for model in known])
        cells = [
            [pair == (method, model) for pair in zip(methods, models, strict=True)]
            for method in used
            for model in known
        ]
        right = _grouped(_means(after, weights), cells)
        draws = len(weights)
        return left.reshape(draws, -1), right.reshape(draws, len(used), -1)

    what = "languages of one model" if len(known) == 1 else f"languages of {len(known)} models"
    note = f"Conclusion 2: the points are {what}; correlations are taken within methods."
    lacking = "no run asks in a language before and after it edits in it; edit and ask in more languages"
    return _association(points, before.shape[1], what, lacking, (note,))


def transfers_to_close_languages(runs: Sequence[RunData]) -> Finding:
    """Conclusion 4: closeness of two languages against accuracy asked in one and edited in the other."""
    found = fact_values(runs, "direct", "contains")
    return _by_closeness(found.langs, found.edited, "4")


def changes_close_languages(runs: Sequence[RunData]) -> Finding:
    """Conclusion 5: closeness of two languages against the share of answers that an edit changes."""
    found = fact_values(runs, "direct", "unchanged")
    return _by_closeness(found.langs, 1 - found.edited, "5")


def harms_close_languages(runs: Sequence[RunData]) -> Finding:
    """Conclusion 6: closeness of two languages against how much fluency an edit costs."""
    for name in FLUENCY:
        found = fact_values(runs, "direct", name)
        harm = (-1 if measure(name).higher_is_better else 1) * (found.edited - found.unedited[:, :, None])
        if np.isfinite(harm).any():
            note = f"Conclusion 6: fluency is measured by {name!r}, before and after the edit."
            return _by_closeness(found.langs, harm, "6", note)
    return Finding(_RANKS, reason="no run has a measure of fluency; docs/hypotheses.md says what gives one")


def _same(found: FactValues) -> Numbers:
    """(runs, facts, langs) asked in the language of the edit."""
    return np.diagonal(found.edited, axis1=2, axis2=3)


def _contrast(differences: Numbers, lacking: str) -> Finding:
    """A difference within facts: (runs, facts) fractions."""
    result = paired(100 * differences)
    if result.value is None:
        return Finding(_POINTS, reason=lacking)
    basis = f"{result.facts} {'fact' if result.facts == 1 else 'facts'}"
    if result.facts < _FEWEST:
        reason = f"{basis} cannot give a p-value of {_ALPHA:.2g}; edit {_FEWEST} or more"
        return Finding(_POINTS, basis, reason=reason)
    own = mean(differences, 1)
    agreeing, series = int((own > 0).sum()), int(np.isfinite(own).sum())
    return Finding(
        _POINTS, basis, result.value, result.low, result.high, result.p, agreeing=agreeing, series=series
    )


def _by_closeness(langs: Sequence[str], values: Numbers, conclusion: str, *notes: str) -> Finding:
    """Closeness against a measure, over unordered pairs of languages: (runs, facts, langs, langs)."""
    pairs = list(combinations(range(len(langs)), 2))

    def closeness(one: int, other: int) -> float:
        return -float(distance(langs[one], langs[other]))

    def points(weights: Numbers) -> tuple[Numbers, Numbers]:
        cells = _means(values, weights)  # (draws, runs, langs, langs)
        there, back = ([cells[..., one, other] for one, other in way] for way in (pairs, _reversed(pairs)))
        left = np.array([closeness(*pair) for pair in pairs])
        right = mean(np.array([there, back]), 0) if pairs else np.empty((0, *cells.shape[:2]))
        return np.tile(left, (len(weights), 1)), np.moveaxis(right, 0, -1)

    lacking = "no run edits in one language and asks in another; ask in more languages"
    found = _association(points, values.shape[1], "pairs of languages", lacking, notes)
    if found.p is None:
        return found
    _, right = points(np.ones((1, values.shape[1])))
    p = relabelling_p(closeness, pairs, right[0])
    note = (
        f"Conclusion {conclusion}: {found.basis}, both directions together, share {len(langs)} languages, "
        "so they are not independent and p is optimistic; relabelling whole languages instead gives "
        f"p = {p:.3f}."
    )
    return replace(found, notes=(*found.notes, note))


def _association(points: _Points, facts: int, what: str, lacking: str, notes: tuple[str, ...]) -> Finding:
    """A rank correlation over points, pooled over series, with an interval from resampled facts."""
    if not facts:
        return Finding(_RANKS, reason=lacking)
    left, right = (side[0] for side in points(np.ones((1, facts))))
    kept = np.isfinite(left) & np.isfinite(right).any(axis=0)
    left, right = left[kept], right[:, kept]
    present = np.isfinite(right)
    own = series_correlations(left, right, present)
    basis = f"{kept.sum()} {what}"
    reason = _untestable(left, own, basis) if kept.any() else lacking
    if reason:
        return Finding(_RANKS, basis, reason=reason)
    lefts, rights = points(resamples(facts))
    drawn = pooled(series_correlations(lefts[:, kept], rights[:, :, kept], present), present)
    drawn = drawn[np.isfinite(drawn)]
    low, high = np.quantile(drawn, [_ALPHA / 2, 1 - _ALPHA / 2])
    return Finding(
        _RANKS,
        basis,
        effect=float(pooled(own, present)),
        low=float(low) if facts > 1 else None,
        high=float(high) if facts > 1 else None,
        p=permutation_p(left, right),
        agreeing=int((own > 0).sum()),
        series=int(np.isfinite(own).sum()),
        notes=notes,
    )


def _untestable(left: Numbers, own: Numbers, basis: str) -> str:
    """Why these points can show nothing, if so. A correlation and its opposite count as equally extreme."""
    ways = arrangements(left)
    if 2 / ways > _ALPHA:
        return f"{basis} can be ordered in {ways} ways only, too few for a p-value of {_ALPHA:.2g}"
    if not np.isfinite(own).any():
        return f"the measure is the same for all {basis}, so there is nothing to rank"
    return ""


def _means(values: Numbers, weights: Numbers) -> Numbers:
    """Means over facts: (runs, facts, ...) and (draws, facts) give (draws, runs, ...)."""
    present = np.isfinite(values)
    totals, counts = (
        np.tensordot(weights, one, axes=(1, 1)) for one in (np.where(present, values, 0.0), present * 1.0)
    )
    return ratio(totals, counts)


def _grouped(values: Numbers, groups: Sequence[Sequence[bool]]) -> Numbers:
    """Means over runs: (draws, runs, ...) and a choice of runs a group give (draws, groups, ...)."""
    return np.stack([mean(values[:, np.array(group, dtype=bool)], 1) for group in groups], axis=1)


def _reversed(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    return [(other, one) for one, other in pairs]
