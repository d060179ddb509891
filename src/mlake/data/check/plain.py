"""Text as it should be stored: composed, and without what nobody can see."""

import unicodedata

from mlake.safe import hidden, holds_hidden

__all__ = ["invisible", "plain"]


def invisible(text: str) -> bool:
    """Whether a text holds hidden characters, line ends included."""
    return holds_hidden(text)


def plain(text: str) -> str:
    """The text composed and without hidden characters; white space among them becomes a space."""
    if invisible(text):
        seen = (char for char in text if char.isspace() or not hidden(char))
        text = " ".join("".join(seen).split())
    return unicodedata.normalize("NFC", text)
