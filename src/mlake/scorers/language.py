"""Language confusion: is an answer in the language it was asked in?

``language`` is 1 if it is, 0 if it is in another one, None where that cannot be told, as of most short names;
``mlake.languages.identify`` tells. Marchisio et al. (2024) call the share of such answers the line-level pass
rate. ``other_language`` and ``language_unknown`` are shares of all answers: those in another language, and
those of which that cannot be told.
"""

from mlake.languages.identify import in_language
from mlake.records import Asked

__all__ = ["confusion", "language_unknown", "other_language"]


def confusion(asked: Asked) -> float | None:
    """1 if an answer is in the language of its question, 0 if not, None if that cannot be told.

    Raises:
        UnknownNameError: The question is in a language that mlake does not know.
    """
    right = in_language(asked.answer.text, asked.probe.lang)
    return None if right is None else float(right)


def other_language(asked: Asked) -> float:
    """1 if an answer is in another language than its question, 0 if not or if that cannot be told.

    Raises:
        UnknownNameError: The question is in a language that mlake does not know.
    """
    return float(confusion(asked) == 0)


def language_unknown(asked: Asked) -> float:
    """1 if it cannot be told whether an answer is in the language of its question, else 0.

    Raises:
        UnknownNameError: The question is in a language that mlake does not know.
    """
    return float(confusion(asked) is None)
