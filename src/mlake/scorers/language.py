"""Language confusion: is an answer in the language it was asked in?

``language`` is 1 if it is, 0 if it is in another one, None where that cannot be told, as of most short names;
``mlake.languages.identify`` tells. Marchisio et al. (2024) call the share of such answers the line-level pass
rate.
"""

from collections.abc import Iterable

from mlake.languages.identify import in_language
from mlake.records import Asked
from mlake.scorers.row import ScoredRow, scored

__all__ = ["confusion_rows"]


def confusion_rows(asked: Iterable[Asked]) -> list[ScoredRow]:
    """``language`` of every answer but those to multiple choice, in the order given.

    Raises:
        UnknownNameError: A question is in a language that mlake does not know.
    """
    rows = []
    for one in asked:
        if one.kind != "choice":
            right = in_language(one.answer.text, one.probe.lang)
            rows.append(scored(one, "language", None if right is None else float(right)))
    return rows
