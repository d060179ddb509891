"""Language confusion: is an answer in the language it was asked in?

``language`` is 1 if it is, 0 if it is in another one, None where that cannot be told, as of most short names.
Marchisio et al. (2024) call the share of such answers the line-level pass rate; they tell languages with
fastText, here it is the table of ``mlake.languages``. Evidence is counted for every language in it:

- function words (``words``), each counted once; ``particles`` and ``elisions`` count as one together and
  tell nothing alone, for they stand in foreign names: "Ursula von der Leyen", "Rio de la Plata";
- kana, which only Japanese is written in;
- ideographs that no national character set of other languages holds (``charsets``): 东 is no Japanese
  character, 駅 no Chinese one, 東 is one of both. Either way of writing Chinese is Chinese.

The language with the most evidence is told, if it has at least twice as much as any other and, of a spaced
language, two words. If none is told, the script still speaks: an answer without a letter that the language
is written in is not in it. Only Latin names are let pass for Japanese and Chinese ("BBC"), up to three
different words.
"""

import re
import unicodedata
from functools import lru_cache

from mlake.languages import LANGUAGES, Language, language
from mlake.records import Asked

__all__ = ["confusion", "in_language", "told"]

_WORD = re.compile(r"[^\W\d_]+'?")
_APOSTROPHE = str.maketrans(dict.fromkeys("’‘ʼ′´`", "'"))
_KANA = frozenset({"HIRAGANA", "KATAKANA"})
_CJK = frozenset({"CJK", *_KANA})
_LETTERS = {  # first word of a letter's Unicode name, by ISO 15924 code
    "Latn": frozenset({"LATIN"}),
    "Jpan": _CJK,
    "Hans": frozenset({"CJK"}),
}
_WORDS = 2  # pieces of evidence that name a spaced language
_LEAD = 2  # times the evidence of any other language
_NAME = 3  # different words of a name in Latin letters that may stand in Japanese or Chinese


def confusion(asked: Asked) -> float | None:
    """1 if an answer is in the language of its question, 0 if not, None if that cannot be told.

    Raises:
        UnknownNameError: The question is in a language that mlake does not know.
    """
    right = in_language(asked.answer.text, asked.probe.lang)
    return None if right is None else float(right)


@lru_cache(maxsize=65536)
def in_language(text: str, lang: str) -> bool | None:
    """Whether a text is in a language; None if that cannot be told.

    Raises:
        UnknownNameError: The language is not known.
    """
    row, plain = language(lang), _plain(text)
    found = told(text) if row.words or row.charsets else None
    if found is not None:
        return found == lang
    kinds = {_kind(char) for char in plain if char.isalpha()}
    own = _LETTERS.get(row.script)
    if own is None or not kinds or kinds & own:
        return None
    name = not row.spaced and kinds == {"LATIN"} and len(set(_WORD.findall(plain))) <= _NAME
    return None if name else False


def told(text: str) -> str | None:
    """Code of the language that a text is in, of those in ``LANGUAGES``; None if that cannot be told."""
    evidence = _evidence(_plain(text))
    best = max(evidence, key=evidence.__getitem__)
    others = max(count for lang, count in evidence.items() if lang != best)
    return best if evidence[best] and evidence[best] >= _LEAD * others else None


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text.translate(_APOSTROPHE)).lower()


def _evidence(plain: str) -> dict[str, int]:
    """Pieces of evidence for each language in the table."""
    words = frozenset(_WORD.findall(plain))
    letters = frozenset(char for char in plain if _kind(char) in _CJK)
    wrong = {code: _wrong(row, letters) for code, row in LANGUAGES.items() if row.charsets}
    most = max(wrong.values(), default=0)
    right = {code: most - count for code, count in wrong.items()}
    return {
        code: _spelt(row, words) if row.spaced else _written(row, letters, right.get(code, 0))
        for code, row in LANGUAGES.items()
    }


def _spelt(row: Language, words: frozenset[str]) -> int:
    """Function words of a spaced language; those that stand in names count as one, and not alone."""
    bare = words | {word.rstrip("'") for word in words}
    sure = len(bare.intersection(row.words))
    doubtful = bare.intersection(row.particles) or words.intersection(f"{word}'" for word in row.elisions)
    found = sure + bool(doubtful)
    return found if sure and found >= _WORDS else 0


def _written(row: Language, letters: frozenset[str], right: int) -> int:
    """Letters that another language is not written in; function words help."""
    words = len(letters.intersection(row.words))
    return right + words if right or words >= _WORDS else 0


def _wrong(row: Language, letters: frozenset[str]) -> int:
    """Letters that a language is not written in."""
    kana = frozenset() if row.script == "Jpan" else frozenset(filter(_is_kana, letters))
    ideographs = (char for char in letters if not _is_kana(char))
    return len(kana) + sum(not any(_holds(one, char) for one in row.charsets) for char in ideographs)


def _is_kana(char: str) -> bool:
    return _kind(char) in _KANA


@lru_cache(maxsize=65536)
def _holds(charset: str, char: str) -> bool:
    try:
        char.encode(charset)
    except UnicodeEncodeError:
        return False
    return True


@lru_cache(maxsize=65536)
def _kind(char: str) -> str:
    """First word of a character's Unicode name, such as ``LATIN``."""
    return unicodedata.name(char, "?").split()[0].split("-")[0]
