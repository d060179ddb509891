"""Weights in fewer bits, with torchao and bitsandbytes at hand, without which tests of models skip theirs.

Both are in a folder of their own: whatever imports transformers where they are installed waits for them.
"""

import os
import subprocess
import sys

import pytest
from tests.conftest import ROOT

pytestmark = pytest.mark.tools

FOLDER = ROOT / "build" / "quantised"


def test_quantised_models_are_asked_and_not_edited() -> None:
    if not FOLDER.exists():
        pytest.skip("torchao and bitsandbytes are not installed; run make test-tools")
    paths = os.pathsep.join([str(FOLDER), str(ROOT / "src")])
    command = [sys.executable, "-m", "pytest", "-vv", "tests/models/test_quantised.py"]
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | {"PYTHONPATH": paths}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    assert all(f"edited[{how}] PASSED" in done.stdout for how in ("torchao", "bitsandbytes")), done.stdout
