"""The bytes of a user's own file, and its text where they are UTF-8."""

import os
from pathlib import Path

from mlake.errors import DataError

__all__ = ["decode", "read_bytes"]

_ADVICE = "save it as UTF-8 (in Excel: Save As, file type 'CSV UTF-8')"


def read_bytes(path: Path) -> bytes:
    """The content of a file.

    Raises:
        DataError: The file cannot be read.
    """
    try:
        return path.read_bytes()
    except (OSError, ValueError) as error:  # a path with a NUL in it is a ValueError
        why = getattr(error, "strerror", None) or str(error)
        if os.path.islink(path) and not os.path.exists(path):
            why = f"it is a link to {path.readlink()}, which is not there"
        raise DataError(f"cannot read {path}: {why}; expected a file of facts") from None


def decode(content: bytes, source: str) -> str:
    """Text from UTF-8, with or without byte order mark.

    Args:
        content: The bytes.
        source: What error messages call them.

    Raises:
        DataError: It is something else; the text says how to save it.
    """
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise DataError(f"{source} is UTF-16, not UTF-8; {_ADVICE}")
    if (nul := content.find(0)) >= 0:
        where = f"{source} line {_line(content, nul)} holds a NUL byte"
        raise DataError(f"{where}: it is UTF-16, damaged, or no text; {_ADVICE}")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        where = f"{source} line {_line(content, error.start)} is not UTF-8"
        raise DataError(f"{where}{', it looks like Shift-JIS' * _is_shift_jis(content)}; {_ADVICE}") from None


def _line(content: bytes, at: int) -> int:
    return content[:at].count(b"\n") + 1


def _is_shift_jis(content: bytes) -> bool:
    """Whether Windows' Shift-JIS reads it and finds hiragana, which hardly any text without them gives."""
    try:
        return any("ぁ" <= char <= "ゖ" for char in content.decode("cp932"))
    except UnicodeDecodeError:
        return False
