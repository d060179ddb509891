"""Text from models and data, made safe to show in a terminal or on a page."""

import re
import unicodedata

__all__ = ["escape", "hidden", "holds_hidden", "plain", "visible"]

_MARKUP = re.compile(
    r"[\\|`*~$]"
    r"|(?<![^\W_])_|_(?![^\W_])"  # within a word it is no markup: edit_langs
    r"|(?<=\])[(\[:]"  # a bracket makes a link only before one of these
    r"|^(?:[-+=#](?=[-+=#\s]|$)|\[(?=[ xX]\]))"  # a list, a rule, a heading, a box to tick
)
_NUMBERED = re.compile(r"^(\d{1,9})([.)])(?=\s|$)")
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")  # letters and marks that show nothing

_JOINERS = "\u200c\u200d"
_KEPT = f"\n{_JOINERS}"


def hidden(char: str) -> bool:
    """Whether a character shows nothing, or nothing certain, and is no space.

    That is control and format characters, line and paragraph separators, lone surrogates, private and
    unassigned characters, blank letters.
    """
    return char in _BLANK or not (char.isprintable() or unicodedata.category(char) == "Zs")


def holds_hidden(text: str) -> bool:
    """Whether a text holds hidden characters."""
    if text.isprintable():
        return not _BLANK.isdisjoint(text)
    return any(map(hidden, text))


def plain(text: object) -> str:
    """Text on one line, with a space for what is hidden, but for joiners: they shape letters."""
    shown = str(text)
    if holds_hidden(shown):
        shown = "".join(" " if hidden(char) and char not in _JOINERS else char for char in shown)
    return " ".join(shown.split())


def visible(text: str) -> str:
    """Text with its line breaks, and with escapes for what ``plain`` leaves out: safe in a terminal."""
    return "".join(
        char.encode("unicode_escape").decode() if hidden(char) and char not in _KEPT else char
        for char in text
    )


def escape(text: object) -> str:
    """Text that shows as it is, on one line, in Markdown and in HTML made from it."""
    escaped = _MARKUP.sub(r"\\\g<0>", plain(text).replace("&", "&amp;"))
    escaped = _NUMBERED.sub(r"\1\\\2", escaped)
    return escaped.replace("<", "&lt;").replace(">", "&gt;")
