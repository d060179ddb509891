"""A pool of workers in this process, one step of one of them at a time; some die when they are told to."""

from collections import deque
from collections.abc import Collection, Iterator
from contextvars import Context, copy_context

from mlake.cluster.jobs import File, Job, Opening, Outline
from mlake.cluster.spread import Died, Done, Event, Failed, Said
from mlake.cluster.work import Worker
from mlake.errors import MlakeError


class Here:
    """Workers by number.

    Attributes:
        deaths: Which files, counted over all workers, their worker does not live to hand over.
        did: Worker and name of every job that was started.
    """

    def __init__(self, size: int = 2, deaths: Collection[int] = ()):
        self.deaths = deaths
        self.did: list[tuple[str, str]] = []
        self._files = 0
        self._workers = {str(number): Worker() for number in range(size)}
        self._idle = list(self._workers)
        self._at_work: deque[tuple[str, Context, Iterator[File]]] = deque()

    def outline(self, opening: Opening) -> Outline:
        return self._workers[self._idle[0]].open(opening)

    def idle(self) -> Collection[str]:
        return tuple(self._idle)

    def start(self, worker: str, job: Job) -> None:
        self._idle.remove(worker)
        self.did.append((worker, job.name))
        self._at_work.append((worker, copy_context(), self._work(worker, job, job.given())))

    def _work(self, worker: str, job: Job, given: dict[str, bytes]) -> Iterator[File]:
        if not self._workers[worker].opened(job.opening.key):
            self._workers[worker].open(job.opening)
        yield from self._workers[worker].work(job.opening.key, job.spec, job.do, given)

    def wait(self) -> Event | None:
        worker, context, files = self._at_work.popleft()
        try:
            file = context.run(next, files)
        except StopIteration:
            self._idle.append(worker)
            return Done(worker)
        except MlakeError as error:
            self._idle.append(worker)
            return Failed(worker, error)
        self._files += 1
        if self._files in self.deaths:
            context.run(files.close)  # type: ignore[attr-defined]
            del self._workers[worker]
            new = f"{worker}'"
            self._workers[new] = Worker()
            self._idle.append(new)
            return Died(worker, "it was told to")
        self._at_work.append((worker, context, files))
        return Said(worker, file)
