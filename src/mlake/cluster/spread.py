"""Jobs over the workers of a pool: who does what next, and what becomes of the job of a worker that died."""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from typing import Protocol

from mlake.cluster.jobs import File, Job, Opening, Outline
from mlake.errors import MlakeError, RunError

__all__ = ["Died", "Done", "Event", "Failed", "Pool", "Said", "spread"]

_TRIES = 3
"""Workers that one job may cost."""


@dataclass(frozen=True, slots=True)
class Said:
    """A worker has written a file, or taken one away."""

    worker: str
    file: File


@dataclass(frozen=True, slots=True)
class Done:
    """A worker has finished its job."""

    worker: str


@dataclass(frozen=True, slots=True)
class Failed:
    """A worker's job failed, with an error that a user can mend."""

    worker: str
    error: MlakeError


@dataclass(frozen=True, slots=True)
class Died:
    """A worker is no more, whatever became of its machine."""

    worker: str
    why: str


Event = Said | Done | Failed | Died


class Pool(Protocol):
    """Workers, each with one job at a time; one that died is replaced as soon as there is room."""

    def outline(self, opening: Opening, /) -> Outline:
        """Have a worker open a run, and tell what it is.

        Raises:
            MlakeError: It cannot be opened.
        """

    def idle(self) -> Collection[str]:
        """Names of the workers that wait for a job."""

    def start(self, worker: str, job: Job, /) -> None:
        """Give a job to an idle worker."""

    def wait(self) -> Event | None:
        """What happens next to a worker that has a job; None where one has become idle instead.

        Raises:
            RunError: There is no worker left, and none to come.
        """


def spread(
    jobs: Sequence[Job],
    pool: Pool,
    take: Callable[[Job, File], object],
    say: Callable[[str], object],
) -> None:
    """Do all jobs, in their order as far as workers are free.

    Args:
        jobs: The jobs; none needs what another one makes.
        pool: The workers.
        take: Is told of every file that a job has written or taken away.
        say: Is told, in a line, of workers that died.

    Raises:
        MlakeError: A job failed: of several, the error of the first, as where they are done one by one. Or a
            job has cost several workers, or none is left.
    """
    waiting, at_work = list(range(len(jobs))), dict[str, int]()
    heapify(waiting)
    deaths, failed = Counter[int](), dict[int, MlakeError]()
    while True:
        end = min(failed, default=len(jobs))
        for worker in pool.idle():
            if waiting and waiting[0] < end:
                at_work[worker] = heappop(waiting)
                pool.start(worker, jobs[at_work[worker]])
        if not any(at < end for at in (*at_work.values(), *waiting)):
            break
        event = pool.wait()
        match event:
            case Said(worker, file):
                take(jobs[at_work[worker]], file)
            case Done(worker):
                del at_work[worker]
            case Failed(worker, error):
                failed[at_work.pop(worker)] = error
            case Died(worker, why):
                job = at_work.pop(worker)
                deaths[job] += 1
                _still(jobs[job], deaths[job], why)
                say(f"worker {worker} died at {jobs[job].name}, which another one does now: {why}")
                heappush(waiting, job)
    if failed:
        raise failed[min(failed)]


def _still(job: Job, deaths: int, why: str) -> None:
    if deaths >= _TRIES:
        raise RunError(
            f"{deaths} workers died at {job.name}, the last one so: {why}; what is finished is kept: give "
            "workers more memory, or take fewer of them, a smaller --batch-size or a smaller "
            "model, and run again"
        )
