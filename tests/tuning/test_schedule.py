"""What is tried next: defaults first, the better half goes on, dear settings are shared, nothing twice."""

import sys
from collections import Counter
from typing import Any

import pytest
from tests.tuning.made import measured, trial

from mlake.errors import RunError
from mlake.tuning.schedule import Job, check_optuna, next_job, rungs_of
from mlake.tuning.space import Axis
from mlake.tuning.trial import Measured, Trial

AXES = (
    Axis("layers", ([0], [1], [2], [3]), ordered=True, cheap=False),
    Axis("ridge", (1.0, 10.0, 100.0, 1000.0, 10000.0), ordered=True, cheap=True),
    Axis("corpus", ("statements", "self"), ordered=False, cheap=True),
)
DEFAULTS = {"layers": [1], "ridge": 10.0, "corpus": "statements"}


def optimum(settings: Any) -> Measured:
    """More is had with the third block and a large ridge; either costs something."""
    near = 1 - abs(settings["layers"][0] - 2) / 3
    ridge = AXES[1].values.index(settings["ridge"]) / 4
    return measured(own=near, kept=ridge * near, rise=0.1 * (1 - ridge))


def tried(
    count: int, *, rungs: int = 3, seed: int = 0, closing: bool = False
) -> tuple[list[Trial], list[Job]]:
    """A search on the made-up model."""
    trials: list[Trial] = []
    jobs: list[Job] = []
    for _ in range(count):
        job = next_job(AXES, DEFAULTS, trials, rungs=rungs, seed=seed, closing=closing)
        if job is None:
            break
        jobs.append(job)
        old = trials[job.number] if job.number < len(trials) else Trial(job.number, job.settings)
        new = Trial(job.number, job.settings, {**old.rungs, job.rung: optimum(job.settings)})
        trials[job.number : job.number + 1] = [new]
    return trials, jobs


def test_rungs_double() -> None:
    assert rungs_of(100) == (25, 50, 100) and rungs_of(1) == (1,) and rungs_of(3) == (1, 2, 3)


def test_without_optuna_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(RunError, match=r"^mlake tune needs the optuna package; install it: pip [^\n]*$"):
        check_optuna()


def test_defaults_come_first_and_go_all_the_way_up() -> None:
    pytest.importorskip("optuna")
    _, jobs = tried(4)
    assert [(job.number, job.rung) for job in jobs[:3]] == [(0, 0), (0, 1), (0, 2)]
    assert jobs[0].settings == DEFAULTS and jobs[3].number == 1 and jobs[3].rung == 0


def test_nothing_is_tried_twice_until_all_is_tried() -> None:
    pytest.importorskip("optuna")
    trials, jobs = tried(400)
    seen = [tuple(map(str, one.settings.values())) for one in trials]
    assert len(set(seen)) == len(seen) == 4 * 5 * 2
    assert len(jobs) < 400 and len({(job.number, job.rung) for job in jobs}) == len(jobs)


def test_the_better_half_is_asked_about_more_facts() -> None:
    pytest.importorskip("optuna")
    trials, _ = tried(60)
    count = Counter(one.rung for one in trials)
    first = len(trials)
    assert first > 20 and 2 < count[2] <= first // 2 and count[0] >= first // 3
    up = [one.best.taken + one.best.kept for one in trials if one.rung == 2 and one.number]
    down = [one.best.taken + one.best.kept for one in trials if one.rung == 0]
    assert sum(up) / len(up) > sum(down) / len(down)


def test_settings_that_are_dear_are_shared_by_a_few_trials() -> None:
    pytest.importorskip("optuna")
    trials, _ = tried(40)
    layers = [one.settings["layers"][0] for one in trials]
    for place, layer in enumerate(layers[:12]):
        if layer not in layers[:place]:
            known = Counter(layers[:place])
            assert all(count >= 4 for count in known.values()), "another block came too early"


def test_one_dear_setting_changes_at_a_time_from_what_did_best_that_with_most_values_first() -> None:
    pytest.importorskip("optuna")
    axes = (AXES[0], Axis("clamp", (1.0, 2.0), ordered=True, cheap=False), AXES[1])
    defaults = {"layers": [1], "clamp": 2.0, "ridge": 10.0}
    trials: list[Trial] = []
    groups: list[tuple[int, float]] = []
    while len(groups) < 6:
        job = next_job(axes, defaults, trials, rungs=1, seed=0, closing=False)
        assert job is not None
        trials.append(Trial(job.number, job.settings, {0: optimum(job.settings)}))
        here = (job.settings["layers"][0], job.settings["clamp"])
        groups += [] if here in groups else [here]
    assert groups[0] == (1, 2.0) and {clamp for _, clamp in groups[:4]} == {2.0}
    assert {layer for layer, _ in groups[:4]} == {0, 1, 2, 3}, "blocks have more values than clamps"
    assert groups[4] == (2, 1.0), "then the best block with the other clamp"


def test_the_best_settings_are_found_in_a_part_of_the_space() -> None:
    pytest.importorskip("optuna")
    trials, _ = tried(45)
    assert len(trials) <= 25 < 4 * 5 * 2
    best = max(trials, key=lambda one: one.best.taken + one.best.kept)
    assert best.settings["layers"] == [2] and best.settings["ridge"] == 10000.0


def test_a_search_that_was_cut_off_goes_on_as_if_it_had_not_been() -> None:
    pytest.importorskip("optuna")
    jobs = tried(25)[1]
    again = next_job(AXES, DEFAULTS, tried(24)[0], rungs=3, seed=0, closing=False)
    assert again == jobs[24]
    assert tried(25, seed=1)[1] != jobs


def test_when_time_is_nearly_up_the_front_is_asked_about_all_facts() -> None:
    pytest.importorskip("optuna")
    trials = [
        trial(0, measured(0.5), measured(0.5), measured(0.5), settings=DEFAULTS),
        trial(1, measured(0.9, 0.9), settings=DEFAULTS | {"ridge": 1.0}),
        trial(2, measured(0.9, 0.9), measured(0.9, 0.9), settings=DEFAULTS | {"ridge": 100.0}),
        trial(3, measured(0.1, 0.1), settings=DEFAULTS | {"ridge": 1000.0}),
    ]
    job = next_job(AXES, DEFAULTS, trials, rungs=3, seed=0, closing=True)
    assert job is not None and (job.number, job.rung) == (2, 2)
    settled = [trials[0], trial(1, *[measured(0.9, 0.9)] * 3, settings=trials[1].settings)]
    job = next_job(AXES, DEFAULTS, settled, rungs=3, seed=0, closing=True)
    assert job is not None and job.number == 2 and job.rung == 0


def test_settings_with_which_no_edit_can_be_made_are_passed_over() -> None:
    pytest.importorskip("optuna")
    trials = [trial(0, *[measured()] * 3, settings=DEFAULTS)]
    trials += [trial(1, failed="keys are dependent", settings=DEFAULTS | {"ridge": 1.0})]
    job = next_job(AXES, DEFAULTS, trials, rungs=3, seed=0, closing=False)
    assert job is not None and job.number == 2 and job.settings not in [one.settings for one in trials]
