"""A pool of workers on a Ray cluster that runs: an actor each, which has CPUs and GPUs of its own."""

import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlake.cluster.jobs import File, Job, Opening, Outline
from mlake.cluster.spread import Died, Done, Event, Failed, Said
from mlake.errors import MlakeError, RunError

__all__ = ["Actor", "RayPool", "ray_pool", "room"]

if TYPE_CHECKING:
    from mlake.cluster.work import Worker

_PATIENCE = 300.0  # seconds that a cluster without a single worker may take to make room for one
_TRIES = 3
"""Workers in a row that may not come up."""


class Actor:
    """A worker as an actor; its GPUs are the only ones that it sees, and its threads are its CPUs."""

    def __init__(self, folder: str):
        if Path(folder).is_dir():  # relative names of models and files mean what they mean to who calls
            os.chdir(folder)
        self._made: Worker | None = None

    @property
    def _worker(self) -> "Worker":
        if self._made is None:
            from mlake.cluster.work import Worker  # torch loads slowly, and an actor is to be there soon

            self._made = Worker()
        return self._made

    def ready(self) -> None:
        """Is done as soon as the actor runs."""

    def open(self, opening: Opening) -> Outline:
        """As ``Worker.open``."""
        return self._worker.open(opening)

    def work(self, opening: list[Any], key: str, *job: Any) -> Iterator[File]:
        """As ``Worker.work``, with the opening as a reference, which is followed only where it is needed."""
        import ray

        if not self._worker.opened(key):
            self._worker.open(ray.get(opening[0]))
        yield from self._worker.work(key, *job)


