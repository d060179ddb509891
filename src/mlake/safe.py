"""Text from models and data, made safe to show in a terminal or on a page."""

import re
import unicodedata

__all__ = ["escape", "hidden", "holds_hidden", "plain", "visible"]

_MARKUP = re.compile(r"[\\|`*]|(?<=\])\(")  # a bracket makes a link only before a parenthesis
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
    return "".join(_escaped(char) if hidden(char) and char not in _KEPT else char for char in text)


def _escaped(char: str) -> str:
    code = ord(char)
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" if code < 65536 else f"\\U{code:08x}"


def escape(text: object) -> str:
    """Text that shows as it is, on one line, in Markdown and in HTML made from it."""
    escaped = _MARKUP.sub(r"\\\g<0>", plain(text).replace("&", "&amp;"))
    return escaped.replace("<", "&lt;").replace(">", "&gt;")
