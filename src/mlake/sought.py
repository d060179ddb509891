"""How a name is looked for: its pattern, and what bounds it (rules 2 to 9 of ``mlake.text``)."""

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache, partial
from itertools import groupby
from typing import NamedTuple

from mlake.edges import edges_of
from mlake.forms import fold, form, one_form
from mlake.languages import Language
from mlake.languages.declined import declined
from mlake.scripts import CJK, KATAKANA, SCRIPTS

__all__ = ["Sought", "Ways", "as_it_is", "sought"]

_LOUD = frozenset("#%&@§‰")  # punctuation that is read aloud
_PUT_IN = ".,'\"()![]"  # what may stand in a text where a name has a mere space
_CAPITALS = re.compile(r"[A-Z]{2,5}")
_KATAKANA = re.compile(f"[{KATAKANA}]")
_RUN = re.compile(rf"([{KATAKANA}]+|[A-Z]+)")
_START = 4  # letters at its start that a name never changes, see _inner_word and _start
_INFLECTED = 4  # letters a name or word needs before it may carry an ending
_DECLINED = 3  # letters that a word of a longer name needs to be declined
_TIGHT = 5  # letters a name needs before marks within its words may go: S.H.E. is not she
_DRAWN = 3  # letters of a katakana word from which a long vowel mark at its end may go
_ABBREVIATED = 4  # letters up to which a word may have a full stop after it


class Sought(NamedTuple):
    """A name and how it is found.

    The edges are looked at one by one: as part of a pattern their classes would take a millisecond a name
    to compile.

    Attributes:
        name: As it was given.
        body: Finds it without its last ending.
        before: What must not stand before it.
        after: What must not stand after it.
        proclitics: What may be written onto it before it, none last.
        endings: What it may end in after its body.
        ending: That of them which it has as it was given.
        cased: Whether its case must agree.
    """

    name: str
    body: re.Pattern[str]
    before: Sequence[re.Pattern[str]]
    after: Sequence[re.Pattern[str]]
    proclitics: Sequence[str]
    endings: Sequence[str]
    ending: str
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

    def alone(self, text: str) -> bool:
        """Whether it stands there as it was given, with nothing but punctuation and spaces around it."""
        match = self.body.search(text)
        if match is None or not text.startswith(self.ending, match.end()):
            return False
        start, end = match.start(), match.end() + len(self.ending)
        bounded = not _any_at(self.before, text, start - 1) and not _any_at(self.after, text, end)
        return bounded and all(map(_is_silent, text[:start] + text[end:]))


@dataclass(frozen=True)
class Ways:
    """The ways in which a name is looked for. Few names stand in a text: only of those patterns are made.

    Attributes:
        name: As it was given.
        lang: Its language.
        plain: Its ``one_form``; empty where there is nothing to look for.
        start: Letters that are in ``Form.letters`` of every text that holds the name.
        short: Whether it is too short for an alias.
        cased: Whether its case must agree although it is not short.
    """

    name: str
    lang: Language
    plain: str
    start: str
    short: bool
    cased: bool

    @cached_property
    def made(self) -> tuple[Sought, ...]:
        """A pattern for each way."""
        if not self.plain:
            return ()
        split, make = _words(self.plain), partial(_made, self.name, self.plain, lang=self.lang)
        if self.short or self.cased:
            return (make(split, cased=True),)
        if sum(map(str.isalnum, self.plain)) >= _TIGHT or not any(
            gap and " " not in gap for gap in split.gaps
        ):
            return (make(split),)
        return make(split, tight=True), make(split, cased=True)


class _Words(NamedTuple):
    """A name taken apart: what it begins with, its words, and what stands between them."""

    lead: str
    words: Sequence[str]
    gaps: Sequence[str]


class _Forms(NamedTuple):
    """The forms of a declined word: what all begin with, their ends, and its end as it was given."""

    stem: str
    ends: Sequence[str]
    own: str


def _is_silent(char: str) -> bool:
    """Whether a character is a space, or punctuation that nobody reads aloud."""
    return char.isspace() or (char not in _LOUD and unicodedata.category(char).startswith("P"))


