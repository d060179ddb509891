"""Refusal: does an answer say that it cannot or will not answer?

``refused`` is 1 if the answer opens with a refusal ("I don't know", "As an AI …", "The answer is not known"),
0 if not, None where the language asked in has no ``refusals``. An answer may refuse in another language than
it was asked in, so the refusals of all languages are looked for. Only the first sentence counts: what follows
an answer ("Paris. I do not know more.") takes nothing back.
"""

import re
import unicodedata
from functools import lru_cache

from mlake.languages import LANGUAGES, Language, language
from mlake.records import Asked

__all__ = ["refused"]

_APOSTROPHES = str.maketrans(dict.fromkeys("’‘ʼ′´`", "'"))
_END = re.compile(r"(?<=\w\w)[.!?]+(?=\s)|[.!?]+$|[。！？!?\n]+")  # no end is the point of an initial


def refused(asked: Asked) -> float | None:
    """1 if the answer opens with a refusal, 0 if not, None if its language has no refusals to look for.

    Raises:
        UnknownNameError: The question is in a language that mlake does not know.
    """
    return float(_refuses(asked.answer.text)) if language(asked.probe.lang).refusals else None


@lru_cache(maxsize=65536)
def _refuses(text: str) -> bool:
    return _pattern(tuple(LANGUAGES.values())).search(_opening(text)) is not None


@lru_cache(maxsize=8)  # tests and users add languages
def _pattern(rows: tuple[Language, ...]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{one})" for row in rows for one in row.refusals) or r"(?!)")


def _opening(text: str) -> str:
    """The first sentence, in the form in which the patterns are written."""
    plain = unicodedata.normalize("NFKC", text.translate(_APOSTROPHES)).casefold().strip()
    return _END.split(plain, maxsplit=1)[0]
