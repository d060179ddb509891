"""The price of an edit as a table for a terminal: a line for each language."""

import math
from collections.abc import Iterator, Sequence
from statistics import fmean

from mlake.analysis.store import HELD_OUT_NLL
from mlake.pricing.questions import Asking
from mlake.report.statistics.intervals import clustered_mean, interval
from mlake.safe import plain
from mlake.scorers.row import ScoredRow
from mlake.scorers.table import signature

__all__ = ["price_text"]

_HEAD = ("asked in", "same question", "rephrased", "other facts still known", "perplexity")
_ALL = "all"
_NONE = "–"


def price_text(scored: Sequence[ScoredRow], asking: Asking) -> str:
    """A line for each language asked in, and what the columns mean.

    Args:
        scored: Scores of the answers before and after the edit, and the likelihood of held-out text.
        asking: What was asked.
    """
    langs = dict.fromkeys(row.test_lang for row in scored)
    lines = [_HEAD, *(_line(lang, [row for row in scored if row.test_lang == lang]) for lang in langs)]
    lines.append((_ALL, _NONE, _NONE, _kept(scored), _NONE))
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    shown = ("  ".join(f"{cell:{width}}" for cell, width in zip(line, widths, strict=True)) for line in lines)
    return "\n".join([*(line.rstrip() for line in shown), *_notes(asking)])


def _line(lang: str, scored: Sequence[ScoredRow]) -> tuple[str, ...]:
    return plain(lang), _new(scored, "direct"), _new(scored, "paraphrase"), _kept(scored), _perplexity(scored)


def _new(scored: Sequence[ScoredRow], kind: str) -> str:
    """Per cent of answers that give the new answer, before and after."""
    chosen = [row for row in scored if (row.kind, row.scorer) == (kind, "contains")]
    before, after = _values(chosen, edited=False), _values(chosen, edited=True)
    if not before or not after:
        return _NONE
    return f"{100 * fmean(before):.0f} → {100 * fmean(after):.0f} % (n {len(after)})"


def _kept(scored: Sequence[ScoredRow]) -> str:
    """How many questions about other facts are still answered right, of those that were before."""
    rows = [row for row in scored if row.scorer == "old_kept" and row.kind == "locality"]
    known = [(row.value, row.cluster) for row in rows if row.edit_lang is not None and row.value is not None]
    if not known:
        return _NONE
    values = [value for value, _ in known]
    found = clustered_mean(values, [cluster for _, cluster in known])
    share = f"{sum(values):.0f} of {len(values)}, {100 * fmean(values):.0f} %"
    ends = interval(found.low, found.high, found.n, found.effective, factor=100, digits=0)
    return share if ends is None else f"{share} {ends}"


def _perplexity(scored: Sequence[ScoredRow]) -> str:
    rows = [row for row in scored if row.scorer == HELD_OUT_NLL]
    before, after = _values(rows, edited=False), _values(rows, edited=True)
    if not before or not after:
        return _NONE
    return f"{_exp(fmean(before))} → {_exp(fmean(after))}"


def _exp(nll: float) -> str:
    """A perplexity; an edit can raise it beyond all numbers."""
    return f"{math.exp(nll):.1f}" if nll < 20 else f"e^{nll:.0f}"


def _values(rows: Sequence[ScoredRow], *, edited: bool) -> list[float]:
    chosen = (row for row in rows if (row.edit_lang is not None) is edited)
    return [row.value for row in chosen if row.value is not None]


def _notes(asking: Asking) -> Iterator[str]:
    packaged = sum(one.kind == "locality" for one in asking.others)
    yield f"same question, rephrased: % with the new answer ({signature('contains')}), before → after;"
    yield f"  asked about {asking.facts} of {asking.count} facts, where they are edited about all"
    left_out = f", without {asking.left_out} about edited subjects" if asking.left_out else ""
    yield f"other facts: packaged questions ({packaged}{left_out}) answered right before:"
    yield f"  % still right ({signature('old_kept')}) [95 % interval over facts]"
    yield "perplexity: of held-out text, before → after"
