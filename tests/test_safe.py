"""Texts of others in a terminal."""

import pytest

from mlake.safe import visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("two\nlines, 東京 and é", "two\nlines, 東京 and é"),
        ("\x1b]0;x\x07", "\\x1b]0;x\\x07"),
        ("a\u202eb\r\n\x9b", "a\\u202eb\\r\n\\x9b"),
        ("\ud800\U000e0001", "\\ud800\\U000e0001"),
        ("क्\u200dष, non\u00a0break", "क्\u200dष, non\u00a0break"),  # joiners shape letters
    ],
)
def test_what_does_not_show_is_escaped(text: str, shown: str) -> None:
    assert visible(text) == shown
