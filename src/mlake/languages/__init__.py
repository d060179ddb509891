"""The languages that mlake knows: a file each, which holds all that the language needs.

To add a language, add a file and name it in the lines below (see ``docs/add-a-language.md``). Data in a
language without a file can be loaded and asked all the same: ``mlake.languages.others`` has its name and
script.
"""

from collections.abc import Iterable

from mlake.errors import LanguageError, UnknownNameError
from mlake.languages import ar, cs, de, en, es, fr, hi, it, ja, ko, nl, pt, ru, th, tr, vi, zh
from mlake.languages.others import MEANT, OTHERS
from mlake.languages.row import Language

__all__ = ["LANGUAGES", "Language", "in_order", "is_known", "known", "lacking", "language", "meant"]

_FILES = (en, de, fr, ja, zh, ar, cs, es, hi, it, ko, nl, pt, ru, th, tr, vi)
LANGUAGES: dict[str, Language] = {row.code: row for row in (one.LANGUAGE for one in _FILES)}
"""Language code to row, of those with a file; tables and figures keep this order."""


def language(code: str) -> Language:
    """The language with this code; without a file of its own, a row of no more than name and script.

    Raises:
        UnknownNameError: No language has this code.
    """
    found = LANGUAGES.get(code) or OTHERS.get(code)
    if found is None:
        raise UnknownNameError("language", code, LANGUAGES, meant=meant(code))
    return found


def is_known(code: str) -> bool:
    """Whether a language has this code, with a file of its own or without."""
    return code in LANGUAGES or code in OTHERS


def known() -> tuple[str, ...]:
    """The codes of all languages, those with a file first."""
    return tuple(dict.fromkeys((*LANGUAGES, *OTHERS)))


def in_order(codes: Iterable[str]) -> tuple[str, ...]:
    """Codes as tables and figures order them: languages with a file first, the others by code."""
    given = set(codes)
    return (*(code for code in LANGUAGES if code in given), *sorted(given - LANGUAGES.keys()))


def meant(code: str) -> str:
    """The code that a user who wrote this one most likely means; empty if nothing tells."""
    plain = code.strip().casefold()
    first = plain.replace("_", "-").split("-")[0]
    rows = [language(one) for one in known()]
    names = {name.casefold(): row.code for row in rows for name in (row.name, row.native) if name}
    tried = (plain, MEANT.get(plain, ""), MEANT.get(first, ""), names.get(plain, ""), first)
    return next((one for one in tried if is_known(one)), "")


def lacking(what: str, code: str, use: str) -> LanguageError:
    """The error for something that a language does not have, such as ``"templates", "th", "stableke …"``."""
    return LanguageError(f"no {what} in {code}: {use}; docs/add-a-language.md says how to add them")
