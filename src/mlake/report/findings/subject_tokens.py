"""Tokens of every subject as tables and figures want them."""

from collections.abc import Mapping, Sequence

from mlake.analysis.subject_tokens import ALONE
from mlake.report.statistics.intervals import Estimate, clustered_mean
from mlake.scorers.row import ScoredRow

__all__ = ["Counted", "of_facts", "summed"]

Counted = Sequence[ScoredRow]
"""What ``mlake.analysis.subject_tokens.tokens_per_subject`` gives for a tokenizer."""


def of_facts(counted: Counted) -> dict[tuple[str, str], int]:
    """Fact and language to the tokens of the subject, encoded alone."""
    return {
        (row.fact, row.test_lang): int(row.value)
        for row in counted
        if row.scorer == ALONE and row.fact is not None and row.value is not None
    }


def summed(counted: Counted) -> Mapping[str, Estimate]:
    """Language to the mean number of tokens, with its interval over facts."""
    by_lang: dict[str, dict[str, int]] = {}
    for (fact, lang), tokens in of_facts(counted).items():
        by_lang.setdefault(lang, {})[fact] = tokens
    return {lang: clustered_mean(list(one.values()), list(one), None) for lang, one in by_lang.items()}
