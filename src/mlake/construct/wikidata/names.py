"""What an entity is called in a language, and which of Wikidata's languages says so."""

from collections.abc import Iterator, Mapping, Sequence

from mlake.construct.simplified import simplified
from mlake.languages import language

__all__ = ["WITNESS", "codes", "names"]

WITNESS = "wd"
"""Code of Wikidata among the witnesses of facts and names."""

_ANY = "mul"  # names for every language that writes in the same letters
_SIMPLIFIED = ("zh-hans", "zh-cn", "zh-sg", "zh-my")
_OTHER = ("zh", "zh-hant", "zh-tw", "zh-hk", "zh-mo")  # `zh` is in either script


def codes(langs: Sequence[str]) -> tuple[str, ...]:
    """Wikidata's language codes in which names of these languages are sought."""
    return tuple(dict.fromkeys(code for lang in langs for code in _chain(lang)))


def _chain(lang: str) -> tuple[str, ...]:
    """The codes in which a name in a language is sought, the best first."""
    if language(lang).script == "Hans":
        return (*_SIMPLIFIED, *_OTHER)
    return (lang, _ANY) if language(lang).script == "Latn" else (lang,)


def names(
    labels: Mapping[str, str], aliases: Mapping[str, Sequence[str]], lang: str
) -> tuple[str, str, list[str]] | None:
    """The name of an entity in a language, its witness, and its other names; None where it has none.

    Args:
        labels: Wikidata's language code to the main name.
        aliases: Wikidata's language code to other names.
        lang: The language.
    """
    found = [(code, _written(labels[code], code)) for code in _chain(lang) if labels.get(code, "").strip()]
    if not found:
        return None
    code, name = found[0]
    others = [other for _, other in found] + list(_others(aliases, lang))
    witness = WITNESS if code == lang else f"{WITNESS}:{code}"
    converted = ">t2s" if name != labels[code].strip() else ""
    return name, f"{witness}{converted}", [other for other in dict.fromkeys(others) if other != name]


def _others(aliases: Mapping[str, Sequence[str]], lang: str) -> Iterator[str]:
    for code in _chain(lang):
        yield from (_written(one, code) for one in aliases.get(code, ()) if one.strip())


def _written(name: str, code: str) -> str:
    """A name in the script of its language: what may be traditional Chinese in simplified characters."""
    return simplified(name.strip()) if code in _OTHER else name.strip()
