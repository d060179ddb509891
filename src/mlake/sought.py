"""How a name is looked for: its pattern, and what bounds it (rules 2 to 8 of ``mlake.text``)."""

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from itertools import groupby
from typing import NamedTuple

from mlake.edges import edges_of
from mlake.forms import fold, form
from mlake.languages import Language
from mlake.languages.declined import declined
from mlake.scripts import CJK, KATAKANA, SCRIPTS

__all__ = ["Sought", "Ways", "as_it_is", "sought"]

_LOUD = frozenset("#%&@§‰")  # punctuation that is read aloud
_PUT_IN = ".,'\"()![]"  # what may stand in a text where a name has a mere space
_CAPITALS = re.compile(r"[A-Z]{2,5}")
_KATAKANA = re.compile(f"[{KATAKANA}]")
_RUN = re.compile(rf"([{KATAKANA}]+|[A-Z]+)")
_START = 4  # letters at its start that a name never changes, see _inner_word
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
        endings: Endings it may carry, none last.
        cased: Whether its case must agree.
        whole: Finds it as it was given, where ``body`` finds its declined forms too.
    """

    name: str
    body: re.Pattern[str]
    before: Sequence[re.Pattern[str]]
    after: Sequence[re.Pattern[str]]
    proclitics: Sequence[str]
    endings: Sequence[str]
    cased: bool
    whole: re.Pattern[str]

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
        """Whether it stands there without an ending, with nothing but punctuation and spaces around it."""
        match = self.whole.search(text)
        if match is None:
            return False
        start, end = match.span()
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
    """

    name: str
    lang: Language
    plain: str
    start: str
    short: bool

    @cached_property
    def made(self) -> tuple[Sought, ...]:
        """A pattern for each way."""
        if not self.plain:
            return ()
        split, make = _words(self.plain), partial(_made, self.name, self.plain, lang=self.lang)
        if self.short or self.common:
            return (make(split, cased=True, short=self.short),)
        if sum(map(str.isalnum, self.plain)) >= _TIGHT or not any(
            gap and " " not in gap for gap in split.gaps
        ):
            return (make(split),)
        return make(split, tight=True), make(split, cased=True)

    @property
    def common(self) -> bool:
        """Whether it is one word that is another one in small letters."""
        return self.lang.cased and " " not in self.plain

    @cached_property
    def alone(self) -> tuple[Sought, ...]:
        """A pattern for each way in a text of nothing else, where no word is mistaken for a name."""
        if not self.common or self.short:
            return self.made
        return (_made(self.name, self.plain, _words(self.plain), self.lang),)


class _Words(NamedTuple):
    """A name taken apart: what it begins with, its words, and what stands between them."""

    lead: str
    words: Sequence[str]
    gaps: Sequence[str]


def _is_silent(char: str) -> bool:
    """Whether a character is a space, or punctuation that nobody reads aloud."""
    return char.isspace() or (char not in _LOUD and unicodedata.category(char).startswith("P"))


@lru_cache(maxsize=16384)
def sought(name: str, lang: Language) -> Ways:
    """How a name is looked for."""
    plain, _, letters = form.__wrapped__(name, lang)
    count = sum(map(str.isalnum, plain))
    short = count <= (1 if edges_of(lang.script).dense.search(plain) else 2)
    return Ways(name, lang, plain, letters[: _kept(plain, lang)], short)


def _kept(plain: str, lang: Language) -> int:
    """How many letters at its start a name never changes, four at most."""
    article = edges_of(lang.script).article
    if article and plain.startswith(article):
        return 0
    if not lang.declensions:
        return _START
    first = re.split(r"[\W_]", fold(plain).lstrip("'\"-.( "))[0]
    return min(_START, len(declined(first, lang)[0]))


def as_it_is(name: str, lang: Language) -> Sought:
    """A name that is looked for verbatim, at edges or before an ending."""
    return _bounded(name, name, re.escape(name), lang, cased=False, short=False)


