"""How far apart two languages are, by family and by script: what transfer is held against.

Both distances are counted from facts in ``mlake.languages`` and ``mlake.scripts``, so a new language needs no
row here:

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

from mlake.languages import language
from mlake.scripts import SCRIPTS

__all__ = ["distance", "family_distance", "script_distance"]


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
    return 1 if SCRIPTS[left].letters & SCRIPTS[right].letters else 2


def distance(one: str, other: str) -> int:
    """Family and script distance together, from 0 to 4.

    Raises:
        UnknownNameError: No language has this code.
    """
    return family_distance(one, other) + script_distance(one, other)
