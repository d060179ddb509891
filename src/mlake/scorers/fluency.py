"""Fluency of an answer by counting alone: no model, no judge, no tables.

==============  =====================================================================================
``entropy``     Weighted bi- and trigram entropy in bits; None below three units.
``repetition``  Share of trigrams that repeat an earlier one, 0 to 1; None below three units.
``length``      Number of units.
``empty``       1 if there is neither letter nor digit, else 0.
==============  =====================================================================================

A unit is a word of a spaced script, a single Chinese or Japanese character, a syllable of Thai, Lao, Khmer or
Burmese, as far as its letters tell, or a punctuation mark or other symbol. What a character is decides, not
the language of the question, so mixed answers need no special case.

The entropy is that of ROME's evaluation (Meng et al. 2022, appendix; Zhang et al. 2018): with f the relative
frequencies of the n-grams and H_n = -Σ f log2 f, the mean of 2/3 H_2 and 4/3 H_3, that is (H_2 + 2 H_3) / 3.
ROME counts over 100 new tokens cut by NLTK and prints 100 times the value; short answers give less, for
H_n is at most log2 of the number of n-grams. The repetition is seq-rep-n of Welleck et al. (2020), n = 3.
"""

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

from mlake.scripts import CJK, MARKS, SCRIPTS

__all__ = ["empty", "entropy", "length", "repetition", "units"]

_FREE = "".join(row.free for row in SCRIPTS.values())
_BEFORE = "".join(row.before for row in SCRIPTS.values())
_AFTER = MARKS + "".join(row.after for row in SCRIPTS.values())
_SYLLABLE = rf"[{_BEFORE}]?[{_FREE}][{_AFTER}]*"
_WORD = rf"(?:[^\W_{CJK}{_FREE}][{MARKS}]*)+"
_UNIT = re.compile(rf"[{CJK}]|{_SYLLABLE}|{_WORD}(?:['’\-‐]{_WORD})*|[^\w\s]|_")
_LARGEST = 3  # n-grams that need this many units


def units(text: str) -> list[str]:
    """The words, syllables, characters, punctuation marks and other symbols of a text, in order."""
    plain = unicodedata.normalize("NFC", text)
    return _UNIT.findall("".join(char for char in plain if unicodedata.category(char) != "Cf"))


def entropy(text: str) -> float | None:
    """Weighted bi- and trigram entropy in bits, (H_2 + 2 H_3) / 3; None below three units."""
    found = units(text)
    return (_entropy(found, 2) + 2 * _entropy(found, 3)) / 3 if len(found) >= _LARGEST else None


def repetition(text: str) -> float | None:
    """Share of trigrams that stood in the text before, from 0 to 1; None below three units."""
    found = units(text)
    if len(found) < _LARGEST:
        return None
    counts = _ngrams(found, _LARGEST)
    return 1 - len(counts) / counts.total()


def length(text: str) -> float:
    """Number of units."""
    return float(len(units(text)))


def empty(text: str) -> float:
    """1 if there is neither letter nor digit, else 0."""
    return float(not any(map(str.isalnum, text)))


def _ngrams(found: Sequence[str], n: int) -> Counter[tuple[str, ...]]:
    return Counter(zip(*(found[start:] for start in range(n)), strict=False))


def _entropy(found: Sequence[str], n: int) -> float:
    counts = _ngrams(found, n)
    total = counts.total()
    return sum(count / total * math.log2(total / count) for count in counts.values())
