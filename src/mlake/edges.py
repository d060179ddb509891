"""What bounds a name in a text, by script (rules 2 to 4 of ``mlake.text``)."""

import re
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from mlake.scripts import CJK, KATAKANA, MARKS, SCRIPTS

__all__ = ["Edges", "edges_of"]

_NOT_HIRAGANA = re.compile(r"[^\W_ぁ-ゖ]")
_ANY_KATAKANA = re.compile(f"[{KATAKANA}]")
_MYRIADS = "十百千万萬億亿兆백천만억조"  # after digits they make another number
_IN_NUMBER = re.compile(rf"[.,][0-9]|[{_MYRIADS}]")
_OF_NUMBER = re.compile(rf"(?<=[0-9])[.,{_MYRIADS}]")
_OTHER_NAME = re.compile(r"(?:\+\+?|#)(?![\w#+])")  # C is not in C++
_RUN = 3  # letters up to which a katakana name must stand alone


class Edges(NamedTuple):
    """What bounds names in a script.

    Attributes:
        letter: A letter or digit that must not touch another one, or a mark upon one.
        digit: What must not touch a digit.
        mark: A mark that belongs to the letter before it.
        sign: A minus before a number.
        dense: A letter of which two are no short name.
        free: A letter that may touch others.
        before: What makes a syllable with such a letter after it.
        after: What makes a syllable with such a letter before it.
        particles: What may be attached to a name.
        proclitics: What may be written onto a name before it.
        article: An article whose first letter falls away after a proclitic.
    """

    letter: re.Pattern[str]
    digit: re.Pattern[str]
    mark: re.Pattern[str]
    sign: re.Pattern[str]
    dense: re.Pattern[str]
    free: re.Pattern[str]
    before: re.Pattern[str]
    after: re.Pattern[str]
    particles: Sequence[str]
    proclitics: Sequence[str]
    article: str

    def around(
        self, name: str, letters: int, *, short: bool
    ) -> tuple[list[re.Pattern[str]], list[re.Pattern[str]]]:
        """What must not stand before a name, and what not after it.

        Args:
            name: The name.
            letters: How many letters and digits it has.
            short: Whether it is too short for an alias.
        """
        first, last = name[0], name[-1]
        if short and letters == 1 and self.dense.search(name):
            guards = [_NOT_HIRAGANA, self.letter]  # the letter, for its marks
        else:
            guards = [self.letter, *([_ANY_KATAKANA] if letters <= _RUN else ())]
        before = [self._at(first, guard) for guard in guards if guard.match(first)]
        after = [self.mark, *(self._at(last, guard) for guard in guards if guard.match(last))]
        if first.isdigit():
            before += [_OF_NUMBER, self.sign]
        if first in "-.":
            before.append(self.letter)
        if last.isdigit():
            after.append(_IN_NUMBER)
        if self.letter.match(last):
            after.append(_OTHER_NAME)
        if self.free.match(first):
            before.append(self.before)
        if self.free.match(last):
            after.append(self.after)
        return before, after

    def _at(self, char: str, guard: re.Pattern[str]) -> re.Pattern[str]:
        return self.digit if char.isdigit() and guard is self.letter else guard


@cache
def edges_of(code: str) -> Edges:
    """The edges of names in a script, a row of ``SCRIPTS``."""
    row = SCRIPTS[code]
    free, counted = f"_{CJK}{row.free}", f"_{CJK}{row.free}{row.dense}"
    return Edges(
        letter=re.compile(rf"(?![{free}])[\w{MARKS}]"),
        digit=re.compile(rf"(?![{counted}])[\w{MARKS}]"),
        mark=re.compile(rf"(?![{row.free}])[{MARKS}]" if row.free else f"[{MARKS}]"),
        sign=re.compile(rf"(?<![^\W{counted}])(?<![0-9] )(?<![0-9][{counted}])(?<![)])-"),
        dense=re.compile(f"[{CJK}{row.free}{row.dense}]"),
        free=_one_of(row.free),
        before=_one_of(row.before),
        after=_one_of(row.after),
        particles=row.particles,
        proclitics=row.proclitics,
        article=row.article,
    )


def _one_of(signs: str) -> re.Pattern[str]:
    """Finds one of a class, which may be empty."""
    return re.compile(f"[{signs}]" if signs else r"(?!)")
