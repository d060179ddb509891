"""The rules by which a name is found in a text, in every language: pure, no model, no data.

Plain containment, as the paper scores, counts "US" in "used" and "en" in "went", and misses "Vereinigten
Staaten" for "Vereinigte Staaten". The rules here, each with its reason:

1. **One form.** Text and names are brought to one form first (``normalise``): NFKC (full width, ligatures),
   no hidden characters (data and models put zero-width spaces inside names), one kind of apostrophe, quote
   and dash, no ``™ ®``, white space collapsed, case folded letter by letter (ß is ss, ς is σ, İ and ı are i).
   Chinese is compared in simplified characters and mainland words, made by OpenCC: 法國 is 法国,
   義大利 is 意大利. What else counts as one spelling a language's file says (``Language.folds``): ё and е in
   Russian, letters with and without hamza or short vowels in Arabic.
2. **Edges follow the characters.** A name that begins or ends with a letter or digit of a spaced script must
   not touch another one, nor a mark upon one: "US" is not in "used", "BBC" is in "BBCです" but not in "ABBC".
   An edge in Chinese or Japanese characters touches what it likes, since such text has no word edges. So
   answers that mix scripts need no special case. Apostrophe and hyphen are edges: "l'Italie",
   "US-Amerikaner", "Canada's"; a plus or number sign that ends a word is not: "C" is not in "C++", "C#".
   What else is known of a language's script, ``mlake.scripts`` says: in Thai a name touches what it likes
   but cuts no syllable, in Korean particles may follow it, in Arabic and, in, to and the article may be
   written onto it.
3. **Short katakana names stand alone.** A katakana edge of a name of up to three letters must not touch
   another katakana letter: katakana words are written as unbroken runs, and タイ is in スタイル,
   インド in インドネシア. Longer names are left alone, for compounds (センターポジション) are common.
4. **Numbers are whole.** "14" is not in "3.14", "5" not in "-5" or "5万", "234" not in "1,234". Marks between
   thousands are those of the language (``Language.thousands``): 1000 is "1.000" in German, "1 000" in French,
   "1,000" in English. Dates (14.3.1950) and lists (1998,1999) are several numbers; a hyphen after a digit or
   a letter is no minus. In Korean counters may touch: 2020 is in 2020년. Numbers in words or in ideographs
   (二〇二〇) are others.
5. **Separators and spaces within names of an unspaced script are optional.** ``・ · • ． ＝ ゠ -`` are one
   separator between its characters or initials, and a name matches with any, a space, or none:
   レオナルド・ダ・ヴィンチ, レオナルド＝ダ＝ヴィンチ, 巴拉克·奥巴马, 巴拉克奥巴马, C.S.ルイス, CSルイス,
   巴 黎. A katakana word of three letters may have a long vowel mark at its end or not (コンピューター,
   コンピュータ: both spellings are taught).
6. **Punctuation in names is optional**: "Washington D.C." is "Washington, D.C.", "St Louis" is "St. Louis",
   "Yahoo" is "Yahoo!", "Jean Paul" is "Jean-Paul". Marks within words of names of up to four letters may go
   only where case agrees, for "S.H.E." is not "she". ``# % & @ §`` are read aloud and stay.
7. **Endings.** A name of four or more letters may carry one inflectional ending of the language
   (``Language.endings``): "Deutschlands". Inside a name, a word of four or more letters may also exchange
   one ending for another: "Vereinigtes Königreich", "des Vereinigten Königreichs". The last word never
   loses an ending, so "Norwegen" is not in "Norweger". Shorter names take none: "IBM" is not in "IBMs".
   Where names are declined (``Language.declensions``), each of its words may stand in any form of its
   own: v Praze, Boženy Němcové, в Ростове-на-Дону.
8. **Short aliases are ignored**: two or fewer letters and digits, or a single one where Chinese or Japanese
   characters take part (or, in those languages, Thai, Hangul or Devanagari), hence flags and other symbols
   too. On the released data they cause most false hits ("en", "IN", "米"). The main name, the first, is never
   dropped: if it is that short, its case must agree, and a single Chinese or Japanese character must touch
   no letter but hiragana (京です, not 東京). A text that is nothing but a short alias gives it
   (``same_name``).
9. **Case counts where small letters make another word** (``Language.cased``): in Vietnamese a name of one
   word must agree in case within a sentence, for Anh is England and anh is "he".

What the rules do not catch: containment of one name in another where no spaces are (日本 in 日本語), accents
that are left out ("Sao Paulo"), other transcriptions (ヴィ and ビ).
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from mlake.errors import LanguageError
from mlake.forms import fold, form
from mlake.languages import LANGUAGES, language
from mlake.scripts import script
from mlake.sought import as_it_is, sought

__all__ = [
    "Span",
    "check_tested",
    "contains_name",
    "find_names",
    "last_whole",
    "normalise",
    "same_name",
    "says_only",
    "spelling",
    "start_of",
]


class Span(NamedTuple):
    """Where a name stands: ``normalise(text, lang)[start:end]``; ``name`` as it was given."""

    start: int
    end: int
    name: str


def normalise(text: str, lang: str) -> str:
    """The form in which texts are compared (rules 1, 4 and 5).

    Args:
        text: Any text.
        lang: Its language; name separators are unified in languages without word spaces.

    Raises:
        UnknownNameError: The language is not known.
    """
    return form(text, language(lang)).folded


def spelling(text: str, lang: str) -> str:
    """The folded letters and digits of a text, in which ``start_of`` a name is, if the text holds the name.

    Raises:
        UnknownNameError: The language is not known.
    """
    return form(text, language(lang)).letters


def start_of(name: str, lang: str) -> str:
    """Up to four letters that are in the ``spelling`` of every text with the name: spares a search.

    Raises:
        UnknownNameError: The language is not known.
    """
    return sought(name, language(lang)).start


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
    plain, folded, letters = form(text, row)
    cased = row.cased and sum(any(map(str.isalnum, word)) for word in plain.split()) > 1
    spans = set()
    for place, name in enumerate(names):
        ways = sought(name, row, cased=cased)
        if ways.start not in letters or (place and ways.short):
            continue
        for one in ways.made:
            for start, end in one.places(plain if one.cased else folded):
                if one.cased:  # case folding works letter by letter, so a folded prefix tells the place
                    start, end = (len(fold(plain[:at])) for at in (start, end))
                spans.add(Span(start, end, name))
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
    """Whether the text is the name and nothing else, up to case and punctuation; a short name's case counts.

    Raises:
        UnknownNameError: The language is not known.
    """
    return says_only(text, (name,), lang)


def says_only(text: str, names: Iterable[str], lang: str) -> bool:
    """``same_name`` for any of several names."""
    row = language(lang)
    plain, folded, letters = form(text, row)
    near = (ways for ways in (sought(name, row) for name in names) if ways.start in letters)
    return any(one.alone(plain if one.cased else folded) for ways in near for one in ways.made)


def last_whole(text: str, name: str, lang: str) -> int | None:
    """Where a name stands verbatim at word edges, or before an ending, for the last time; None if nowhere.

    Where words are not spaced any place will do, the first if none has edges.

    Raises:
        UnknownNameError: The language is not known.
    """
    row = language(lang)
    found = as_it_is(name, row).places(text) if name else ()
    starts = [start for start, _ in found if text.startswith(name, start)]
    if not starts and not row.spaced and name in text:
        return text.index(name)
    return starts[-1] if starts else None
