"""How far apart two languages are, by family and by script: what transfer is held against.

Both distances are counted from facts in ``mlake.languages``, so a new language needs no row here:

* **family**: 0 the same branch (English and German are both Germanic), 1 the same family (French is
  Romance, but Indo-European too), 2 another family. Families and branches as Glottolog names them
  (https://glottolog.org), where Japonic and Sino-Tibetan are separate families.
* **script**: 0 the same characters (all Latin), 1 some in common (Japanese is written in Han characters
  and kana, Chinese in Han characters), 2 none. What a script code stands for is said by ISO 15924
  (https://www.unicode.org/iso15924/), which defines Jpan as Han, Hiragana and Katakana, and Kore as
  Hangul and Han; simplified and traditional Han characters count as shared, not as the same.

Their sum, from 0 to 4, is the distance. It is coarse on purpose: it says what the paper's argument says
(the three Indo-European languages are close, Chinese and Japanese share a history, the rest is far), and
nothing was fitted to any result.
"""

from collections.abc import Sequence
from itertools import combinations

from mlake.languages import language
from mlake.report.table import Table

__all__ = ["distance", "distances", "family_distance", "script_distance"]

_PARTS = {
    "Hans": frozenset({"Han"}),
    "Hant": frozenset({"Han"}),
    "Jpan": frozenset({"Han", "Hira", "Kana"}),
    "Kore": frozenset({"Hang", "Han"}),
}
"""Scripts that ISO 15924 makes of others; every other code stands for itself."""


def family_distance(one: str, other: str) -> int:
    """0 for one branch, 1 for one family, 2 otherwise; a language of unknown family is far from all others.

    Raises:
        UnknownNameError: No language has this code.
    """
    left, right = language(one).family, language(other).family
    if one == other or (left and left == right):
        return 0
    return 1 if left and left.split(",")[0] == right.split(",")[0] else 2


def script_distance(one: str, other: str) -> int:
    """0 for one script, 1 for scripts with characters in common, 2 otherwise.

    Raises:
        UnknownNameError: No language has this code.
    """
    left, right = language(one).script, language(other).script
    if left == right:
        return 0
    shared = _PARTS.get(left, frozenset({left})) & _PARTS.get(right, frozenset({right}))
    return 1 if shared else 2


def distance(one: str, other: str) -> int:
    """Family and script distance together, from 0 to 4.

    Raises:
        UnknownNameError: No language has this code.
    """
    return family_distance(one, other) + script_distance(one, other)


def distances(langs: Sequence[str]) -> Table:
    """The distance of every unordered pair of languages.

    Raises:
        UnknownNameError: No language has one of these codes.
    """
    return Table(
        name="distances",
        title="Distances between languages",
        columns=("language", "other language", "family", "script", "together"),
        rows=tuple(
            (one, other, family_distance(one, other), script_distance(one, other), distance(one, other))
            for one, other in combinations(langs, 2)
        ),
        notes=(
            "family: 0 the same branch, 1 the same family, 2 another family (Glottolog)",
            "script: 0 the same, 1 some characters in common, 2 none (ISO 15924)",
        ),
    )
