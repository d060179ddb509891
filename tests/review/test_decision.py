"""A decision that says nothing clear cannot be made."""

import pytest
from tests.review.toys import decided, line

from mlake.errors import DataError, UnknownNameError


@pytest.mark.parametrize(
    ("verdict", "more", "message"),
    [
        ("accept", {"changes": {"question": "x"}}, "Q1/P17 in en: texts were changed"),
        ("accept", {"broken": ("sound",)}, "a criterion is broken; correct the texts or reject them"),
        ("correct", {}, "no text was changed; change one, accept or reject"),
        ("correct", {"broken": (), "changes": {"question": "x"}}, "no criterion is named"),
        ("reject", {"reason": "  "}, "rejected without a reason; give one"),
        ("reject", {"broken": ()}, "no criterion is named"),
        ("reject", {"changes": {"question": "x"}}, "so that they are not rejected"),
        ("accept", {"reviewer": " "}, "' ' is no name of a reviewer; expected 1 to 80 characters"),
        ("accept", {"reviewer": "a\nb"}, "is no name of a reviewer"),
        ("accept", {"reviewer": "a" * 81}, "is no name of a reviewer"),
    ],
)
def test_what_is_no_decision(verdict: str, more: dict, message: str) -> None:
    with pytest.raises(DataError, match=message):
        decided(line(), verdict=verdict, **more)


@pytest.mark.parametrize(
    ("verdict", "more", "message"),
    [
        ("maybe", {}, "unknown decision 'maybe'; known: accept, correct, reject"),
        ("reject", {"broken": ("aligend",)}, r"unknown criterion 'aligend'.* Did you mean 'aligned'"),
    ],
)
def test_names_in_no_table(verdict: str, more: dict, message: str) -> None:
    with pytest.raises(UnknownNameError, match=message):
        decided(line(), verdict=verdict, **more)


def test_criteria_stand_in_the_order_of_the_table() -> None:
    assert decided(line(), verdict="reject", broken=("sound", "aligned")).broken == ("aligned", "sound")
