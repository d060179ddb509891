"""What mlake knows about scripts: one row each. How names are bounded is theirs, not their languages'.

Names are found by the rules of ``mlake.text``, which read these rows:

- **Letters with spaces** (Latin, Cyrillic, Greek …): a name must not touch another letter.
- **Han and kana**: words are not set apart, so a name touches what it likes. The same holds for these
  letters within a text in any other script.
- **Thai**: no spaces either, but a name must not cut a syllable: the vowels written before a consonant
  and the signs that follow one belong to it (ลาว is not in ลาวา).
- **Hangul**: spaces stand between phrases, and particles are attached to names: 파리 is in 파리에서는 and
  파리입니다, not in 파리채; 미국 not in 미국인. Two syllables are no short name.
- **Arabic**: and, so, in, like, to and the article are written onto the word after them: باريس is in وباريس
  and لباريس, القاهرة in للقاهرة.
- **Devanagari**: a name must not touch a vowel sign either: चीन is not in चीनी. Two
  letters are no short name.

A row is ``tested`` once ``tests/test_scripts.py`` holds cases for it. Until then scorers that look for names
refuse languages of that script, for a name that is there and not found would count as a wrong answer.
"""

import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from mlake.errors import UnknownNameError

__all__ = ["CJK", "HAN_AND_KANA", "KATAKANA", "MARKS", "SCRIPTS", "Script", "first_word", "script"]

KATAKANA = r"\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff"
"""Class of katakana, as a pattern; as escapes since some look alike."""

CJK = (
    rf"\u3005-\u3007\u3021-\u3029\u3031-\u3035\u3041-\u309f{KATAKANA}\u3105-\u312f\u31a0-\u31bf"
    r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
)
"""Class of kana, bopomofo and ideographs: letters that stand without spaces wherever they are."""


def _marks() -> str:
    found = {at for at in range(0x300, 0x10000) if unicodedata.category(chr(at)).startswith("M")}
    starts, ends = (sorted(at for at in found if at + step not in found) for step in (-1, 1))
    return "".join(f"\\u{start:04x}-\\u{end:04x}" for start, end in zip(starts, ends, strict=True))


MARKS = _marks()
"""Class of vowel signs, accents and other marks, which Python takes for no part of a word.

Only those of the first plane: the others are of scripts without a row.
"""

HAN_AND_KANA = frozenset({"CJK", "HIRAGANA", "KATAKANA"})
"""First words of the Unicode names of ideographs and kana."""

_PARTICLES = (
    "은", "는", "이", "가", "을", "를", "의", "에", "에서", "에게", "에게서", "한테", "께서", "로", "으로",
    "와", "과", "랑", "이랑", "도", "만", "뿐", "까지", "부터", "보다", "처럼", "같은", "마다", "조차",
    "마저", "밖에", "이나", "에는", "에도", "에만", "에서는", "에서도", "에서만", "에서의", "에게는",
    "에게도", "으로는", "으로도", "으로서", "으로부터", "로는", "로도", "로서", "로부터", "와는", "와도",
    "와의", "과는", "과도", "과의", "만이", "만은", "만을", "까지는", "까지도", "부터는", "보다는",
    "보다도", "입니다", "이다", "다", "이에요", "예요", "이며", "며", "이고", "이지만", "지만", "이라고",
    "라고", "이라는", "라는", "이라서", "라서", "이라면", "라면", "이었다", "였다", "이었고", "였고",
    "이었던", "였던", "이었습니다", "였습니다", "이었으며", "였으며", "이죠", "죠", "이지요", "지요",
    "이네요", "네요", "인데", "인데요", "이란", "이자",
)  # fmt: skip

_PROCLITICS = tuple(
    conjunction + attached
    for conjunction in ("", "و", "ف")
    for attached in ("", "ال", "ب", "بال", "ك", "كال", "ل", "لل")
    if conjunction + attached
)


@dataclass(frozen=True, slots=True)
class Script:
    """One script.

    Attributes:
        name: English name.
        letters: First words of the Unicode names of its letters. Scripts that share one share characters.
        spaced: Whether spaces separate words. Decides also whether an answer follows its prompt after one.
        free: Class of its letters that a name may touch, beside ``CJK``, which it always may.
        dense: Class of its letters of which two are no short name, beside ``CJK``.
        before: Class of letters and signs that make a syllable with what follows them.
        after: Class of letters and signs that make a syllable with what is before them.
        particles: What may be attached to a name.
        proclitics: What may be written onto a name before it.
        article: An article whose first letter falls away after a proclitic.
        asks: Marks of a question; empty where questions need none.
        marker: First word of the Unicode names of letters that no sentence does without.
        fonts: Font families that have its letters, best first, beside what matplotlib brings along.
        tested: Whether ``tests/test_scripts.py`` holds cases for how its names are found.
    """

    name: str
    letters: frozenset[str]
    spaced: bool = True
    free: str = ""
    dense: str = ""
    before: str = ""
    after: str = ""
    particles: tuple[str, ...] = ()
    proclitics: tuple[str, ...] = ()
    article: str = ""
    asks: str = "?？"
    marker: str = ""
    fonts: tuple[str, ...] = ()
    tested: bool = False


