"""The pool of Ray actors, with a stand-in for Ray that keeps to its calls."""

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mlake.cluster import on_ray
from mlake.cluster.jobs import Job
from mlake.cluster.on_ray import Actor, RayPool
from mlake.cluster.spread import Died, Done, Failed, Said, spread
from mlake.errors import EditError, MlakeError, RunError


class RayError(Exception):
    """Any error of Ray's."""


class RayTaskError(RayError):
    """What a task raised."""

    def __init__(self, cause: Exception):
        super().__init__(f"RayTaskError: {cause}")
        self.cause = cause


class Ref:
    """What comes of a call: a value or an error, known when it is asked for."""

    def __init__(self, make: Callable[[], Any]):
        self.make = make


class Files:
    """A stream of references; an error is the last."""

    def __init__(self, files: Iterator[Any]):
        self.files: Iterator[Any] = files

    def __next__(self) -> Ref:
        file = next(self.files)
        return Ref(lambda: file) if not isinstance(file, Exception) else Ref(_raising(file))


def _raising(error: Exception) -> Callable[[], Any]:
    def make() -> Any:
        raise error

    return make


class Ray:
    """Actors that do what is written down for each job; some never come up."""

    def __init__(self, said: dict[str, list[list[Any]]], broken: int = 0):
        self.exceptions = SimpleNamespace(RayError=RayError, RayTaskError=RayTaskError)
        self.said, self.broken = said, broken
        self.options_of: dict[str, float] = {}

    def remote(self, kind: Any) -> Any:
        assert kind is Actor
        return SimpleNamespace(options=self.options)

    def options(self, **given: Any) -> Any:
        self.options_of.update(given)
        return SimpleNamespace(remote=self.actor)

    def actor(self, folder: str) -> Any:
        assert Path(folder).is_dir()
        self.broken -= 1
        up = Ref((lambda: None) if self.broken < 0 else _raising(RayError("no module named mlake")))
        work = SimpleNamespace(options=lambda num_returns: SimpleNamespace(remote=self.work))
        return SimpleNamespace(ready=SimpleNamespace(remote=lambda: up), work=work)

    def work(self, opening: list[Any], key: str, spec: Any, name: Any, given: Any) -> Files:
        assert isinstance(opening[0], Ref) and given == {}
        return Files(iter(self.said[name].pop(0)))

    def put(self, value: Any) -> Ref:
        return Ref(lambda: value)

    def get(self, ref: Ref) -> Any:
        return ref.make()

    def wait(self, refs: list[Any], *, num_returns: int, timeout: float | None = None) -> Any:
        return refs[:num_returns], refs[num_returns:]


def job(name: str) -> Job:
    do: Any = name  # a name in place of what is done, which the stand-in looks up
    opening: Any = SimpleNamespace(key="run")
    return Job(name, opening, SimpleNamespace(), do, Path(), lambda: iter(()))  # type: ignore[arg-type]


def test_files_ends_errors_and_deaths_are_told_apart() -> None:
    ray = Ray(
        {"a": [[("x", b"1")]], "b": [[RayTaskError(EditError("NaN"))]], "c": [[RayError("killed\nby")]]}
    )
    pool = RayPool(ray, 1, cpus=3, gpus=2)
    assert ray.options_of == {"num_cpus": 3, "num_gpus": 2}
    assert pool.wait() is None and list(pool.idle()) == ["1"]
    pool.start("1", job("a"))
    assert not pool.idle()
    assert pool.wait() == Said("1", ("x", b"1"))
    assert pool.wait() == Done("1") and list(pool.idle()) == ["1"]
    pool.start("1", job("b"))
    failed = pool.wait()
    assert isinstance(failed, Failed) and isinstance(failed.error, EditError) and list(pool.idle()) == ["1"]
    pool.start("1", job("c"))
    assert pool.wait() == Died("1", "killed by") and not pool.idle()
    assert pool.wait() is None and list(pool.idle()) == ["2"], "another one in its place"


def test_an_error_that_is_none_of_ours_is_raised_as_it_is() -> None:
    pool = RayPool(Ray({"a": [[RayTaskError(KeyError("a bug"))]]}), 1, cpus=1, gpus=0)
    pool.wait()
    pool.start("1", job("a"))
    with pytest.raises(RayTaskError, match="a bug"):
        pool.wait()


def test_all_jobs_are_done_though_workers_die() -> None:
    said: dict[str, list[list[Any]]] = {
        name: [[("x", b""), RayError("lost")], [("y", b"")]] for name in "abcd"
    }
    pool, taken = RayPool(Ray(said), 2, cpus=1, gpus=0), list[str]()
    spread([job(name) for name in "abcd"], pool, lambda one, file: taken.append(one.name + file[0]), print)
    assert sorted(taken) == ["ax", "ay", "bx", "by", "cx", "cy", "dx", "dy"]


def test_workers_that_cannot_start_are_told() -> None:
    pool = RayPool(Ray({}, broken=2), 1, cpus=1, gpus=0)
    for _ in range(3):
        pool.wait()
    assert list(pool.idle()) == ["3"], "two tries more"
    pool = RayPool(Ray({}, broken=3), 1, cpus=1, gpus=0)
    with pytest.raises(RunError, match=r"workers do not come up: no module named mlake; .* install"):
        for _ in range(3):
            pool.wait()


def test_a_cluster_without_room_is_not_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    ray = Ray({})
    monkeypatch.setattr(ray, "wait", lambda refs, **_: ([], refs))
    with pytest.raises(RunError, match="no worker came up within 300 seconds: the cluster has no room left"):
        RayPool(ray, 1, cpus=1, gpus=0).wait()
    assert on_ray._PATIENCE == 300


def test_what_cannot_be_planned_is_one_line() -> None:
    ray = Ray({})
    pool = RayPool(ray, 1, cpus=1, gpus=0)
    opening: Any = SimpleNamespace(model="demo")
    for error, kind, message in (
        (RayTaskError(EditError("no such layer")), EditError, "no such layer"),
        (
            RayError("memory\nfull"),
            RunError,
            "a worker died when it loaded 'demo': memory full; give",
        ),
    ):
        if not pool.idle():
            pool.wait()
        actor: Any = SimpleNamespace(open=SimpleNamespace(remote=lambda _, e=error: Ref(_raising(e))))
        pool._actors["1"] = actor
        with pytest.raises(MlakeError, match=message) as said:
            pool.outline(opening)
        assert type(said.value) is kind and "\n" not in str(said.value)
