"""How each of the paper's conclusions is tested: runs in, an effect with its uncertainty out.

A test speaks of the questions of kind ``direct`` alone, which every run asks and which are the same in all
languages. It is either a difference within facts, in percentage points, or a rank correlation over a few
points (languages, pairs of languages), pooled over series (methods, runs).

One test decides each conclusion, chosen before any result: signs of facts flipped (1 and 3), languages
rearranged (2), whole languages relabelled, after each language's own level is removed (4 to 6).
"""

from collections.abc import Sequence

import numpy as np

from mlake.report.findings.fact_values import FactValues, fact_values
from mlake.report.findings.finding import RANKS, Finding, contrast
from mlake.report.findings.ranks import by_closeness, by_language
from mlake.report.paper.compare import method_of, model_of
from mlake.report.rundata import RunData
from mlake.report.statistics.paired import Numbers, mean
from mlake.scorers.table import measure

__all__ = [
    "FLUENCY",
    "better_where_known",
    "changes_close_languages",
    "english_first",
    "harms_close_languages",
    "lost_across",
    "transfers_to_close_languages",
]

FLUENCY = ("fluency", "repetition", "nll", "entropy")
"""Measures of fluency; the first that a run has is tested.

A judge's score, which the paper used, stands before measures that need none. Of these the last two move
with the success of an edit too: the unedited model finds a new answer unlikely, and short answers have little
entropy.
"""


def english_first(runs: Sequence[RunData]) -> Finding:
    """Conclusion 1: accuracy edited and asked in English, less the mean of the other languages' own."""
    found = fact_values(runs, "direct", "contains")
    same = _same(found)
    english = [place for place, lang in enumerate(found.langs) if lang == "en"]
    others = mean(np.delete(same, english, axis=2), 2)[:, :, None]
    lacking = "no run edits and asks facts in English and in another language; edit in more languages"
    return contrast(mean(same[:, :, english], 2)[:, :, None], others, "1", lacking)


def lost_across(runs: Sequence[RunData]) -> Finding:
    """Conclusion 3: accuracy asked in the language of the edit, less the mean of the others asked in."""
    found = fact_values(runs, "direct", "contains")
    away = np.where(np.eye(len(found.langs), dtype=bool), np.nan, found.edited)
    lacking = "no run asks in the language of the edit and in another one; ask in more languages"
    return contrast(_same(found), mean(away, 3), "3", lacking)


def better_where_known(runs: Sequence[RunData]) -> Finding:
    """Conclusion 2: unedited accuracy against edited accuracy, over models and languages, within methods."""
    before = fact_values(runs, "direct", "old").unedited
    after = _same(fact_values(runs, "direct", "contains"))
    models, methods = [model_of(run.spec) for run in runs], [method_of(run.spec) for run in runs]
    return by_language(before, after, models, methods, "2")


def transfers_to_close_languages(runs: Sequence[RunData]) -> Finding:
    """Conclusion 4: closeness of two languages against accuracy asked in one and edited in the other."""
    found = fact_values(runs, "direct", "contains")
    return by_closeness(found.langs, found.edited, "4")


def changes_close_languages(runs: Sequence[RunData]) -> Finding:
    """Conclusion 5: closeness of two languages against the share of answers that an edit changes."""
    found = fact_values(runs, "direct", "unchanged")
    return by_closeness(found.langs, 1 - found.edited, "5")


def harms_close_languages(runs: Sequence[RunData]) -> Finding:
    """Conclusion 6: closeness of two languages against how much fluency an edit costs."""
    for name in FLUENCY:
        found = fact_values(runs, "direct", name)
        harm = (-1 if measure(name).higher_is_better else 1) * (found.edited - found.unedited[:, :, None])
        if np.isfinite(harm).any():
            note = f"Conclusion 6: fluency is measured by {name!r}, before and after the edit."
            return by_closeness(found.langs, harm, "6", note)
    return Finding(RANKS, reason="no run has a measure of fluency; docs/hypotheses.md says what gives one")


def _same(found: FactValues) -> Numbers:
    """(runs, facts, langs) asked in the language of the edit."""
    return np.diagonal(found.edited, axis1=2, axis2=3)
