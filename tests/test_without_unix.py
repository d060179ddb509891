"""mlake asks nothing of Unix: it imports, runs, locks and scores with ``fcntl`` and ``os.fork`` hidden."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
HIDDEN = """
import os, sys
sys.modules["fcntl"] = None
del os.fork
"""
IMPORTS = """
import importlib, pkgutil, mlake
names = [found.name for found in pkgutil.walk_packages(mlake.__path__, "mlake.")]
for name in names:
    if not name.endswith(("__main__", "inspect_task")):  # Inspect loads that one
        importlib.import_module(name)
print(len(names))
"""
SCORES = """
from pathlib import Path
from mlake.cli import main
from mlake.errors import RunError
from mlake.evaluation.plan import make_plan
from mlake.evaluation.run import run
from mlake.evaluation.store import Store
from tests.evaluation.worker import Fakes, benchmark, make_spec
folder, spec = Path(sys.argv[1]), make_spec()
with Store.open(folder, spec) as store:
    run(make_plan(spec, benchmark()), store, Fakes().engine())
    try:
        with Store.open(folder, spec):
            print("opened twice")
    except RunError as error:
        print(error)
main(["score", str(folder)])
"""


def said(code: str, *arguments: str) -> str:
    """What a process without ``fcntl`` and ``os.fork`` prints."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", HIDDEN + code, *arguments],
        cwd=ROOT, capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_every_module_is_imported() -> None:
    assert int(said(IMPORTS)) > 100


def test_a_run_is_locked_and_scored(tmp_path: Path) -> None:
    text = said(SCORES, str(tmp_path / "run"))
    assert "another process runs in" in text and "opened twice" not in text
    assert "Direct questions" in text