def _spaced(name: str, *, asks: str = "?？", tested: bool = False) -> Script:
    return Script(name, frozenset({name.upper()}), asks=asks, tested=tested)


SCRIPTS: dict[str, Script] = {
    "Latn": _spaced("Latin", tested=True),
    "Jpan": Script(
        "Japanese",
        HAN_AND_KANA | {"IDEOGRAPHIC"},
        spaced=False,
        marker="HIRAGANA",
        fonts=(
            "Noto Sans CJK JP", "Noto Sans JP", "Source Han Sans", "Source Han Sans JP", "Source Han Sans J",
            "IPAexGothic", "IPAGothic", "TakaoGothic", "VL Gothic", "Hiragino Sans",
            "Hiragino Kaku Gothic Pro", "Yu Gothic", "Meiryo", "MS Gothic",
        ),
        tested=True,
    ),
    "Hans": Script(
        "Simplified Han",
        frozenset({"CJK", "IDEOGRAPHIC"}),
        spaced=False,
        fonts=(
            "Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "Source Han Sans CN",
            "WenQuanYi Zen Hei", "WenQuanYi Micro Hei", "Droid Sans Fallback", "PingFang SC",
            "Hiragino Sans GB", "Heiti SC", "Microsoft YaHei", "SimHei", "Arial Unicode MS",
        ),
        tested=True,
    ),
    "Hant": Script(
        "Traditional Han",
        frozenset({"CJK", "IDEOGRAPHIC"}),
        spaced=False,
        fonts=("Noto Sans CJK TC", "Noto Sans TC", "Source Han Sans TC", "PingFang TC", "Microsoft JhengHei"),
        tested=True,
    ),
    "Kore": Script(
        "Korean",
        frozenset({"HANGUL", "CJK", "IDEOGRAPHIC"}),
        dense="\uac00-\ud7a3",
        particles=_PARTICLES,
        fonts=("Noto Sans CJK KR", "Noto Sans KR", "NanumGothic", "Apple SD Gothic Neo", "Malgun Gothic"),
        tested=True,
    ),
    "Thai": Script(
        "Thai",
        frozenset({"THAI"}),
        spaced=False,
        free="\u0e01-\u0e4e",
        before="\u0e40-\u0e44",
        after="\u0e30-\u0e3a\u0e45\u0e47-\u0e4e",
        asks="",
        fonts=("Noto Sans Thai", "Garuda", "Loma", "Thonburi", "Leelawadee UI", "Tahoma"),
        tested=True,
    ),
    "Cyrl": _spaced("Cyrillic", tested=True),
    "Grek": _spaced("Greek", asks="?;\u037e", tested=True),
    "Arab": Script(
        "Arabic",
        frozenset({"ARABIC"}),
        proclitics=_PROCLITICS,
        article="ال",
        asks="?؟",
        fonts=("Noto Sans Arabic", "Noto Naskh Arabic", "Geeza Pro", "Tahoma"),
        tested=True,
    ),
    "Armn": _spaced("Armenian"),
    "Beng": _spaced("Bengali"),
    "Deva": Script(
        "Devanagari",
        frozenset({"DEVANAGARI"}),
        dense="\u0904-\u0939",
        fonts=("Noto Sans Devanagari", "Lohit Devanagari", "Kohinoor Devanagari", "Mangal"),
        tested=True,
    ),
    "Geor": _spaced("Georgian"),
    "Hebr": _spaced("Hebrew"),
    "Taml": _spaced("Tamil"),
    "Gujr": _spaced("Gujarati"),
    "Guru": _spaced("Gurmukhi"),
    "Knda": _spaced("Kannada"),
    "Mlym": _spaced("Malayalam"),
    "Orya": _spaced("Oriya"),
    "Sinh": _spaced("Sinhala"),
    "Telu": _spaced("Telugu"),
    "Khmr": Script("Khmer", frozenset({"KHMER"}), spaced=False, free="\u1780-\u17d3"),
    "Laoo": Script("Lao", frozenset({"LAO"}), spaced=False, free="\u0e81-\u0ecd"),
    "Mymr": Script("Burmese", frozenset({"MYANMAR"}), spaced=False, free="\u1000-\u103f"),
}  # fmt: skip
"""ISO 15924 code to row. Hebrew prefixes, and vowel signs of most Indic scripts, have no rule yet."""


def script(code: str) -> Script:
    """The script with this code.

    Raises:
        UnknownNameError: No row has this code.
    """
    try:
        return SCRIPTS[code]
    except KeyError:
        raise UnknownNameError("script", code, SCRIPTS) from None


@lru_cache(maxsize=65536)
def first_word(char: str) -> str:
    """First word of a character's Unicode name, such as ``LATIN``; ``?`` where it has none."""
    return unicodedata.name(char, "?").split()[0].split("-")[0]