@lru_cache(maxsize=16384)
def sought(name: str, lang: Language, *, cased: bool = False) -> Ways:
    """How a name is looked for; whether the case of one of one word must agree."""
    plain, _, letters = form.__wrapped__(name, lang)
    count = sum(map(str.isalnum, plain))
    short = count <= (1 if edges_of(lang.script).dense.search(plain) else 2)
    return Ways(name, lang, plain, _start(plain, letters, lang), short, cased and " " not in plain)


def _start(plain: str, letters: str, lang: Language) -> str:
    """The first letters of a name that stay, however it is declined and its article shortened."""
    kept = 0 if lang.declensions else len(letters)
    words = _words(plain).words if lang.declensions and plain else ()
    for word in words:
        forms = _forms(word, lang, only=len(words) == 1)
        kept += sum(map(str.isalnum, forms.stem if forms else fold(word)))
        if forms:
            break
    return letters[:kept].removeprefix(edges_of(lang.script).article)[:_START]


def as_it_is(name: str, lang: Language) -> Sought:
    """A name that is looked for verbatim, at edges or before an ending."""
    *others, last = re.split(r"\W", name)
    forms, endings = _forms(last, lang, only=not any(others)), _carried(name, lang, lang.endings)
    if forms:
        endings = [end.removeprefix(forms.own) for end in forms.ends if end.startswith(forms.own)]
    return _bounded(name, name, re.escape(name), lang, endings=endings)


def _made(
    given: str, plain: str, split: _Words, lang: Language, *, tight: bool = False, cased: bool = False
) -> Sought:
    """One way to look for a name.

    Args:
        given: The name as it was given.
        plain: Its ``one_form``.
        split: That taken apart.
        lang: Its language.
        tight: Whether marks within words must be there.
        cased: Whether its case must agree.
    """

    def write(part: str) -> str:
        return re.escape(part if cased else fold(part))

    if not split.words:
        return _bounded(given, plain, write(plain), lang, endings=("",), cased=cased, short=True)
    *inner, last = split.words
    body = [write(split.lead)]
    for at, word in enumerate(inner):
        around = [*split.gaps[max(at - 1, 0) : at], split.gaps[at]]
        inflected = not cased and (lang.declensions or all(" " in gap for gap in around))
        body.append(_inner_word(word, lang, write) if inflected else _word(word, lang, write, inner=True))
        body.append(_between(word, split.gaps[at], split.words[at + 1], lang, tight=tight))
    forms = None if cased else _forms(last, lang, only=not inner)
    body.append(re.escape(forms.stem) if forms else _word(last, lang, write, only=not inner))
    said = split.lead + "".join(split.words)
    return _bounded(
        given,
        said,
        "".join(body),
        lang,
        endings=forms.ends if forms else _carried(said, lang, _endings(lang)),
        ending=forms.own if forms else "",
        cased=cased,
        short=cased and not tight,
    )


def _words(name: str) -> _Words:
    runs = ["".join(run) for _, run in groupby(name, _is_silent)]
    lead = runs.pop(0) if _is_silent(name[0]) else ""
    words, gaps = runs[::2], runs[1::2]
    if words and not re.match(r"-[0-9]|\.\w", lead[-1:] + words[0]):  # -5 and .NET keep what they begin with
        lead = ""
    return _Words(lead[-1:], words, gaps[: max(len(words) - 1, 0)])


def _bounded(
    given: str,
    name: str,
    body: str,
    lang: Language,
    *,
    endings: Sequence[str],
    ending: str = "",
    cased: bool = False,
    short: bool = False,
) -> Sought:
    edges = edges_of(lang.script)
    before, after = edges.around(name, sum(map(str.isalnum, name)), short=short)
    proclitics = (*edges.proclitics, "") if edges.letter.match(name[0]) else ("",)
    if edges.article and body.startswith(edges.article):
        body = f"{edges.article[0]}?{body[1:]}"
    return Sought(given, re.compile(body), before, after, proclitics, endings, ending, cased)


def _carried(name: str, lang: Language, endings: Sequence[str]) -> Sequence[str]:
    """What a name that is not declined may carry, none last."""
    edges, last = edges_of(lang.script), name[-1]
    if not edges.letter.match(last) or last.isdigit():
        return ("",)
    inflected = sum(map(str.isalnum, name)) >= _INFLECTED and last.isalpha()
    return (*edges.particles, *(endings if inflected else ()), "")


