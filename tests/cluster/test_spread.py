"""Who does which job, and what becomes of the jobs of workers that die or fail."""

import pickle
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest

from mlake import errors
from mlake.cluster.jobs import Job
from mlake.cluster.on_ray import room
from mlake.cluster.spread import Died, Done, Event, Failed, Said, spread
from mlake.errors import EditError, FactsError, MlakeError, RunError, UnknownNameError


class Script:
    """A pool that says what is written down for each job: a list for each time that it is started."""

    def __init__(self, said: dict[str, list[list[Any]]], size: int = 2):
        self.said = said
        self.started: list[str] = []
        self._idle = [f"w{number}" for number in range(size)]
        self._coming: list[str] = []
        self._at_work: list[tuple[str, list[Any]]] = []

    outline: Any = None

    def idle(self) -> Collection[str]:
        return tuple(self._idle)

    def start(self, worker: str, job: Job) -> None:
        self._idle.remove(worker)
        self.started.append(job.name)
        self._at_work.append((worker, self.said[job.name].pop(0)))

    def wait(self) -> Event | None:
        if self._coming and not self._at_work:
            self._idle += self._coming
            self._coming.clear()
            return None
        worker, said = self._at_work.pop(0)
        if not said:
            self._idle.append(worker)
            return Done(worker)
        match said.pop(0):
            case "dies":
                self._coming.append(f"{worker}'")
                return Died(worker, "out of luck")
            case MlakeError() as error:
                self._idle.append(worker)
                return Failed(worker, error)
            case file:
                self._at_work.append((worker, said))
                return Said(worker, (file, b"x"))


def jobs(*names: str) -> list[Job]:
    nothing: Any = None
    return [Job(name, nothing, nothing, nothing, Path(), nothing) for name in names]


def done(pool: Script, *names: str) -> tuple[list[str], list[str]]:
    """The files taken, each with its job, and the lines said."""
    taken: list[str] = []
    said: list[str] = []
    spread(jobs(*names), pool, lambda job, file: taken.append(f"{job.name}:{file[0]}"), said.append)
    return taken, said


def test_every_job_is_done_once_in_order_and_side_by_side() -> None:
    pool = Script({"a": [["1", "2"]], "b": [["3"]], "c": [[]], "d": [["4"]]})
    taken, said = done(pool, "a", "b", "c", "d")
    assert pool.started == ["a", "b", "c", "d"]
    assert taken[:2] == ["a:1", "b:3"] and sorted(taken) == ["a:1", "a:2", "b:3", "d:4"]
    assert not said


def test_the_job_of_a_dead_worker_goes_before_those_that_wait() -> None:
    pool = Script({"a": [["1", "dies"], ["2"]], "b": [["3"]], "c": [["4"]]}, size=1)
    taken, said = done(pool, "a", "b", "c")
    assert pool.started == ["a", "a", "b", "c"] and taken == ["a:1", "a:2", "b:3", "c:4"]
    assert said == ["worker w0 died at a, which another one does now: out of luck"]


def test_a_job_that_kills_every_worker_is_given_up() -> None:
    pool = Script({"a": [["dies"], ["dies"], ["dies"]], "b": [["1"]]})
    with pytest.raises(
        RunError, match="3 workers died at a, the last one so: out of luck; what is fin"
    ) as said:
        done(pool, "a", "b")
    assert "\n" not in str(said.value) and "what is finished is kept" in str(said.value)
    assert "smaller --batch-size" in str(said.value)


def test_of_several_errors_the_first_jobs_is_told_as_where_they_are_done_one_by_one() -> None:
    early, late = EditError("early"), EditError("late")
    pool = Script({"a": [["1", "2", early]], "b": [[late]], "c": [["3"]]})
    with pytest.raises(EditError, match="early"):
        done(pool, "a", "b", "c")
    assert pool.started == ["a", "b"], "after an error nothing later is begun"
    pool = Script({"a": [["1", "dies"], ["2"]], "b": [[late]], "c": [[]]})
    with pytest.raises(EditError, match="late"):
        done(pool, "a", "b", "c")
    assert pool.started == ["a", "b", "a"], "what comes before the error is done to its end"


def test_nothing_to_do_asks_no_worker() -> None:
    assert done(Script({}, size=0)) == ([], [])


@pytest.mark.parametrize(
    "error",
    [
        UnknownNameError("method", "memitt", ["memit", "rome"]),
        FactsError("two problems", ["one", "two"]),
        *(getattr(errors, name)("one line") for name in errors.__all__ if name in ("RunError", "EditError")),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_is_the_same_in_another_process(error: MlakeError) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error) and str(again) == str(error) and vars(again) == vars(error)


CPU2, CPU8 = {"CPU": 2.0}, {"CPU": 8.0}
GPU4 = {"CPU": 16.0, "GPU": 4.0}


@pytest.mark.parametrize(
    ("nodes", "workers", "gpus", "expected"),
    [
        ([CPU2], 2, None, (2, 1, 0)),
        ([CPU2], None, None, (1, 2, 0)),
        ([CPU8, CPU8], None, None, (2, 8, 0)),
        ([CPU8, CPU8], 3, None, (3, 4, 0)),
        ([CPU2, GPU4, GPU4], None, None, (8, 4, 1)),
        ([GPU4, GPU4], None, 2, (4, 8, 2)),
        ([GPU4], 2, 0, (2, 8, 0)),
        ([GPU4, GPU4], 2, 4, (2, 16, 4)),
    ],
)
def test_what_a_worker_has_of_a_cluster(nodes: Any, workers: Any, gpus: Any, expected: Any) -> None:
    assert room(nodes, workers, gpus) == expected


@pytest.mark.parametrize(
    ("nodes", "workers", "gpus", "message"),
    [
        ([CPU2], 3, None, "room for 2 workers with a CPU each, and 3 are wanted; give fewer"),
        ([GPU4, GPU4], 5, 2, "room for 4 workers with 2 GPUs each, and 5 are wanted"),
        ([GPU4, GPU4], None, 8, "room for 0 workers with 8 GPUs each, and 1 are wanted"),
        ([CPU2], None, 1, "room for 0 workers with 1 GPUs each"),
        ([], None, None, "room for 0 workers"),
    ],
)
def test_more_than_a_cluster_has(nodes: Any, workers: Any, gpus: Any, message: str) -> None:
    with pytest.raises(RunError, match=message):
        room(nodes, workers, gpus)
