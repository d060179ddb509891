"""Everything that a stranger adds, registered one row each, and a tiny model to drive it with."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from tests.contract import dummies

from mlake.cli import main
from mlake.data import DATASETS
from mlake.editing.edits.files import EDITS
from mlake.editing.methods import EDITORS
from mlake.kinds import KINDS
from mlake.languages import LANGUAGES
from mlake.report.views import VIEWS
from mlake.scorers.table import SCORERS

Command = Callable[..., Result]


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    """One line for each thing that was added: this is all that mlake is told of them."""
    for method in dummies.METHODS:
        monkeypatch.setitem(EDITORS, method.name, method)
    monkeypatch.setitem(EDITS, dummies.Shift.format, dummies.Shift)
    monkeypatch.setitem(SCORERS, dummies.SHOUTS.name, dummies.SHOUTS)
    monkeypatch.setitem(KINDS, dummies.RIDDLE.name, dummies.RIDDLE)
    for language in dummies.ADDED:
        monkeypatch.setitem(LANGUAGES, language.code, language)
    monkeypatch.setitem(VIEWS, dummies.LONGEST.name, dummies.LONGEST)
    monkeypatch.setitem(DATASETS, dummies.STARS.name, dummies.STARS)


@pytest.fixture(scope="package")
def model(tiny_lm: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny Llama with its tokenizer, as a checkpoint."""
    lm, folder = tiny_lm("llama"), tmp_path_factory.mktemp("model")
    lm.model.config.max_position_embeddings = 512  # for long answers behind lines of facts
    lm.model.float().save_pretrained(folder)
    lm.tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture
def mlake_(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Command]:
    """``mlake_(word, …)``: a command line, run in a folder of its own."""
    monkeypatch.setenv("MLAKE_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)

    def command(*words: object) -> Result:
        return CliRunner().invoke(main, [str(word) for word in words], catch_exceptions=False)

    yield command
