"""The one form in which texts and names are compared: rules 1, 4 and 5 of ``mlake.text``."""

import re
import unicodedata
from functools import cache, lru_cache
from typing import TYPE_CHECKING, NamedTuple

from mlake.languages import Language
from mlake.safe import hidden, holds_hidden
from mlake.scripts import CJK, KATAKANA, SCRIPTS

if TYPE_CHECKING:  # read at the first text that needs it: its tables take 60 ms
    from opencc import OpenCC

__all__ = ["Form", "fold", "form", "one_form"]

_FRACTIONS = {char: unicodedata.normalize("NFKC", char) for char in "¼½¾⅐⅑⅒⅓⅔⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞"}
_SAME = str.maketrans(
    dict.fromkeys("’‘‚‛ʼʻʹ′´`＇", "'")
    | dict.fromkeys("“”„‟«»‹›「」『』《》〈〉〝〞〟", '"')
    | dict.fromkeys("‐‑‒–—―−⁃", "-")
    | dict.fromkeys("™®℠\ufe0e\ufe0f", "")  # no part of a name; NFKC would make letters of some
    | {char: f" {parts}" for char, parts in _FRACTIONS.items()}  # 5½ is not 51/2
    | {"⁄": "/", "٬": ",", "٫": "."}
)
_RAISED = re.compile(r"[⁰¹²³⁴⁵⁶⁷⁸⁹]+")
_CIRCLED = re.compile(r"[\u2460-\u249b\u24ea-\u24ff\u2776-\u2793]")
_WIDE_COMMA = re.compile(r"(?<=[0-9])，(?=[0-9])")
_FOREIGN_DIGIT = re.compile(r"(?![0-9０-９])\d")
_RARE = re.compile(f"{_RAISED.pattern}|{_CIRCLED.pattern}|{_WIDE_COMMA.pattern}|{_FOREIGN_DIGIT.pattern}")
_DOTTED = str.maketrans("İı", "ii")

_NUMBERS = re.compile(r"[0-9][.,' ][0-9]")
_DATE = re.compile(r"(?<![\d.,])(\d{1,2}\.\d{1,2}\.(?:\d{4}|\d\d)|\d{4}\.\d{1,2}\.\d{1,2})(?!\d|[.,]\d)")
_LIST = re.compile(
    r"(?<![\d.,])(?!\d{1,3}(?:,\d{3})+(?!\d))(?:\d{4}(?:,\d{4})+|\d+(?:,\d+){2,})(?!\d|[.,]\d)"
)

_MIDDLE = "・·‧•∙⋅⸱ꞏ"
_LETTER = rf"[{CJK}A-Za-zÀ-ɏ]"
_SEPARATOR = re.compile(
    rf"(?<={_LETTER})\.?\s*[{_MIDDLE}]\s*(?={_LETTER})"
    rf"|(?<=[{CJK}])\s*[゠=-]\s*(?=[{CJK}])|(?<=[{CJK}])[゠=.-](?={_LETTER})|(?<=[A-Z])[゠=-](?=[{CJK}])"
    rf"|(?<![A-Za-zÀ-ɏ][A-Z])(?<=[A-Z])\.\s*(?=[{CJK}]|[A-Z](?![A-Za-zÀ-ɏ]))"
    rf"|(?<=[{KATAKANA}]) (?=[{KATAKANA}])"
)
_HAN = frozenset({"Hans", "Hant"})
_IDEOGRAPHS = "\u4e00", "\u9fff"
_NO_LETTERS = re.compile(r"[\W_ー]+")


class Form(NamedTuple):
    """A text as it is compared.

    Attributes:
        plain: Its ``one_form``.
        folded: That without case.
        letters: Letters and digits of that, without long vowel marks: what all spellings of a name share.
    """

    plain: str
    folded: str
    letters: str


@lru_cache(maxsize=64)  # several scorers in a row look at one answer
def form(text: str, lang: Language) -> Form:
    """A text in its form, without case, and bare."""
    plain = one_form(text, lang)
    folded = fold(plain)
    return Form(plain, folded, _NO_LETTERS.sub("", folded))


def one_form(text: str, lang: Language) -> str:
    """The form in which texts are compared, but for case."""
    if not text.isascii():
        if holds_hidden(text):
            text = "".join(char for char in text if char.isspace() or not hidden(char))
        if _RARE.search(text):
            text = _plain_digits(text)
        # Before NFKC, which would split the acute accent used as an apostrophe into space and accent.
        text = unicodedata.normalize("NFKC", text.translate(_SAME)).translate(_SAME)
        text = text.replace("i\u0307", "i")
    else:
        text = text.replace("`", "'")
    for written, read in lang.folds:
        text = text.replace(written, read)
    text = " ".join(text.split())
    if _NUMBERS.search(text):
        text = _plain_numbers(text, lang.thousands)
    return text if lang.spaced else _unspaced(text, lang)


def fold(text: str) -> str:
    """A text without case, letter by letter: ß is ss, ς is σ, İ and ı are i."""
    return text.casefold() if text.isascii() else text.translate(_DOTTED).casefold()


def _plain_digits(text: str) -> str:
    """Digits as they are read: those of other scripts, circled and raised ones; what is between wide ones."""
    text = _RAISED.sub(r"^\g<0>", _CIRCLED.sub(r" \g<0> ", text))
    text = _FOREIGN_DIGIT.sub(lambda digit: str(unicodedata.decimal(digit[0])), text)
    return _WIDE_COMMA.sub(", ", text)


def _plain_numbers(text: str, marks: str) -> str:
    """Dates and lists with spaces between their parts, numbers without marks between thousands."""
    text = _DATE.sub(lambda date: date[0].replace(".", ". "), text)
    text = _LIST.sub(lambda row: row[0].replace(",", ", "), text)
    if not marks:
        return text
    return _grouped(marks).sub(lambda number: number[0].replace(number[1], ""), text)


@cache
def _grouped(marks: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\d)(?<!\d[.,' ])\d{{1,3}}([{marks}])\d{{3}}(?:\1\d{{3}})*(?!\d)(?!\1\d)")


def _unspaced(text: str, lang: Language) -> str:
    if " " in text:
        text = _letter_by_letter(SCRIPTS[lang.script].free).sub(lambda run: run[0].replace(" ", ""), text)
    if lang.script in _HAN and any(
        _IDEOGRAPHS[0] <= char <= _IDEOGRAPHS[1] for char in set(text) - _simple()
    ):
        text = _simplifier().convert(text)
    return _SEPARATOR.sub("・", text)


@cache
def _simple() -> frozenset[str]:
    """The characters of GB 2312: a text of no others is in simplified characters."""
    rows = range(0xA1, 0xFF)
    return frozenset(bytes((row, cell)).decode("gb2312", "ignore") for row in rows for cell in rows)


@cache
def _simplifier() -> "OpenCC":
    from opencc import OpenCC

    return OpenCC("tw2sp")  # also words that Taiwan writes otherwise: 義大利 is 意大利


@cache
def _letter_by_letter(free: str) -> re.Pattern[str]:
    """Letters each with a space around it, as some tokenizers decode them."""
    one = f"[{CJK}{free}]"
    return re.compile(f"(?<!{one}){one}(?: {one}(?!{one}))+")
