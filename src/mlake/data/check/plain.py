"""Text as it should be stored: composed, and without what nobody can see."""

import unicodedata

__all__ = ["invisible", "plain"]


def invisible(text: str) -> bool:
    """Whether a text holds control or format characters, line ends included."""
    return not text.isprintable() and any(map(_is_hidden, text))


def plain(text: str) -> str:
    """The text composed and without control and format characters; white space among them becomes a space."""
    if invisible(text):
        seen = (char for char in text if char.isspace() or not _is_hidden(char))
        text = " ".join("".join(seen).split())
    return unicodedata.normalize("NFC", text)


def _is_hidden(char: str) -> bool:
    return unicodedata.category(char) in ("Cc", "Cf")
