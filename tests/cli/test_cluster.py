"""``--on``: what does not go together, what cannot be had, and a run and a reproduction over workers."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner, Result
from tests.cluster.here import Here

import mlake.models
from mlake.cli import main
from mlake.cluster import on_ray
from mlake.evaluation.store import read_run

LANGS = ("--edit-lang", "en", "--test-lang", "en,de")
RUN = ("run", "--model", "tiny", "--data", "mini", "--method", "ft", *LANGS)
FEW = ("--facts", "2", "--batch-size", "1", "--locality", "0", "--max-new-tokens", "2")
SERVED = "openai:http://127.0.0.1:1/v1#m"


def called(*arguments: object) -> Result:
    return CliRunner().invoke(main, list(map(str, arguments)), catch_exceptions=False)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            (*RUN, "--workers", "2"),
            "--workers is of workers on a cluster, and all is done here; give --on ray",
        ),
        ((*RUN, "--gpus", "1"), "--gpus is of workers on a cluster"),
        ((*RUN, "--on", "ray", "--dry-run"), "--dry-run measures this machine, not those of a cluster"),
        ((*RUN, "--model", SERVED, "--on", "ray"), f"'{SERVED}' is asked on its server, many questions at a"),
        (("reproduce", "table1", "--workers", "2"), "--workers is of workers on a cluster"),
        (("reproduce", "table1", "--dry-run", "--on", "ray"), "--dry-run measures this machine"),
        (("reproduce", "table4", "--model", SERVED, "--on", "ray"), "is asked on its server"),
        ((*RUN, "--keep", "merged", "--on", "ray"), "--keep is written by one machine; give it without"),
        ((*RUN, "--method", "memitt", "--on", "ray"), "unknown method 'memitt'"),
        ((*RUN, "--on", "ray"), "--on ray needs Ray; install it with: pip install 'mlake[ray]'"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(
    arguments: Any, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    result = called(*arguments)
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1 and message in result.stderr


def test_without_a_cluster_it_is_said_how_to_start_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def init(*_: Any, **__: Any) -> None:
        raise ConnectionError("Could not find any running Ray instance.\nPlease specify")

    exceptions = SimpleNamespace(RayError=LookupError)
    monkeypatch.setitem(sys.modules, "ray", SimpleNamespace(init=init, exceptions=exceptions))
    result = called(*RUN, "--on", "ray")
    assert result.exit_code == 2 and result.stderr.count("\n") == 1
    assert (
        "no Ray cluster can be reached: Could not find any running Ray instance.; start one" in result.stderr
    )


@pytest.fixture
def pool(tiny_lm: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Here:
    """Workers in this process in place of Ray's, with a tiny model whatever its name."""
    here = Here(2)

    @contextmanager
    def ray_pool(workers: int | None, gpus: int | None) -> Iterator[Here]:
        assert (workers, gpus) == (2, None)
        yield here

    monkeypatch.setenv("MLAKE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(on_ray, "ray_pool", ray_pool)
    monkeypatch.setattr(mlake.models, "load", lambda name, **_: replace(tiny_lm("llama"), name=name))
    monkeypatch.setattr("mlake.reproduce.work.load", lambda name, **_: replace(tiny_lm("llama"), name=name))
    return here


def written(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_run_over_workers_writes_what_a_run_here_writes(pool: Here, tmp_path: Path) -> None:
    here = called(*RUN, *FEW, "--out", tmp_path / "here")
    there = called(*RUN, *FEW, "--out", tmp_path / "there", "--on", "ray", "--workers", "2")
    assert here.exit_code == there.exit_code == 0, there.output
    assert there.stdout == here.stdout.replace(str(tmp_path / "here"), str(tmp_path / "there"))
    assert written(tmp_path / "there") == written(tmp_path / "here")
    assert not read_run(tmp_path / "there").missing()
    assert {worker for worker, _ in pool.did} == {"0", "1"}


def test_a_reproduction_over_workers_makes_what_one_here_makes(pool: Here, tmp_path: Path) -> None:
    table = ("reproduce", "table4", "--model", "tiny", "--data", "mini", *FEW)
    here = called(*table, "--out", tmp_path / "here")
    there = called(*table, "--out", tmp_path / "there", "--on", "ray", "--workers", "2")
    assert here.exit_code == there.exit_code == 0, there.output
    found, expected = written(tmp_path / "there"), written(tmp_path / "here")
    assert found.keys() == expected.keys()
    runs = [name for name in expected if name.startswith("runs/")]
    assert runs and all(found[name] == expected[name] for name in runs)
    assert {worker for worker, _ in pool.did} == {"0", "1"}
