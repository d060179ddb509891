"""SCORERS: a scorer is a row."""

from collections.abc import Iterable

from mlake.errors import UnknownNameError
from mlake.records import Asked
from mlake.scorers.drift import unchanged
from mlake.scorers.names import contains, exact, old, old_paper, paper
from mlake.scorers.refused import value_of
from mlake.scorers.row import ScoredRow, Scorer

__all__ = ["SCORERS", "score_all", "signature"]

SCORERS: dict[str, Scorer] = {
    "contains": Scorer(2, contains),
    "paper": Scorer(1, paper),
    "exact": Scorer(2, exact),
    "old": Scorer(2, old),
    "old_paper": Scorer(1, old_paper),
    "unchanged": Scorer(1, unchanged),
}


def signature(scorer: str) -> str:
    """Name and version, such as ``contains|v1``: what a published number should state.

    Raises:
        UnknownNameError: No scorer has this name.
    """
    if scorer not in SCORERS:
        raise UnknownNameError("scorer", scorer, SCORERS)
    return f"{scorer}|v{SCORERS[scorer].version}"


def score_all(asked: Iterable[Asked]) -> list[ScoredRow]:
    """Every scorer's value for every answer, answers in the order given, scorers in the order of ``SCORERS``.

    Raises:
        UnknownNameError: A question is in a language that mlake does not know.
    """
    return [
        ScoredRow(
            edit_lang=one.edit_lang,
            batch=one.batch,
            kind=one.kind,
            probe=one.probe.id,
            fact=one.probe.fact,
            test_lang=one.probe.lang,
            scorer=name,
            value=value_of(name, scorer.score, one),
        )
        for one in asked
        for name, scorer in SCORERS.items()
    ]
