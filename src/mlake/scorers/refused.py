"""What becomes of an answer that a scorer refuses: no value, and one line that says why."""

import logging
from collections.abc import Callable, Iterable
from functools import lru_cache

from mlake.errors import LanguageError
from mlake.records import Asked
from mlake.text import check_tested

__all__ = ["unscored", "value_of"]

_LOG = logging.getLogger(__name__)


def value_of(scorer: str, score: Callable[[Asked], float | None], asked: Asked) -> float | None:
    """What a scorer says of an answer; None, and a warning once, where its language is refused.

    Args:
        scorer: Name of the scorer, for the warning.
        score: The scorer.
        asked: The answer.

    Raises:
        UnknownNameError: The question is in a language that mlake does not know.
    """
    try:
        return score(asked)
    except LanguageError as error:
        _warn(scorer, str(error))
        return None


def unscored(langs: Iterable[str]) -> tuple[str, ...]:
    """A line for each language in which the scorers that look for names have no value, and why.

    Raises:
        UnknownNameError: mlake does not know a language.
    """
    found = []
    for lang in langs:
        try:
            check_tested(lang)
        except LanguageError as error:
            found.append(f"contains, exact, old and old_kept have no value in {lang}: {error}")
    return tuple(found)


@lru_cache(maxsize=1024)
def _warn(scorer: str, why: str) -> None:
    _LOG.warning("%s says nothing: %s", scorer, why)