def room(
    nodes: Collection[Mapping[str, float]], workers: int | None, gpus: int | None
) -> tuple[int, int, int]:
    """How many workers a cluster holds, and what each has of it.

    Args:
        nodes: What each node has, by ``CPU`` and ``GPU``.
        workers: How many are wanted; None for as many as its GPUs are enough for, or else one on each node.
        gpus: GPUs of each; None for one, or none where the cluster has none.

    Returns:
        Workers, CPUs of each, GPUs of each.

    Raises:
        RunError: There is no room for so many.
    """
    if gpus is None:
        gpus = int(any(node.get("GPU", 0) >= 1 for node in nodes))
    fit = [(node, int(node.get("GPU", 0) // gpus if gpus else node.get("CPU", 0))) for node in nodes]
    most = sum(count for _, count in fit)
    wanted = workers or (most if gpus else sum(count > 0 for _, count in fit))
    if not 0 < wanted <= most:
        each = f"{gpus} GPUs" if gpus else "a CPU"
        raise RunError(
            f"the Ray cluster has room for {most} workers with {each} each, and {wanted or 1} are wanted; "
            "give fewer --workers or --gpus, or start more nodes"
        )
    there = [(node, count) for node, count in fit if count]
    on_one = -(-wanted // len(there))
    cpus = min(int(node.get("CPU", 0)) // min(count, on_one) for node, count in there)
    return wanted, max(cpus, 1), gpus


@contextmanager
def ray_pool(workers: int | None, gpus: int | None) -> Iterator["RayPool"]:
    """A block with workers on the Ray cluster that runs here or is named by ``RAY_ADDRESS``.

    Nothing is started besides the workers: a cluster listens on the network, which is for its owner to want.

    Args:
        workers: As in ``room``.
        gpus: As in ``room``.

    Raises:
        RunError: Ray is not installed, no cluster runs, or it has no room.
    """
    try:
        import ray
    except ImportError:
        raise RunError("--on ray needs Ray; install it with: pip install 'mlake[ray]'") from None
    try:
        ray.init("auto", log_to_driver=False, logging_level="ERROR")
    except (ConnectionError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
        raise RunError(
            f"no Ray cluster can be reached: {str(error).splitlines()[0]}; start one with `ray start "
            "--head`, or name one in RAY_ADDRESS"
        ) from error
    try:
        nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
        yield RayPool(ray, *room(nodes, workers, gpus))
    finally:
        ray.shutdown()


class RayPool:
    """Workers as actors.

    Attributes:
        size: How many there are to be.
    """

    def __init__(self, ray: Any, size: int, cpus: int, gpus: int):
        self.size = size
        self._ray = ray
        self._make = ray.remote(Actor).options(num_cpus=cpus, num_gpus=gpus).remote
        self._made = 0
        self._lost = 0
        self._actors: dict[str, Any] = {}
        self._coming: dict[Any, str] = {}
        self._idle: list[str] = []
        self._at_work: dict[Any, str] = {}
        self._openings: dict[str, Any] = {}
        for _ in range(size):
            self._new()

    def outline(self, opening: Opening) -> Outline:
        """Have a worker open a run, and tell what it is; another one where it dies at that.

        Raises:
            MlakeError: It cannot be opened, or there is no worker.
        """
        while not self._idle:
            self._one_comes()
        worker = self._idle[0]
        try:
            found: Outline = self._ray.get(self._actors[worker].open.remote(opening))
        except self._ray.exceptions.RayTaskError as error:
            raise _cause(error) from None
        except self._ray.exceptions.RayError as error:
            raise RunError(
                f"a worker died when it loaded {opening.model!r}: {_line(error)}; give each more memory, or "
                "take fewer --workers or more --gpus"
            ) from error
        return found

    def idle(self) -> Collection[str]:
        """Names of the workers that wait for a job."""
        return tuple(self._idle)

    def start(self, worker: str, job: Job) -> None:
        """Give a job to an idle worker."""
        opening = job.opening
        if opening.key not in self._openings:
            self._openings[opening.key] = self._ray.put(opening)
        work = self._actors[worker].work.options(num_returns="streaming").remote
        files = work([self._openings[opening.key]], opening.key, job.spec, job.do, job.given())
        self._idle.remove(worker)
        self._at_work[files] = worker

    def wait(self) -> Event | None:
        """What happens next to a worker that has a job; None where one has become idle instead.

        Raises:
            RunError: There is no worker, and none comes.
        """
        if not self._at_work:
            self._one_comes()
            return None
        (ready,), _ = self._ray.wait([*self._at_work, *self._coming], num_returns=1)
        if ready in self._coming:
            self._came(ready)
            return None
        worker = self._at_work[ready]
        try:
            return Said(worker, self._ray.get(next(ready)))
        except StopIteration:
            self._idle.append(worker)
            del self._at_work[ready]
            return Done(worker)
        except self._ray.exceptions.RayTaskError as error:
            self._idle.append(worker)
            del self._at_work[ready]
            return Failed(worker, _cause(error))
        except self._ray.exceptions.RayError as error:
            del self._at_work[ready]
            self._actors.pop(worker)
            self._new()
            return Died(worker, _line(error))

    def _new(self) -> None:
        self._made += 1
        name = str(self._made)
        self._actors[name] = self._make(os.getcwd())
        self._coming[self._actors[name].ready.remote()] = name

    def _one_comes(self) -> None:
        ready, _ = self._ray.wait([*self._coming], num_returns=1, timeout=_PATIENCE)
        if not ready:
            raise RunError(
                f"no worker came up within {_PATIENCE:.0f} seconds: the cluster has no room left; what is "
                "finished is kept: see `ray status`, start nodes or end what else runs there, and run again"
            )
        self._came(ready[0])

    def _came(self, ready: Any) -> None:
        worker = self._coming.pop(ready)
        try:
            self._ray.get(ready)
        except self._ray.exceptions.RayTaskError as error:
            raise _cause(error) from None
        except self._ray.exceptions.RayError as error:
            self._lost += 1
            if self._lost >= _TRIES:
                raise RunError(
                    f"workers do not come up: {_line(error)}; what is finished is kept: install the "
                    "same mlake on all nodes, see `ray status`, and run again"
                ) from error
            self._actors.pop(worker)
            self._new()
        else:
            self._lost = 0
            self._idle.append(worker)


def _cause(error: Any) -> MlakeError:
    """What a worker raised.

    Raises:
        RayTaskError: That is no error of mlake's.
    """
    if isinstance(error.cause, MlakeError):
        return error.cause
    raise error


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
