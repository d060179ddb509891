"""Agreement against published numbers, and numbers worked out by hand."""

import pytest
from tests.review.toys import decided, line

from mlake.review.agreement import VERDICT, Agreement, agreement, agreements
from mlake.review.criteria import CRITERIA

# Four observers, twelve units, some left out: the example of Krippendorff (Computing Krippendorff's
# Alpha-Reliability, 2011), who gives alpha 0.743; Gwet's handbook has the same data, with AC1 0.775.
UNITS = ("aaa", "bbcb", "cccc", "cccc", "bbbb", "abcd", "dddd", "aaba", "bbbb", "eee", "aa", "c")


def test_a_published_example() -> None:
    found = agreement(UNITS, "abcde")
    assert (found.read, found.shared) == (12, 11)
    assert found.alpha == pytest.approx(0.743, abs=0.0005)
    assert found.ac1 == pytest.approx(0.775, abs=0.0005)


def test_by_hand() -> None:
    found = agreement(["xx", "xx", "xx", "xy"], "xy")
    assert found.same == 0.75
    assert found.alpha == pytest.approx(1 - (2 / 8) / (2 * 7 * 1 / (8 * 7)))  # observed 1/4, expected 1/4
    assert found.ac1 == pytest.approx((0.75 - 2 * 7 / 8 / 8) / (1 - 2 * 7 / 8 / 8))


def test_where_all_decide_alike_alpha_is_not_defined_and_ac1_is_one() -> None:
    found = agreement(["xx", "xx"], "xy")
    assert (found.same, found.alpha, found.ac1) == (1.0, None, 1.0)


def test_what_no_two_have_read() -> None:
    assert agreement(["x", "y", ""], "xy") == Agreement(2, 0, None, None, None)


def test_each_language_and_criterion_on_its_own() -> None:
    english, german = line(), line(lang="de")
    found = agreements(
        [
            decided(english, "ann"),
            decided(english, "bob", "reject", broken=("decent",)),
            decided(german, "ann"),
        ]
    )
    assert list(found) == ["de", "en"]
    assert list(found["en"]) == [*(row.name for row in CRITERIA), VERDICT]
    assert (found["en"]["decent"].same, found["en"]["aligned"].same, found["en"][VERDICT].same) == (0, 1, 0)
    assert found["de"]["decent"] == Agreement(1, 0, None, None, None)
