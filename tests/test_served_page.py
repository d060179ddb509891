"""The page on served models says what was measured of one beside the same weights in process."""

from benchmarks.results import DOCS
from benchmarks.served import PAGE, page, stored, table


def test_the_page_says_what_the_command_makes() -> None:
    assert (DOCS / PAGE).read_text(encoding="utf-8") == page(), "python -m benchmarks.served"


def test_both_ways_answered_the_same_sixty_questions() -> None:
    asked = {how: [one["probe"] for one in stored() if one["how"] == how] for how in ("served", "bf16")}
    assert asked["served"] == asked["bf16"] and len(set(asked["served"])) == 60
    assert [row[1] for row in table().rows] == [60, 60]
    for one in stored():
        assert one["same"] == ("other" not in one) and (one["same"] or one["answer"] != one["other"])
