"""Text from models and data, made safe to show in a terminal or on a page."""

import re

__all__ = ["escape", "plain"]

_MARKUP = re.compile(
    r"[\\|`*~$]"
    r"|(?<![^\W_])_|_(?![^\W_])"  # within a word it is no markup: edit_langs
    r"|(?<=\])[(\[:]"  # a bracket makes a link only before one of these
    r"|^(?:[-+=#](?=[-+=#\s]|$)|\[(?=[ xX]\]))"  # a list, a rule, a heading, a box to tick
)
_NUMBERED = re.compile(r"^(\d{1,9})([.)])(?=\s|$)")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]+")


def plain(text: object) -> str:
    """Text on one line, without control, direction and lone surrogate characters: safe in a terminal."""
    return " ".join(_UNPRINTABLE.sub(" ", str(text)).split())


def escape(text: object) -> str:
    """Text that shows as it is, on one line, in Markdown and in HTML made from it."""
    escaped = _MARKUP.sub(r"\\\g<0>", plain(text).replace("&", "&amp;"))
    escaped = _NUMBERED.sub(r"\1\\\2", escaped)
    return escaped.replace("<", "&lt;").replace(">", "&gt;")
