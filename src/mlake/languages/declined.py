"""The forms of a declined word, by ``Language.declensions``: Praha, Prahy, v Praze.

A table of endings, no dictionary: what it has too many of are forms that hardly any text holds, and it misses
stems that change within (Лев, Львом).
"""

from functools import lru_cache

from mlake.languages.row import Language

__all__ = ["declined"]


@lru_cache(maxsize=16384)
def declined(word: str, lang: Language) -> tuple[str, tuple[str, ...]]:
    """What all forms of a word begin with, and what may follow it, the longest first.

    Args:
        word: A word in small letters, as ``mlake.text.normalise`` gives it.
        lang: Its language, one with ``declensions``.
    """
    fit = [(end, forms.split()) for end, forms in lang.declensions if word.endswith(end)]
    if not fit:
        return word, _longest_first(("", *lang.endings))
    cut = max(len(end) for end, _ in fit)
    stem, rest = word[:-cut], word[-cut:]
    every = [rest, *(rest[: cut - len(end)] + form for end, forms in fit for form in forms)]
    return stem, _longest_first(every)


def _longest_first(ends: list[str] | tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(dict.fromkeys(ends), key=len, reverse=True))
