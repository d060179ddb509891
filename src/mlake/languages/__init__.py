"""The languages that mlake knows: a file each, which holds all that the language needs.

To add a language, add a file and name it in the line below (see ``docs/add-a-language.md``).
"""

from mlake.errors import LanguageError, UnknownNameError
from mlake.languages import de, en, fr, ja, zh
from mlake.languages.row import Language

__all__ = ["LANGUAGES", "Language", "lacking", "language"]

LANGUAGES: dict[str, Language] = {row.code: row for row in (one.LANGUAGE for one in (en, de, fr, ja, zh))}
"""Language code to row; tables and figures keep this order."""


def language(code: str) -> Language:
    """The language with this code.

    Raises:
        UnknownNameError: No row has this code.
    """
    try:
        return LANGUAGES[code]
    except KeyError:
        raise UnknownNameError("language", code, LANGUAGES) from None


def lacking(what: str, code: str, use: str) -> LanguageError:
    """The error for something that a language does not have, such as ``"templates", "th", "stableke …"``."""
    return LanguageError(f"no {what} in {code}: {use}; docs/add-a-language.md says how to add them")
