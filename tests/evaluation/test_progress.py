"""The time left of a run: facts and questions have a pace each."""

import re

import pytest

from mlake.evaluation.progress import ASKING, EDITING, UNEDITED, RunBar


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def bar(clock: Clock, *, fact_worth: float = 1.0, shown: bool = False) -> RunBar:
    sizes = {UNEDITED: 50, EDITING: 10, ASKING: 100}
    return RunBar(sizes, shown=shown, fact_worth=fact_worth, clock=clock)


def test_nothing_is_told_before_anything_is_measured() -> None:
    clock = Clock()
    one = bar(clock)
    with one.doing(UNEDITED, "asking", 50):
        clock.now += 0.01  # all of it is known
    assert one.count == 50
    assert one.seconds_left() is None


def test_questions_take_a_share_of_a_facts_time_until_they_are_measured() -> None:
    clock = Clock()
    one = bar(clock, fact_worth=20.0)
    with one.doing(UNEDITED, "asking", 50):
        pass
    with one.doing(EDITING, "editing", 10):
        for _ in range(5):
            clock.now += 4.0
            one.update(1)
        assert one.seconds_left() == pytest.approx(5 * 4.0 + 100 * 4.0 / 20)
        clock.now += 20.0
        one.update(5)
    assert one.seconds_left() == pytest.approx(100 * 4.0 / 20)
    with one.doing(ASKING, "asking", 100):
        clock.now += 5.0
        one.update(10)
        assert one.seconds_left() == pytest.approx(90 * 0.5), "by now they have a pace of their own"


def test_facts_take_as_many_questions_time_until_they_are_measured() -> None:
    clock = Clock()
    one = bar(clock, fact_worth=20.0)
    with one.doing(UNEDITED, "asking", 50):
        clock.now += 25.0
        one.update(25)
        assert one.seconds_left() == pytest.approx(25 + 10 * 20 + 100)


def test_work_that_tells_nothing_of_itself_is_measured_as_a_whole() -> None:
    clock = Clock()
    one = bar(clock, fact_worth=7.0)
    one.skip(EDITING, 4)
    with one.doing(EDITING, "editing", 6):
        clock.now += 42.0
    assert one.count == 10
    assert one.seconds_left() == pytest.approx(50 + 100), "a fact took seven seconds, a question one of them"


def test_the_bar_shows_the_time_left(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    with bar(clock, shown=True) as one, one.doing(ASKING, "asking under 3 edits", 100):
        clock.now += 60.0
        one.update(50)
    shown = capsys.readouterr().err
    assert re.search(r"asking under 3 edits: .*\b100/160 \[00:00<00:36\]", shown), shown
