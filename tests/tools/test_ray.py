"""Runs over a real Ray cluster of two nodes on this machine: the same bytes, whoever is killed."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest
import torch
from tests.conftest import ROOT
from tests.tools.conftest import PYTHON

pytestmark = pytest.mark.tools

RAY = PYTHON.parent / "ray"
PATIENCE = 1200.0  # seconds, for busy machines
FEW = (
    "--edit-lang",
    "en,de",
    "--test-lang",
    "en,ja",
    "--facts",
    "12",
    "--batch-size",
    "1",
    "--locality",
    "0",
)
RUN = ("run", "--data", "mini", "--method", "ft", *FEW, "--kinds", "direct", "--max-new-tokens", "3")


@dataclass(frozen=True)
class Cluster:
    """Two nodes of a CPU each.

    Attributes:
        env: Variables with which programs find it.
        nodes: The process that holds each node.
    """

    env: Mapping[str, str]
    nodes: list[subprocess.Popen[bytes]]

    def raylet(self, node: int) -> int:
        """Process id of what runs a node."""
        return next(pid for pid, name in children(self.nodes[node].pid) if "raylet" in name)

    def workers(self) -> list[int]:
        """Process ids of mlake's workers."""
        raylets = [self.raylet(node) for node in range(len(self.nodes))]
        return [pid for one in raylets for pid, name in children(one) if name.startswith("ray::Actor")]


def children(parent: int) -> Iterator[tuple[int, str]]:
    """The processes that a process has started: their ids and names."""
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if int((folder / "stat").read_text().rpartition(")")[2].split()[1]) == parent:
                yield int(folder.name), (folder / "cmdline").read_text()


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    if not RAY.exists() or not Path("/proc/self/stat").exists():
        pytest.skip("Ray is not installed; run make test-tools")
    folder = mkdtemp(prefix="ray")  # paths of sockets must be short
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    env = os.environ | {
        "MLAKE_CACHE": f"{folder}/cache",
        "OMP_NUM_THREADS": "1",
        # Ray's environment holds Ray alone; torch is in that of the tests.
        "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(Path(torch.__file__).parents[1])]),
        "RAY_ADDRESS": address,
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(32),
        "RAY_worker_niceness": "0",  # else whatever else runs comes first
        "RAY_memory_monitor_refresh_ms": "0",  # else workers die where other programs fill the memory
    }
    common = ("--block", "--num-cpus=1", "--node-ip-address=127.0.0.1", "--disable-usage-stats")
    head = ("--head", f"--port={address.split(':')[1]}", "--include-dashboard=false", f"--temp-dir={folder}")
    nodes = []
    for more in (head, (f"--address={address}",)):
        command = [str(RAY), "start", *common, *more]
        nodes.append(subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        until(lambda: any("raylet" in name for _, name in children(nodes[-1].pid)))
    yield Cluster(env, nodes)
    for node in reversed(nodes):
        node.terminate()
        node.wait()
    shutil.rmtree(folder, ignore_errors=True)


def until(there: Callable[[], bool]) -> None:
    """Wait for something."""
    start = time.monotonic()
    while not there():
        assert time.monotonic() - start < PATIENCE
        time.sleep(0.02)


def command(model: Path, out: Path, *more: str) -> list[str]:
    return [str(PYTHON), "-m", "mlake", *RUN, "--model", str(model), "--out", str(out), *more]


def started(cluster: Cluster, model: Path, out: Path) -> subprocess.Popen[str]:
    spread = command(model, out, "--on", "ray", "--workers", "2")
    return subprocess.Popen(
        spread, env=cluster.env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )


def here(cluster: Cluster, model: Path, out: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(model, out), env=cluster.env, capture_output=True, text=True, check=False)


def answered(folder: Path, count: int) -> Callable[[], bool]:
    return lambda: len(list(folder.glob("answers/*/*.jsonl"))) >= count


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


@pytest.fixture
def model(tiny_model: Any, tiny_lm: Any, tmp_path: Path) -> Path:
    """A folder with a tiny model in float32."""
    tiny_model("llama").to(torch.float32).save_pretrained(tmp_path / "model")
    tiny_lm("llama").tokenizer.save_pretrained(tmp_path / "model")
    return tmp_path / "model"


def test_a_worker_and_who_gives_out_the_work_are_killed(
    cluster: Cluster, model: Path, tmp_path: Path
) -> None:
    alone = here(cluster, model, tmp_path / "alone")
    assert alone.returncode == 0, alone.stderr
    first = started(cluster, model, tmp_path / "spread")
    until(answered(tmp_path / "spread", 4))
    os.kill(cluster.workers()[0], signal.SIGKILL)
    until(answered(tmp_path / "spread", 12))
    first.kill()
    first.communicate()
    assert not answered(tmp_path / "spread", 24 + 48)()
    second = started(cluster, model, tmp_path / "spread")
    _, said = second.communicate()
    assert second.returncode == 0, said
    assert contents(tmp_path / "spread") == contents(tmp_path / "alone")


def test_an_error_of_a_worker_is_the_one_of_a_run_here(cluster: Cluster, model: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    weights = load_file(model / "model.safetensors")
    save_file(
        {name: one * float("nan") for name, one in weights.items()},
        model / "model.safetensors",
        {"format": "pt"},
    )
    alone = here(cluster, model, tmp_path / "alone")
    spread = started(cluster, model, tmp_path / "spread")
    _, said = spread.communicate()
    assert alone.returncode == spread.returncode == 2
    assert said.splitlines()[-1] == alone.stderr.splitlines()[-1]
    assert "mlake: error: " in said.splitlines()[-1]


def test_a_node_is_lost(cluster: Cluster, model: Path, tmp_path: Path) -> None:
    run = started(cluster, model, tmp_path / "spread")
    until(answered(tmp_path / "spread", 4))
    os.kill(cluster.raylet(1), signal.SIGKILL)
    _, said = run.communicate()
    assert run.returncode == 0, said
    assert "died at " in said and "which another one does now" in said
    assert here(cluster, model, tmp_path / "alone").returncode == 0
    assert contents(tmp_path / "spread") == contents(tmp_path / "alone")
