"""The front of a search, against all pairs compared one by one, and its points."""

import random

from tests.tuning.made import measured, trial

from mlake.tuning.front import POINTS, front, named, ranked, useful
from mlake.tuning.trial import OBJECTIVES, Trial


def beaten(one: Trial, every: list[Trial]) -> bool:
    """Whether another is nowhere worse and somewhere better."""
    mine = one.best.objectives
    for other in every:
        theirs = other.best.objectives
        if all(theirs[key] >= mine[key] for key in mine) and any(theirs[key] > mine[key] for key in mine):
            return True
    return False


def test_objectives_are_means_over_languages_and_more_is_better() -> None:
    one = measured(own=0.9, kept=0.25, rise=0.5, transfer=0.4, rephrased=0.7)
    assert one.objectives == {
        "own": 0.9, "rephrased": 0.7, "transfer": 0.4, "kept": 0.25, "perplexity": -0.5
    }  # fmt: skip
    assert list(one.objectives) == list(OBJECTIVES)
    assert abs(one.taken - 0.65) < 1e-12, "mean of en and de"
    assert "rephrased" not in measured().objectives, "what was not asked is no objective"


def test_front_is_what_no_other_beats() -> None:
    drawn = random.Random(0)
    every = [
        trial(
            n, measured(own=own / 20, kept=max(0, 14 - own + drawn.randint(-4, 4)) / 20, rise=drawn.random())
        )
        for n, own in enumerate(drawn.choices(range(20), k=60))
    ]
    most = max(one.best.objectives["own"] for one in every)
    some = [one for one in every if one.best.objectives["own"] >= most / 2]
    expected = [one.number for one in some if not beaten(one, some)]
    assert [one.number for one in front(every)] == expected and 1 < len(expected) < 30


def test_only_those_asked_about_most_facts_are_on_it_and_none_that_failed() -> None:
    every = [
        trial(0, measured(0.5), measured(0.5)),
        trial(1, measured(1.0)),
        trial(2, measured(1.0), measured(1.0), failed="no edit"),
        trial(3, failed="no edit"),
    ]
    assert [one.number for one in front(every)] == [0]
    assert front(every[3:]) == [] and named([]) == {}


def test_points() -> None:
    every = [
        trial(0, measured(own=0.0, kept=1.0, transfer=0.0)),
        trial(1, measured(own=0.95, kept=0.7, transfer=0.1)),
        trial(2, measured(own=0.8, kept=0.65, transfer=0.8)),
        trial(3, measured(own=1.0, kept=0.2, transfer=0.9)),
    ]
    found = named(front(every))
    assert {name: one.number for name, one in found.items()} == {"careful": 1, "balanced": 2, "far": 3}
    assert list(found) == list(POINTS)
    assert named(front(every[:1]))["careful"].number == 0


def test_ranks_go_by_what_beats_and_then_by_balance() -> None:
    found = ranked({
        0: measured(own=0.1, kept=0.1), 1: measured(own=0.9, kept=0.1), 2: measured(own=0.6, kept=0.6),
        3: measured(own=0.5, kept=0.5), 4: measured(own=0.1, kept=0.9),
    })  # fmt: skip
    assert found == [2, 1, 3, 4, 0], "settings that keep all else and edit hardly anything come behind"


def test_what_edits_nothing_is_beaten_by_no_other_and_of_no_use() -> None:
    every = [trial(0, measured(own=0.0, kept=1.0, rise=0)), trial(1, measured(own=0.9, kept=0.5, rise=0.2))]
    assert [one.number for one in front(every)] == [1]
    assert useful({one.number: one.best for one in every[:1]}) == {0}, "unless nothing edits at all"
