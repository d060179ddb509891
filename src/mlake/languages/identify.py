"""Which language and script a text is in, as far as that can be told without a model.

Marchisio et al. (2024) tell languages with fastText; here it is the table of ``mlake.languages``. Evidence is
counted for every language in it:

- function words (``words``), each counted once; ``particles`` and ``elisions`` count as one together and
  tell nothing alone, for they stand in foreign names: "Ursula von der Leyen", "Rio de la Plata";
- kana, which only Japanese is written in, and Hangul and Thai letters (``alone``), if most are such;
- ideographs that no national character set of other languages holds (``charsets``): 东 is no Japanese
  character, 駅 no Chinese one, 東 is one of both. Either way of writing Chinese is Chinese.

The language with the most evidence is told, if it has at least twice as much as any other and, of a spaced
language, two words. Another language of which the text has only words that both have, but for those that
stand in names, does not count; if neither has more than that, the text may be in either. If none is told, the
script still speaks: an answer without a letter that the language is written in is not in it. Only Latin names
are let pass in languages of other scripts ("BBC"), up to three different words.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from mlake.languages import LANGUAGES, Language, language
from mlake.scripts import HAN_AND_KANA, MARKS, SCRIPTS, first_word

__all__ = ["in_language", "in_other_language", "share", "told"]

_WORD = re.compile(rf"(?:[^\W\d_]|[{MARKS}])+'?")
_APOSTROPHE = str.maketrans(dict.fromkeys("’‘ʼ′´`", "'"))
_LATIN = "LATIN"
_WORDS = 2  # pieces of evidence that name a spaced language
_LEAD = 2  # times the evidence of any other language
_NAME = 3  # different words of a name in Latin letters that may stand in a language of another script
_ENOUGH = 3  # different function words that name the language of a sentence
_MOST = 0.5  # share of letters below which a text is in another script


class _Evidence(NamedTuple):
    """What speaks for a language.

    Attributes:
        much: How much, 0 if it is too little.
        words: Its function words, where they are the evidence.
        doubtful: Those that stand in names too.
    """

    much: int
    words: frozenset[str] = frozenset()
    doubtful: frozenset[str] = frozenset()

    def beside(self, other: frozenset[str]) -> int:
        """How much it is beside another language: nothing if that one has all the words that are sure."""
        return 0 if self.words and self.words <= other else self.much


@lru_cache(maxsize=65536)
def in_language(text: str, lang: str) -> bool | None:
    """Whether a text is in a language; None if that cannot be told.

    Raises:
        UnknownNameError: The language is not known.
    """
    row, plain = language(lang), _plain(text)
    found = _likely(text) if row.words or row.charsets or row.alone else []
    if found:
        return lang in found
    kinds, own = _letters(plain).keys(), SCRIPTS[row.script].letters
    if not kinds or kinds & own:
        return None
    name = _LATIN not in own and kinds == {_LATIN} and len(set(_WORD.findall(plain))) <= _NAME
    return None if name else False


def told(text: str) -> str | None:
    """Code of the language that a text is in, of those in ``LANGUAGES``; None if that cannot be told."""
    found = _likely(text)
    return found[0] if len(found) == 1 else None


def _likely(text: str) -> list[str]:
    """The languages with the most evidence: several where all of it is words that they share."""
    found = {lang: one for lang, one in _evidence(_plain(text)).items() if one.much}
    leading = [lang for lang in found if all(_leads(lang, other, found) for other in found)]
    most = max((found[lang].much for lang in leading), default=0)
    return [lang for lang in leading if found[lang].much == most]


def share(text: str, lang: str, *, latin: bool = False) -> float:
    """Share of the letters that are in the script of the language, or in Latin too; 1 without any letter."""
    own, letters = SCRIPTS[language(lang).script].letters, _letters(text)
    if not letters:
        return 1.0
    if latin:
        own = own | {_LATIN}
    return sum(count for kind, count in letters.items() if kind in own) / letters.total()


def in_other_language(text: str, lang: str) -> str:
    """Why a whole sentence cannot be in its language; empty where it may be.

    Names may be foreign, so a language without word spaces must lack its script altogether, and one with
    them must lack any function word that is not also the other's, where another language has several, of
    which one at least stands in no name (``Ludwig van Beethoven was born in Bonn`` is not Dutch).
    """
    row, letters = language(lang), _letters(text)
    if not letters:
        return ""
    return _other_script(row, letters, share(text, lang)) or _other_words(row, text)


def _other_script(row: Language, letters: Counter[str], rate: float) -> str:
    if row.spaced and rate < _MOST:
        return f"{1 - rate:.0%} of the letters are in another script"
    if not row.spaced and rate == 0:
        return "no letter is in a script of the language"
    own = SCRIPTS[row.script]
    if own.marker and not letters[own.marker]:
        return f"there is no {own.marker.lower()}"
    others = {one.marker for one in SCRIPTS.values() if one.marker} - own.letters
    foreign = [] if row.spaced else [marker.lower() for marker in others if letters[marker] > 1]
    return f"there is {foreign[0]}" if foreign else ""


def _other_words(row: Language, text: str) -> str:
    own, words = _function_words(row), frozenset(_WORD.findall(text.casefold()))
    for other in LANGUAGES.values() if row.spaced and own else ():
        theirs = _function_words(other) if other.spaced else frozenset()
        found = words & theirs
        telling = found - own - frozenset(other.particles)
        if len(found) >= _ENOUGH and telling and not words & own - theirs:
            listed = ", ".join(sorted(found))
            return f"it has {listed}, as in {other.code}, and no such word of its own"
    return ""


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text.translate(_APOSTROPHE)).lower()


def _letters(text: str) -> Counter[str]:
    """How many letters of each kind a text has, by the first words of their Unicode names."""
    return Counter(first_word(char) for char in text if char.isalpha())


def _evidence(plain: str) -> dict[str, _Evidence]:
    """Pieces of evidence for each language in the table."""
    words = frozenset(_WORD.findall(plain))
    letters = frozenset(char for char in plain if first_word(char) in HAN_AND_KANA)
    wrong = {code: _wrong(row, letters) for code, row in LANGUAGES.items() if row.charsets}
    most = max(wrong.values(), default=0)
    right = {code: most - count for code, count in wrong.items()}
    return {
        code: _alone(row, plain) if row.alone else _spelt(row, words) if row.spaced
        else _written(row, letters, right.get(code, 0))
        for code, row in LANGUAGES.items()
    }  # fmt: skip


def _leads(lang: str, other: str, found: Mapping[str, _Evidence]) -> bool:
    """Whether a language has enough more evidence than another."""
    return lang == other or found[lang].much >= _LEAD * found[other].beside(_function_words(LANGUAGES[lang]))


def _alone(row: Language, plain: str) -> _Evidence:
    """The letters of a script that a language has for itself, where most are in it."""
    letters = _letters(plain)
    own = sum(letters[kind] for kind in SCRIPTS[row.script].letters - HAN_AND_KANA)
    return _Evidence(own if own > _MOST * letters.total() else 0)


def _spelt(row: Language, words: frozenset[str]) -> _Evidence:
    """Function words of a spaced language; those that stand in names count as one, and not alone."""
    bare = words | {word.rstrip("'") for word in words}
    sure = bare.intersection(row.words)
    doubtful = bare.intersection(row.particles) | words.intersection(f"{word}'" for word in row.elisions)
    count = len(sure) + bool(doubtful)
    return _Evidence(count, sure, doubtful) if sure and count >= _WORDS else _Evidence(0)


def _written(row: Language, letters: frozenset[str], right: int) -> _Evidence:
    """Letters that another language is not written in; function words help."""
    words = len(letters.intersection(row.words))
    return _Evidence(right + words if right or words >= _WORDS else 0)


def _wrong(row: Language, letters: frozenset[str]) -> int:
    """Letters that a language is not written in: of another script, or ideographs in none of its sets."""
    own = SCRIPTS[row.script].letters
    return sum(
        first_word(char) not in own
        or (first_word(char) == "CJK" and not any(_holds(one, char) for one in row.charsets))
        for char in letters
    )


@lru_cache(maxsize=65536)
def _holds(charset: str, char: str) -> bool:
    try:
        char.encode(charset)
    except UnicodeEncodeError:
        return False
    return True


@lru_cache(maxsize=64)
def _function_words(row: Language) -> frozenset[str]:
    return frozenset((*row.words, *row.particles, *(f"{word}'" for word in row.elisions)))
