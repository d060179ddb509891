"""Language confusion: is an answer in the language it was asked in?

``language`` is 1 if it is, 0 if it is in another one, None where that cannot be told, as of most short names;
``mlake.languages.identify`` tells. Marchisio et al. (2024) call the share of such answers the line-level pass
rate.
"""

from mlake.languages.identify import in_language
from mlake.records import Asked

__all__ = ["confusion"]


def confusion(asked: Asked) -> float | None:
    """1 if an answer is in the language of its question, 0 if not, None if that cannot be told.

    Raises:
        UnknownNameError: The question is in a language that mlake does not know.
    """
    right = in_language(asked.answer.text, asked.probe.lang)
    return None if right is None else float(right)
