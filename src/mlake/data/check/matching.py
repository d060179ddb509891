"""``mlake.text`` for many texts and names: the same answers, without building a pattern that cannot match."""

import re
import unicodedata
from functools import lru_cache

from mlake.languages import language
from mlake.text import Span, find_names, normalise, spelling, start_of

__all__ = ["find", "has", "has_alias", "inside", "key", "places"]

_FREE = 3  # letters and digits of a name that is looked for without regard to case
_JOINED = "+#"  # what makes another name of the one before it
_NOTHING = "\0"  # stands for a main name that is not in the text


@lru_cache(maxsize=1 << 17)
def key(text: str, lang: str) -> str:
    """What two spellings of a name have in common."""
    return normalise(text, lang)


@lru_cache(maxsize=1 << 17)
def _solid(text: str, lang: str) -> str:
    return spelling(text, lang)


@lru_cache(maxsize=1 << 17)
def _start(name: str, lang: str) -> str:
    return start_of(name, lang)


def find(text: str, names: tuple[str, ...], lang: str) -> list[Span]:
    """``find_names``: every place where one of the names stands; the main name comes first."""
    inside = _solid(text, lang)
    near = [name for name in names if _start(name, lang) in inside]
    if not near:
        return []
    return find_names(text, near if near[0] == names[0] else (_NOTHING, *near), lang)


def has(text: str, names: tuple[str, ...], lang: str) -> bool:
    """Whether one of the names stands in the text."""
    return any(_stands_free(name, text, lang) for name in names) or bool(find(text, names, lang))


def has_alias(text: str, aliases: tuple[str, ...], lang: str) -> bool:
    """Whether one of the names stands in the text, none of them as a main name."""
    return has(text, ("", *aliases), lang)


def _stands_free(name: str, text: str, lang: str) -> bool:
    """Whether a name that is not short, nor a number, stands in a text and touches no letter: a match."""
    if sum(map(str.isalnum, name)) < _FREE or name[0].isdigit() or name[-1].isdigit() or language(lang).cased:
        return False
    whole = f" {key(text, lang)} "
    spans = ((start, end + 2) for start, end in places(name, text, lang))
    return any(
        not (_of_word(whole[start]) or _of_word(whole[end - 1]) or whole[end - 1] in _JOINED)
        for start, end in spans
    )


def _of_word(char: str) -> bool:
    return char.isalnum() or unicodedata.category(char).startswith("M")


def places(name: str, text: str, lang: str) -> list[tuple[int, int]]:
    """Where a name stands in the text's ``key`` as it is: a cheap rule for subjects."""
    form, whole = key(name, lang), key(text, lang)
    return [match.span() for match in re.finditer(re.escape(form), whole)] if form and form in whole else []


def inside(span: Span, places: list[tuple[int, int]]) -> bool:
    """Whether a place lies within one of several."""
    return any(start <= span.start and span.end <= end for start, end in places)
