"""A search on a tiny model and a few of the packaged facts."""

from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from mlake.cli.lazy import LazyGroup
from mlake.tuning import search

FLAGS = (
    "--data", "mini", "--facts", "4", "--test-lang", "en,de", "--max-new-tokens", "4", "--out", "out",
)  # fmt: skip


@pytest.fixture(scope="session")
def tiny_folder(tiny_lm: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny Llama with its tokenizer, as a checkpoint."""
    lm, folder = tiny_lm("llama", layers=4), tmp_path_factory.mktemp("model")
    lm.model.float().save_pretrained(folder)
    lm.tokenizer.save_pretrained(folder)
    return folder  # type: ignore[no-any-return]


@pytest.fixture
def tune(tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """``tune(*flags)``: run the command in a folder of its own."""
    monkeypatch.setenv("MLAKE_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    ticks = count()
    monkeypatch.setattr(search, "monotonic", lambda: next(ticks) / 10)  # so that no load changes what is done
    table = {"tune": ("mlake.cli.tune:tune", "Find settings of a method for a model.")}

    def run(*flags: str, method: str = "memit") -> Result:
        base = ["tune", "--model", str(tiny_folder), "--method", method, *FLAGS, *flags]
        return CliRunner().invoke(LazyGroup("mlake", table=table), base, catch_exceptions=False)

    return run
