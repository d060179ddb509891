"""What is hidden is hidden everywhere: where text is shown, checked and compared."""

import pytest

from mlake.data.check.findings import safe
from mlake.data.check.plain import invisible
from mlake.data.check.plain import plain as stored
from mlake.safe import hidden, plain, visible
from mlake.text import contains_name

HIDDEN = (
    "\x00\x1b\x7f\x9b\u00ad\u034f\u115f\u180e\u200b\u200e\u202e\u2060\u2069\u3164\ufeff\ufff9\ue000\U000e0041"
)


@pytest.mark.parametrize("char", HIDDEN)
def test_one_list_of_hidden_characters(char: str) -> None:
    text = f"意{char}大利"
    assert hidden(char) and invisible(text)
    assert stored(text) == "意大利" and safe(text) == f"意\\u{ord(char):04x}大利"
    assert contains_name(text, ["意大利"], "zh")
    assert char not in plain(text)


@pytest.mark.parametrize("char", "aé意 \u00a0\u3000\u0301€👍")
def test_what_is_seen_is_not_hidden(char: str) -> None:
    assert not hidden(char) and not invisible(char)


def test_joiners_shape_what_is_shown() -> None:
    assert plain("می\u200cخواهم") == "می\u200cخواهم" and hidden("\u200c")


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
