"""Splits a text into tokens that keep their place in it: what subject recovery compares texts by."""

import re
import unicodedata
from functools import cache
from typing import NamedTuple

from mlake.languages import Language
from mlake.scripts import KATAKANA

__all__ = ["Token", "bare", "shape", "tokenise"]

_APOSTROPHES = str.maketrans("’‘ʼ＇`´", "''''''")
_QUOTES = str.maketrans({mark: '"' for mark in "“”„«»‹›「」『』《》〈〉＂"})
_LATIN = "A-Za-z0-9À-ɏ"
_ROMAN_DOT = r"[IVX]+\.(?=[\s,;])"
_INITIALS = r"(?:[A-Z]\.(?:-(?=[A-Z]\.))?)+"


class Token(NamedTuple):
    """One token: ``text`` to compare it by (folded), and where it stands: ``source[start:end]``."""

    text: str
    start: int
    end: int


@cache
def _pattern(lang: Language) -> re.Pattern[str]:
    if not lang.spaced:
        run = f"(?:[{KATAKANA}]+|[{_LATIN}]+(?:[-.'’][{_LATIN}]+)*)"
        joined = f"{run}(?:[・＝]{run})*" if lang.script == "Jpan" else run
        return re.compile(rf"{joined}|\S")
    elision = ""
    if lang.elisions:
        words = "|".join(lang.elisions)
        elision = rf"\b(?:{words})['’](?=\w)|\b(?:{words.title()})['’](?=[a-zà-ÿœ])|"
    word = r"\d+(?:\.\w+)+|\w+(?:[-'’‑](?!s\b)\w+)*"
    return re.compile(rf"{elision}{_ROMAN_DOT}|{_INITIALS}|['’]s\b|{word}|\S")


def _fold(text: str) -> str:
    text = unicodedata.normalize("NFC", text).translate(_APOSTROPHES).translate(_QUOTES)
    if re.fullmatch(r"[IVX]+\.", text):
        text = text[:-1]
    return text.casefold()


def tokenise(text: str, lang: Language) -> list[Token]:
    """Words of a spaced script; single characters, katakana runs and Latin runs of an unspaced one.

    Invisible format characters are skipped, so a token never starts or ends with one.
    """
    return [
        Token(_fold(match.group()), match.start(), match.end())
        for match in _pattern(lang).finditer(text)
        if unicodedata.category(match.group()[0]) != "Cf"
    ]


def bare(text: str) -> str:
    """A folded token without accents, to compare names over languages that share a script."""
    return "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))


def shape(source: str, token: Token) -> str:
    """What a token looks like as it stands in its text: a coarse class, the same in every language."""
    first = source[token.start]
    if not first.isalnum() and first not in "々〆ヶ":
        return "mark"
    if any(c.isdigit() for c in source[token.start : token.end]):
        return "digit"
    name = unicodedata.name(first, "")
    for script in ("KATAKANA", "HIRAGANA", "CJK"):
        if name.startswith(script):
            return script
    return "upper" if any(c.isupper() for c in source[token.start : token.end]) else "lower"
