"""Which script and language a text is in, as far as that can be told without doubt."""

import re
import unicodedata
from collections import Counter
from functools import lru_cache

from mlake.languages import language

__all__ = ["in_other_language", "share"]

# First word of a letter's Unicode name, by ISO 15924 code. Languages in other scripts are not looked at.
_LETTERS = {
    "Latn": {"LATIN"},
    "Jpan": {"CJK", "HIRAGANA", "KATAKANA", "IDEOGRAPHIC"},
    "Hans": {"CJK", "IDEOGRAPHIC"},
}
# Words that hardly a sentence does without, none of which is a word of two of these languages.
_WORDS = {
    "en": "the of and is to are by with that which who what where from his did does for has at it its",
    "de": "der das und ist wurde von mit dem ein eine welche welcher welches wer wo wird zu im auf aus hat",
    "fr": "le la les et est était dans par quelle quel qui où une pour sur au avec à il elle que dont",
}
_FUNCTION = {lang: frozenset(words.split()) for lang, words in _WORDS.items()}
_ENOUGH = 3  # different function words that name a language
_MOST = 0.5  # share of letters below which a text is in another script
_KANA = "HIRAGANA"


@lru_cache(maxsize=8192)
def _script(char: str) -> str:
    return unicodedata.name(char, "?").split()[0].split("-")[0]


def _scripts(text: str) -> Counter[str]:
    return Counter(_script(char) for char in text if char.isalpha())


def share(text: str, lang: str, *, latin: bool = False) -> float:
    """Share of the letters that are in a script of the language, or in Latin too; 1 if nothing is known."""
    own = _LETTERS.get(language(lang).script)
    scripts = _scripts(text)
    if own is None or not scripts:
        return 1.0
    if latin:
        own = own | {"LATIN"}
    return sum(count for script, count in scripts.items() if script in own) / scripts.total()


def in_other_language(text: str, lang: str) -> str:
    """Why a whole sentence cannot be in its language; empty where it may be.

    Names may be foreign, so a language without word spaces must lack its script altogether, and one with
    them must lack any of its function words where another language has several.
    """
    row = language(lang)
    scripts = _scripts(text)
    if not scripts or row.script not in _LETTERS:
        return ""
    rate = share(text, lang)
    if row.spaced and rate < _MOST:
        return f"{1 - rate:.0%} of the letters are in another script"
    if not row.spaced and rate == 0:
        return "no letter is in a script of the language"
    if row.script == "Jpan" and not scripts[_KANA]:
        return "there is no hiragana"
    if row.script == "Hans" and scripts[_KANA] > 1:
        return "there is hiragana"
    words = set(re.findall(r"\w+", text.casefold()))
    if words & _FUNCTION.get(lang, words):
        return ""
    for other, function in _FUNCTION.items():
        found = sorted(words & function)
        if len(found) >= _ENOUGH:
            return f"it has {', '.join(found)}, as in {other}, and no such word of its own"
    return ""