def _made(
    given: str,
    plain: str,
    split: _Words,
    lang: Language,
    *,
    tight: bool = False,
    cased: bool = False,
    short: bool = True,
) -> Sought:
    """One way to look for a name.

    Args:
        given: The name as it was given.
        plain: Its ``one_form``.
        split: That taken apart.
        lang: Its language.
        tight: Whether marks within words must be there.
        cased: Whether its case must agree.
        short: Whether that is because it is short.
    """

    def write(part: str) -> str:
        return re.escape(part if cased else fold(part))

    if not split.words:
        return _bounded(given, plain, write(plain), lang, cased=cased, short=True)
    said = split.lead + "".join(split.words)
    body, whole = [write(split.lead)], [write(split.lead)]
    forms = bool(lang.declensions) and not cased and sum(map(str.isalnum, said)) >= _INFLECTED
    last = len(split.words) - 1
    for at, word in enumerate(split.words):
        around = [*split.gaps[max(at - 1, 0) : at], *split.gaps[at : at + 1]]
        if not cased and at < last and all(" " in gap for gap in around):
            body.append(_inner_word(word, lang, write))
        else:
            body.append(_word(word, lang, write, only=not last, inner=at < last))
        whole.append(body[-1])
        if forms and word.isalpha() and len(word) >= _DECLINED:
            body[-1] = _forms(word, lang)
        if at < last:
            for pattern in (body, whole):
                pattern.append(_between(word, split.gaps[at], split.words[at + 1], lang, tight=tight))
    found = _bounded(given, said, "".join(body), lang, cased=cased, short=cased and short and not tight)
    return found._replace(whole=re.compile("".join(whole))) if forms else found


def _forms(word: str, lang: Language) -> str:
    """A word with the ends that it has when it is declined, the longest first."""
    stem, ends = declined(fold(word), lang)
    return f"{re.escape(stem)}(?:{'|'.join(ends)})"


def _words(name: str) -> _Words:
    runs = ["".join(run) for _, run in groupby(name, _is_silent)]
    lead = runs.pop(0) if _is_silent(name[0]) else ""
    words, gaps = runs[::2], runs[1::2]
    if words and not re.match(r"-[0-9]|\.\w", lead[-1:] + words[0]):  # -5 and .NET keep what they begin with
        lead = ""
    return _Words(lead[-1:], words, gaps[: max(len(words) - 1, 0)])


def _bounded(given: str, name: str, body: str, lang: Language, *, cased: bool, short: bool) -> Sought:
    edges = edges_of(lang.script)
    own = () if lang.declensions else tuple(map(fold, lang.endings))
    letters, last = sum(map(str.isalnum, name)), name[-1]
    before, after = edges.around(name, letters, short=short)
    endings: list[str] = [""]
    if edges.letter.match(last) and not last.isdigit():
        inflected = letters >= _INFLECTED and last.isalpha()
        endings = [*edges.particles, *(own if inflected else ()), ""]
    if edges.article and name.startswith(edges.article):
        body = f"{edges.article[0]}?{body.removeprefix(edges.article[0])}"
    proclitics = edges.proclitics if edges.letter.match(name[0]) else [""]
    pattern = re.compile(body)
    return Sought(given, pattern, before, after, proclitics, endings, cased, pattern)


def _any_at(guards: Sequence[re.Pattern[str]], text: str, place: int) -> bool:
    return place >= 0 and any(guard.match(text, place) for guard in guards)


def _inner_word(word: str, lang: Language, write: Callable[[str], str]) -> str:
    """A word inside a name: with the ending it has, with another one, or without."""
    own = () if lang.declensions else lang.endings
    endings, folded = sorted(map(fold, own), key=len, reverse=True), fold(word)
    if not endings or not word.isalpha() or len(folded) < _INFLECTED:
        return _word(word, lang, write, only=False, inner=True)
    for ending in endings:
        if folded.endswith(ending) and len(folded) - len(ending) >= _INFLECTED:
            folded = folded.removesuffix(ending)
            break
    return f"{re.escape(folded)}(?:{'|'.join(endings)})?"


def _word(word: str, lang: Language, write: Callable[[str], str], *, only: bool, inner: bool) -> str:
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