@cache
def _endings(lang: Language) -> tuple[str, ...]:
    """The language's endings as they are compared."""
    return tuple(fold(one_form(ending, lang)) for ending in lang.endings)


def _forms(word: str, lang: Language, *, only: bool) -> _Forms | None:
    """The forms of a declined word, the only one of its name or not; None of others and abbreviations."""
    folded, least = fold(word), _INFLECTED if only else _DECLINED
    if not lang.declensions or not word.isalpha() or len(folded) < least or _CAPITALS.fullmatch(word):
        return None
    stem, ends = declined(folded, lang)
    return _Forms(stem, ends, folded.removeprefix(stem))


def _any_at(guards: Sequence[re.Pattern[str]], text: str, place: int) -> bool:
    return place >= 0 and any(guard.match(text, place) for guard in guards)


def _inner_word(word: str, lang: Language, write: Callable[[str], str]) -> str:
    """A word inside a name: with the ending it has, with another one, or without."""
    forms, folded = _forms(word, lang, only=False), fold(word)
    if forms:
        return f"{re.escape(forms.stem)}(?:{'|'.join(forms.ends)})"
    endings = sorted(_endings(lang), key=len, reverse=True)
    if not endings or not word.isalpha() or len(folded) < _INFLECTED:
        return _word(word, lang, write, inner=True)
    for ending in endings:
        if folded.endswith(ending) and len(folded) - len(ending) >= _INFLECTED:
            folded = folded.removesuffix(ending)
            break
    return f"{re.escape(folded)}(?:{'|'.join(endings)})?"


def _word(
    word: str, lang: Language, write: Callable[[str], str], *, only: bool = False, inner: bool = False
) -> str:
    """A word: capitals with or without full stops, letters of an unspaced script with or without separators.

    Args:
        word: The word.
        lang: Its language.
        write: Writes letters as a pattern.
        only: Whether it is the whole name.
        inner: Whether another word follows.
    """
    loose = _loose(lang)
    if _CAPITALS.fullmatch(word):
        return (r"\.?" if only else r"(?:\. ?)?").join(map(write, word))
    if not loose.search(word):
        return write(word)
    parts, runs = [], list(filter(None, _RUN.split(word)))
    for at, run in enumerate(runs):
        joint = "[・ ]?" if loose.match(run) else "(?:[・.] ?)?" if _CAPITALS.fullmatch(run) else ""
        stem = run[:-1] if run.endswith("ー") else run
        drawn = len(stem) >= _DRAWN and _KATAKANA.match(run) is not None
        part = stem if drawn else run
        parts.append(joint.join(map(write, part)) if joint else write(part))
        if drawn:
            parts[-1] += _long_vowel(stem != run, last=not inner and at == len(runs) - 1)
    return "[・ ]?".join(parts)


def _long_vowel(written: bool, *, last: bool) -> str:
    """The mark at the end of a katakana word: コンピュータ is コンピューター."""
    if not last:
        return "ー?"
    return f"(?:ー|(?![{KATAKANA}-]))" if written else f"(?:ー(?![{KATAKANA}]))?"


def _between(left: str, gap: str, right: str, lang: Language, *, tight: bool) -> str:
    """What may stand between two words of a name."""
    loose = _loose(lang)
    if left[-1].isdigit() and right[0].isdigit():
        return re.escape(gap)
    if loose.match(left[-1]) or loose.match(right[0]) or "・" in gap:
        return "[・ ]?" if set(gap) <= set("・ ") else f"[・ {re.escape(gap + _PUT_IN)}]{{0,3}}"
    if " " in gap:
        put_in = _PUT_IN if len(left) <= _ABBREVIATED else _PUT_IN.replace(".", "")
        marks = f"[{re.escape(gap.strip() + put_in)}]{{0,3}}"
        return f"{marks}[ -]{marks}" if gap.strip() != "-" else "[ -]{1,3}"
    marks = gap + "-/" if gap in "-/" else gap
    return f"[{re.escape(marks)} ]{{{int(tight)},3}}"


@lru_cache
def _loose(lang: Language) -> re.Pattern[str]:
    """Finds letters between which spaces and separators do not count."""
    return re.compile(f"[{CJK}{SCRIPTS[lang.script].free}]")
