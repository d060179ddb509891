"""Rank correlations over languages and over pairs of languages, each with the one test that decides."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from mlake.languages.distance import distance
from mlake.report.findings.finding import ALPHA, RANKS, Finding, left_out
from mlake.report.statistics.association import (
    least_permutation_p,
    least_relabelling_p,
    members,
    permutation_p,
    pooled,
    relabelling_p,
    series_correlations,
)
from mlake.report.statistics.bootstrap import resamples
from mlake.report.statistics.paired import Numbers, mean, ratio

__all__ = ["by_closeness", "by_language"]

_Points = Callable[[Numbers], tuple[Numbers, Numbers]]
"""Weights of facts (draws, facts) to left (draws, points) and right (draws, series, points)."""

_BY_CLOSENESS = 3  # conclusions that share a test, whose smallest p must be able to survive the correction


def by_language(
    before: Numbers, after: Numbers, models: Sequence[object], methods: Sequence[object], conclusion: str
) -> Finding:
    """A measure before against one after the edit, over the languages that models share, within methods.

    Each model's own level is removed, and languages are rearranged in all models alike: several models are no
    more languages.

    Args:
        before: (runs, facts, langs).
        after: (runs, facts, langs).
        models: (runs,) the model of each run.
        methods: (runs,) its method.
        conclusion: Number of the conclusion.
    """
    known, common = _shared(before, after, models)
    if not known:
        lacking = "no run asks in a language before and after it edits in it; edit and ask in more languages"
        return Finding(RANKS, reason=lacking)
    before, after, langs = before[:, :, common], after[:, :, common], int(common.sum())
    what = "one model" if len(known) == 1 else f"{len(known)} models"
    basis = f"{langs} languages of {what}"
    if not langs:
        return Finding(RANKS, basis, reason=f"{what} share no language; edit the same languages in all")
    of_models = [[one == model for one in models] for model in known]
    pairs = list(zip(methods, models, strict=True))
    used = dict.fromkeys(methods)
    cells = [[pair == (method, model) for pair in pairs] for method in used for model in known]

    def points(weights: Numbers) -> tuple[Numbers, Numbers]:
        left, right = _grouped(_means(before, weights), of_models), _grouped(_means(after, weights), cells)
        return left.reshape(len(weights), -1), right.reshape(len(weights), len(used), -1)

    levels = np.repeat(np.eye(len(known)), langs, axis=0)
    found = _association(_Series(points, before.shape[1], basis, conclusion, "model", levels))
    if found.effect is None:
        return found
    left, right = (side[0] for side in points(np.ones((1, before.shape[1]))))
    left = left.reshape(len(known), langs)
    least = least_permutation_p(left)
    if least > ALPHA:
        reason = f"{basis} cannot tell: rearranging them can give no p below {least:.2g}; edit in more"
        return replace(found, reason=reason)
    note = f"Conclusion {conclusion}: the points are {basis}; correlations are within methods and models."
    return replace(found, p=permutation_p(left, right), notes=(*found.notes, note))


def _shared(
    before: Numbers, after: Numbers, models: Sequence[object]
) -> tuple[list[object], NDArray[np.bool_]]:
    """Models that have both sides in a language, and (langs,) which languages all of these have."""
    has = {}
    for model in dict.fromkeys(models):
        own = np.array([one == model for one in models])
        has[model] = np.logical_and(*(np.isfinite(side[own]).any(axis=(0, 1)) for side in (before, after)))
    known = [model for model, langs in has.items() if langs.any()]
    return known, np.logical_and.reduce([has[model] for model in known]) if known else np.zeros(0, dtype=bool)


def by_closeness(langs: Sequence[str], values: Numbers, conclusion: str, *notes: str) -> Finding:
    """Closeness against a measure, over unordered pairs of languages: (runs, facts, langs, langs)."""
    pairs = list(combinations(range(len(langs)), 2))
    lacking = "no run edits in one language and asks in another; ask in more languages"
    if not pairs:
        return Finding(RANKS, reason=lacking)
    closeness = np.array([[-float(distance(one, other)) for other in langs] for one in langs])
    left = np.array([closeness[pair] for pair in pairs])
    levels = members(pairs, len(langs))

    def points(weights: Numbers) -> tuple[Numbers, Numbers]:
        cells = _means(values, weights)  # (draws, runs, langs, langs)
        there, back = ([cells[..., one, other] for one, other in way] for way in (pairs, _reversed(pairs)))
        right = mean(np.array([there, back]), 0)
        return np.tile(left, (len(weights), 1)), np.moveaxis(right, 0, -1)

    asked = np.isfinite(points(np.ones((1, values.shape[1])))[1]).any(axis=(0, 1)).sum()
    if not asked:
        return Finding(RANKS, reason=lacking)
    basis = f"{asked} pairs of languages"
    found = _association(_Series(points, values.shape[1], basis, conclusion, "language", levels))
    found = replace(found, notes=(*notes, *found.notes))
    if found.effect is None:
        return found
    least = least_relabelling_p(closeness, pairs)
    if _BY_CLOSENESS * least > ALPHA:
        reason = (
            f"{len(langs)} languages cannot tell: relabelling them can give no p below {least:.2g}, and "
            f"{_BY_CLOSENESS} conclusions are tested so; edit and ask in more languages"
        )
        return replace(found, reason=reason)
    _, right = points(np.ones((1, values.shape[1])))
    return replace(found, p=relabelling_p(closeness, pairs, right[0]))


@dataclass(frozen=True, slots=True)
class _Series:
    """Points in several series.

    Attributes:
        points: Gives them for weights of facts.
        facts: Number of facts.
        basis: What the points are, counted.
        conclusion: Number of the conclusion.
        owner: Of what each has a level of its own.
        levels: (points, owners) which point belongs to which; removed from both sides.
    """

    points: _Points
    facts: int
    basis: str
    conclusion: str
    owner: str
    levels: Numbers


def _association(asked: _Series) -> Finding:
    """A rank correlation over points, pooled over series, with an interval from resampled facts; no p yet."""
    left, right = (side[0] for side in asked.points(np.ones((1, asked.facts))))
    kept = np.isfinite(left) & np.isfinite(right).any(axis=0)
    left, right, levels = left[kept], right[:, kept], asked.levels[kept]
    present = np.isfinite(right)
    own = series_correlations(left, right, present, levels)
    if not np.isfinite(own).any():
        return Finding(RANKS, asked.basis, reason=_nothing(right, asked))
    lefts, rights = asked.points(resamples(asked.facts))
    drawn = pooled(series_correlations(lefts[:, kept], rights[:, :, kept], present, levels), present, levels)
    low, high = np.nanquantile(drawn, [ALPHA / 2, 1 - ALPHA / 2])
    known = asked.facts > 1 and high > low  # resamples that all rank alike say nothing of how sure this is
    every, told = int(present.any(axis=1).sum()), int(np.isfinite(own).sum())
    why = "the measure leaves nothing to rank"
    return Finding(
        RANKS,
        asked.basis,
        effect=float(pooled(own, present, levels)),
        low=float(low) if known else None,
        high=float(high) if known else None,
        n=asked.facts,
        effective=float(asked.facts),
        agreeing=int((own > 0).sum()),
        series=told,
        notes=left_out(asked.conclusion, every - told, every, why),
    )


def _nothing(right: Numbers, asked: _Series) -> str:
    """Why no series has a correlation."""
    if np.nanmax(right) == np.nanmin(right):
        return f"the measure is the same for all {asked.basis}, so there is nothing to rank"
    return (
        f"{asked.basis} leave nothing to rank when each {asked.owner}'s own level is removed; "
        "edit and ask in more languages"
    )


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
