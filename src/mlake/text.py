"""The rules by which a name is found in a text, in every language: pure, no model, no data.

Plain containment, as the paper scores, counts "US" in "used" and "en" in "went", and misses "Vereinigten
Staaten" for "Vereinigte Staaten". The rules here, each with its reason:

1. **One form.** Text and names are brought to one form first (``normalise``): NFKC (full width, ligatures),
   no invisible format characters (data and models put zero-width spaces inside names), one kind of
   apostrophe, quote and dash, case folded, white space collapsed.
2. **Edges follow the characters.** A name that begins or ends with a letter or digit of a spaced script must
   not touch another one: "US" is not in "used", "BBC" is in "BBCです" but not in "ABBC". An edge in Chinese
   or Japanese characters touches what it likes, since such text has no word edges. So answers that mix
   scripts need no special case. Apostrophe and hyphen are edges: "l'Italie", "US-Amerikaner", "Canada's".
   What else is known of a language's script, ``mlake.scripts`` says: in Thai a name touches what it likes
   but cuts no syllable, in Korean particles may follow it.
3. **Short katakana names stand alone.** A katakana edge of a name of up to three letters must not touch
   another katakana letter: katakana words are written as unbroken runs, and タイ is in スタイル,
   インド in インドネシア. Longer names are left alone, for compounds (センターポジション) are common.
4. **Name separators are optional.** Between characters of an unspaced script ``・ · ＝ ゠ -`` are one
   separator, and so is a space between katakana; a name matches with any of them or none:
   レオナルド・ダ・ヴィンチ, レオナルド＝ダ＝ヴィンチ, 巴拉克·奥巴马, 巴拉克奥巴马.
5. **Endings.** A name of four or more letters may carry one inflectional ending of the language
   (``Language.endings``): "Deutschlands". Inside a name, a word of four or more letters may also exchange
   one ending for another: "Vereinigtes Königreich", "des Vereinigten Königreichs". The last word never
   loses an ending, so "Norwegen" is not in "Norweger". Shorter names take none: "IBM" is not in "IBMs".
6. **Short aliases are ignored**: two or fewer letters and digits, or a single one where Chinese or Japanese
   characters take part (or, in those languages, Thai, Hangul or Devanagari), hence flags and other symbols
   too. On the released data they cause most false hits ("en", "IN", "米"). The main name, the first, is never
   dropped: if it is that short, its case must agree, and a single Chinese or Japanese character must touch no
   letter but hiragana (京です, not 東京).
7. **What a language's file says besides**: spellings that count as one (``folds``: ё and е in Russian, the
   letters with and without hamza in Arabic), the forms of a declined name, word by word (``declensions``:
   v Praze, Boženy Němcové), and whether a name of one word must agree in case within a sentence (``cased``:
   in Vietnamese Anh is England and anh is "he").

What the rules do not catch: containment of one name in another where no spaces are (日本 in 日本語).
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from typing import NamedTuple

from mlake.errors import LanguageError
from mlake.languages import LANGUAGES, Language, language
from mlake.languages.declined import declined
from mlake.scripts import CJK, KATAKANA, SCRIPTS, script

__all__ = ["Span", "check_tested", "contains_name", "find_names", "last_whole", "normalise", "same_name"]

_SAME = str.maketrans(
    dict.fromkeys("’‘‚‛ʼʹ′´`", "'")
    | dict.fromkeys("“”„‟«»‹›「」『』《》〈〉〝〞〟", '"')
    | dict.fromkeys("‐‑‒–—―−⁃", "-")
)
_NOT_HIRAGANA = re.compile(r"[^\W_ぁ-ゖ]")
_ANY_KATAKANA = re.compile(f"[{KATAKANA}]")
_SEPARATOR = re.compile(rf"(?<=[{CJK}])\s*[・·‧•∙⋅゠=-]\s*(?=[{CJK}])|(?<=[{KATAKANA}]) (?=[{KATAKANA}])")
_JOINT = re.compile(rf"(?<=[{CJK}])・?(?=[{CJK}])")
_INFLECTED = 4  # letters a name needs before it may carry an ending
_DECLINED = 3  # letters that a word of a longer name needs to be declined
_RUN = 3  # letters up to which a katakana name must stand alone


class Span(NamedTuple):
    """Where a name stands: ``normalise(text, lang)[start:end]``; ``name`` as it was given."""

    start: int
    end: int
    name: str


class _Edges(NamedTuple):
    """What bounds names in a script.

    Attributes:
        letter: A letter or digit that must not touch another one.
        dense: A letter of which two are no short name.
        free: A letter that may touch others.
        before: What makes a syllable with such a letter after it.
        after: What makes a syllable with such a letter before it.
        particles: What may be attached to a name.
        proclitics: What may be written onto a name before it, none last.
        article: An article whose first letter falls away after a proclitic.
    """

    letter: re.Pattern[str]
    dense: re.Pattern[str]
    free: re.Pattern[str]
    before: re.Pattern[str]
    after: re.Pattern[str]
    particles: Sequence[str]
    proclitics: Sequence[str]
    article: str


class _Name(NamedTuple):
    """A name and how it is found.

    The edges are looked at one by one: as part of a pattern their classes would take a millisecond a name
    to compile.

    Attributes:
        name: As it was given.
        body: Finds it without its last ending.
        before: What must not stand before it.
        after: What must not stand after it.
        proclitics: What may be written onto it before it, none last.
        endings: Endings it may carry, none last.
        cased: Whether its case must agree.
    """

    name: str
    body: re.Pattern[str]
    before: Sequence[re.Pattern[str]]
    after: Sequence[re.Pattern[str]]
    proclitics: Sequence[str]
    endings: Sequence[str]
    cased: bool

    def places(self, text: str) -> Iterator[tuple[int, int]]:
        """Where it stands, from left to right, without overlap."""
        at = 0
        while match := self.body.search(text, at):
            start, stop = match.span()
            at = start + 1
            begins = (start - len(one) for one in self.proclitics if text.endswith(one, 0, start))
            if all(_any_at(self.before, text, begin - 1) for begin in begins):
                continue
            ends = (stop + len(ending) for ending in self.endings if text.startswith(ending, stop))
            end = next((end for end in ends if not _any_at(self.after, text, end)), None)
            if end is not None:
                yield start, end
                at = end


def normalise(text: str, lang: str) -> str:
    """The form in which texts are compared (rules 1 and 4).

    Args:
        text: Any text.
        lang: Its language; name separators are unified in languages without word spaces.

    Raises:
        UnknownNameError: The language is not known.
    """
    return _one_form(text, language(lang)).casefold()


def find_names(text: str, names: Sequence[str], lang: str) -> list[Span]:
    """Every place where one of the names stands, in order; spans of different names may overlap.

    Args:
        text: The text to search.
        names: Names of one thing, the main name first.
        lang: Language of the text and the names.

    Raises:
        UnknownNameError: The language is not known.
    """
    row = language(lang)
    plain = _one_form(text, row)
    folded = plain.casefold()
    spans = []
    for one in _names(tuple(names), row, row.cased and " " in plain):
        for start, end in one.places(plain if one.cased else folded):
            if one.cased:  # case folding works letter by letter, so a folded prefix tells the place
                start, end = (len(plain[:place].casefold()) for place in (start, end))
            spans.append(Span(start, end, one.name))
    return sorted(spans)


def check_tested(lang: str) -> None:
    """Nothing, if a language has a file and tests hold how names are found in its script.

    Raises:
        LanguageError: It has none, or none do, so that names which are there might be missed.
        UnknownNameError: The language is not known.
    """
    row = language(lang)
    known = script(row.script)
    if lang not in LANGUAGES:
        raise LanguageError(
            f"names cannot be told in {row.name} ({lang}): it has no file that says how they are inflected; "
            "score by paper, or add one as docs/add-a-language.md says"
        )
    if not known.tested:
        raise LanguageError(
            f"names cannot be told in {row.name} ({lang}): no tested rule says how they are bounded in "
            f"{known.name} script; score by paper, or add cases as docs/add-a-language.md says"
        )


def contains_name(text: str, names: Sequence[str], lang: str) -> bool:
    """Whether one of the names stands in the text; arguments as in ``find_names``."""
    return bool(find_names(text, names, lang))


def same_name(text: str, name: str, lang: str) -> bool:
    """Whether the text is the name and nothing else, up to ``normalise`` and punctuation around it."""
    row = language(lang)
    return _bare(text, row) == _bare(name, row) != ""


def last_whole(text: str, name: str, lang: str) -> int | None:
    """Where a name stands verbatim at word edges, or before an ending, for the last time; None if nowhere.

    Where words are not spaced any place will do, the first if none has edges.

    Raises:
        UnknownNameError: The language is not known.
    """
    row = language(lang)
    found = _sought(name, name, row, short=False).places(text) if name else ()
    starts = [start for start, _ in found if text.startswith(name, start)]
    if not starts and not row.spaced and name in text:
        return text.index(name)
    return starts[-1] if starts else None


@lru_cache(maxsize=64)  # several scorers in a row look at one answer
def _one_form(text: str, lang: Language) -> str:
    """``normalise`` without case folding."""
    if not text.isascii():
        text = "".join(char for char in text if unicodedata.category(char) != "Cf")
    # Before NFKC, which would split the acute accent used as an apostrophe into space and accent.
    text = unicodedata.normalize("NFKC", text.translate(_SAME)).translate(_SAME)
    text = " ".join(_spelt(text, lang).split())
    return text if lang.spaced else _SEPARATOR.sub("・", text)


def _spelt(text: str, lang: Language) -> str:
    """The text with one spelling for those that count as one."""
    for written, read in lang.folds:
        text = text.replace(written, read)
    return text


@lru_cache(maxsize=16384)
def _bare(text: str, lang: Language) -> str:
    """The text without separators and without punctuation and white space around it, if anything remains."""
    text = _one_form(text, lang).casefold()
    edges = "".join({char for char in text if unicodedata.category(char).startswith("P") or char.isspace()})
    return (text.strip(edges) or text).replace("・", "")


@lru_cache(maxsize=16384)
def _names(names: tuple[str, ...], lang: Language, words_cased: bool = False) -> tuple[_Name, ...]:
    """The names that may match; whether those of one word must agree in case, as within a sentence."""
    edges = _edges(lang.script)
    found = []
    for place, name in enumerate(names):
        plain = _one_form(name, lang)
        short = _is_short(plain, edges)
        cased = short or (words_cased and " " not in plain)
        if plain and (not short or place == 0):
            found.append(_sought(name, plain if cased else plain.casefold(), lang, short, cased))
    return tuple(found)


@cache
def _edges(code: str) -> _Edges:
    row = SCRIPTS[code]
    return _Edges(
        letter=re.compile("|".join([rf"[^\W_{CJK}{row.free}]", *([f"[{row.signs}]"] if row.signs else ())])),
        dense=re.compile(f"[{CJK}{row.free}{row.dense}]"),
        free=_one_of(row.free),
        before=_one_of(row.before),
        after=_one_of(row.after),
        particles=row.particles,
        proclitics=(*row.proclitics, ""),
        article=row.article,
    )


def _one_of(letters: str) -> re.Pattern[str]:
    """Finds one of a class, which may be empty."""
    return re.compile(f"[{letters}]" if letters else r"(?!)")


def _is_short(name: str, edges: _Edges) -> bool:
    limit = 1 if edges.dense.search(name) else 2
    return sum(char.isalnum() for char in name) <= limit


def _sought(given: str, name: str, lang: Language, short: bool, cased: bool = False) -> _Name:
    edges = _edges(lang.script)
    letters = sum(char.isalnum() for char in name)
    if short and edges.dense.search(name):
        guards = [_NOT_HIRAGANA]
    elif letters <= _RUN:
        guards = [edges.letter, _ANY_KATAKANA]
    else:
        guards = [edges.letter]
    before = [guard for guard in guards if guard.match(name[0])]
    after = [guard for guard in guards if guard.match(name[-1])]
    if edges.free.match(name[0]):
        before.append(edges.before)
    if edges.free.match(name[-1]):
        after.append(edges.after)
    *inner, last = name.split(" ")
    last, endings = _last_word(last, lang, edges, inflected=letters >= _INFLECTED)
    body = " ".join([*(_inner_word(word, lang) for word in inner), _escaped(last)])
    proclitics = edges.proclitics if edges.letter.match(name[0]) else [""]
    if edges.article and name.startswith(edges.article):
        body = f"{edges.article[0]}?{body[1:]}"
    return _Name(given, re.compile(body), before, after, proclitics, endings, cased)


def _any_at(guards: Sequence[re.Pattern[str]], text: str, place: int) -> bool:
    return place >= 0 and any(guard.match(text, place) for guard in guards)


def _last_word(word: str, lang: Language, edges: _Edges, *, inflected: bool) -> tuple[str, Sequence[str]]:
    """The last word of a name, as far as it stays the same, and what it may end in."""
    if not edges.letter.match(word[-1]):
        return word, [""]
    inflected = inflected and word[-1].isalpha()
    if inflected and lang.declensions:
        return declined(word, lang) if len(word) >= _DECLINED else (word, [""])
    return word, [*edges.particles, *(_endings(lang) if inflected else ()), ""]


def _inner_word(word: str, lang: Language) -> str:
    """A word inside a name: with the ending it has, with another one, or without."""
    endings = _endings(lang)
    least = _DECLINED if lang.declensions else _INFLECTED
    if not endings or not word.isalpha() or len(word) < least:
        return _escaped(word)
    if lang.declensions:
        stem, ends = declined(word, lang)
        return f"{_escaped(stem)}(?:{'|'.join(ends)})"
    for ending in sorted(endings, key=len, reverse=True):
        if word.endswith(ending) and len(word) - len(ending) >= _INFLECTED:
            word = word.removesuffix(ending)
            break
    return f"{_escaped(word)}(?:{'|'.join(endings)})?"


def _endings(lang: Language) -> tuple[str, ...]:
    return tuple(_spelt(ending, lang).casefold() for ending in lang.endings)


def _escaped(word: str) -> str:
    """The word as a pattern, with an optional separator between characters of an unspaced script."""
    return "・?".join(map(re.escape, _JOINT.split(word)))
