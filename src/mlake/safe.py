"""Text from models and data, made safe to show in a terminal or on a page."""

import re
import unicodedata

__all__ = ["escape", "plain", "visible"]

_MARKUP = re.compile(r"[\\|`*]|(?<=\])\(")  # a bracket makes a link only before a parenthesis
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]+")


def plain(text: object) -> str:
    """Text on one line, without control, direction and lone surrogate characters: safe in a terminal."""
    return " ".join(_UNPRINTABLE.sub(" ", str(text)).split())


def visible(text: str) -> str:
    """Text with its line breaks, and with escapes for what does not show: safe in a terminal."""
    return "".join(char if _shows(char) else char.encode("unicode_escape").decode() for char in text)


def _shows(char: str) -> bool:
    return char.isprintable() or char in "\n\u200c\u200d" or unicodedata.category(char) == "Zs"


def escape(text: object) -> str:
    """Text that shows as it is, on one line, in Markdown and in HTML made from it."""
    escaped = _MARKUP.sub(r"\\\g<0>", plain(text).replace("&", "&amp;"))
    return escaped.replace("<", "&lt;").replace(">", "&gt;")
