"""Methods whose edits stand beside the weights, from one row each: edited, asked, run and refused in time."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner, Result

from mlake.cli import main
from mlake.editing import EDITORS, load_edit
from mlake.editing.edits.context import ContextEdit
from mlake.editing.edits.side import SideEdit
from mlake.editing.method import Method, Progress
from mlake.models.hooks import watched_input
from mlake.models.lm import LM
from mlake.records import Statement

FACTS = (
    ("sagan", "Where did Carl Sagan work?", "Carl Sagan", "BBC"),
    ("schiller", "Where did Schiller work?", "Schiller", "Bonn"),
)


@dataclass(frozen=True, slots=True)
class InPrompt(Method):
    """Facts as lines of the prompt."""

    def edit(
        self,
        lm: LM,
        statements: Sequence[Statement],
        /,
        *,
        text: Sequence[str] = (),
        history: Sequence[Any] = (),
        progress: Progress = lambda done: None,
    ) -> ContextEdit:
        lines = tuple(f"{one.question} {one.new}" for one in statements)
        return ContextEdit(lines, {"method": self.config()})


@dataclass(frozen=True, slots=True)
class Beside(Method):
    """A random value for each fact's prompt, behind block 1."""

    size: float = 100.0

    def edit(
        self,
        lm: LM,
        statements: Sequence[Statement],
        /,
        *,
        text: Sequence[str] = (),
        history: Sequence[Any] = (),
        progress: Progress = lambda done: None,
    ) -> SideEdit:
        seen: list[torch.Tensor] = []
        for one in statements:
            ids = lm.tokenizer(lm.style.prompt(one.question))["input_ids"]
            with torch.no_grad(), watched_input(lm.layers[1], seen.append):
                lm.model.base_model(torch.tensor([ids]), use_cache=False)
        centres = torch.stack([hidden[0, -1] for hidden in seen])
        random = torch.Generator().manual_seed(3)
        values = torch.randn(centres.shape, generator=random) * self.size
        return SideEdit(1, centres, values, torch.full((len(centres),), 1e-3), {"method": self.config()})


@pytest.fixture(params=["in-prompt", "beside", "ice", "remake"])
def method(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    for row in (InPrompt("in-prompt", title="In the prompt"), Beside("beside")):
        monkeypatch.setitem(EDITORS, row.name, row)
    return str(request.param)


@pytest.fixture
def mlake(tiny_lm: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """``mlake(*arguments)`` in a folder with ``model`` and ``my.jsonl``."""
    monkeypatch.setenv("MLAKE_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    lm = tiny_lm()
    lm.model.float().save_pretrained("model")
    lm.tokenizer.save_pretrained("model")
    rows = [dict(zip(("fact", "question", "subject", "new_answer"), one, strict=True)) for one in FACTS]
    Path("my.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return lambda *arguments: CliRunner().invoke(main, arguments, catch_exceptions=False)


def edited(mlake: Callable[..., Result], method: str, *flags: str) -> Result:
    base = ("edit", "--model", "./model", "--facts", "my.jsonl", "--out", "out", "--price", "none")
    return mlake(*base, "--max-new-tokens", "4", "--method", method, *flags)


def test_the_model_that_the_edit_yields_is_asked(mlake: Callable[..., Result], method: str) -> None:
    result = edited(mlake, method)
    assert result.exit_code == 0, result.output
    rows = json.loads(Path("out/answers.json").read_text(encoding="utf-8"))
    assert all(row["before"] != row["after"] for row in rows)
    assert load_edit("out/edit.safetensors").report["method"]["name"] == method


@pytest.mark.parametrize(("flag", "message"), [("--merge", "--merge writes edited"), ("--peft", "--peft")])
def test_what_the_edit_cannot_become_is_refused_before_anything_is_written(
    mlake: Callable[..., Result], method: str, flag: str, message: str
) -> None:
    result = edited(mlake, method, flag)
    assert result.exit_code == 2
    (line,) = [one for one in result.stderr.splitlines() if one.startswith("mlake: error: ")]
    assert message in line and method in line and not Path("out").exists()


@pytest.mark.slow
def test_a_run_asks_under_one_edit_at_a_time_and_is_reported(
    mlake: Callable[..., Result], method: str
) -> None:
    settings = ("--model", "./model", "--data", "my.jsonl", "--batch-size", "1", "--kinds", "direct")
    flags = ("--locality", "0", "--max-new-tokens", "4", "--out", "run", "--method", method)
    result = mlake("run", *settings, *flags)
    assert result.exit_code == 0, result.output
    assert len(list(Path("run/edits").rglob("*.safetensors"))) == 2
    assert len(list(Path("run/examined").rglob("*.safetensors"))) == 2
    answers = [path.read_text(encoding="utf-8") for path in sorted(Path("run").rglob("*.json*"))]
    again = mlake("run", *settings, *flags)
    assert again.exit_code == 0
    assert answers == [path.read_text(encoding="utf-8") for path in sorted(Path("run").rglob("*.json*"))]
    assert "operations" in mlake("run", *settings, *flags, "--dry-run").stdout


def test_a_listed_method_says_its_title(mlake: Callable[..., Result], method: str) -> None:
    rows = {row["name"]: row for row in json.loads(mlake("list", "methods", "--json").stdout)}
    titles = {"in-prompt": "In the prompt", "ice": "ICE", "remake": "ReMaKE"}
    assert rows[method]["title"] == titles.get(method, method)


def test_a_memory_answers_what_it_knows_and_leaves_the_rest(mlake: Callable[..., Result]) -> None:
    assert edited(mlake, "remake", "--set", "retriever=tfidf").exit_code == 0
    asked = (
        "ask",
        "--model",
        "./model",
        "--json",
        "--max-new-tokens",
        "4",
        FACTS[0][1],
        "Why is snow white?",
    )
    before, after = (
        [one["answer"] for one in json.loads(mlake(*asked, *more).stdout)["answers"]]
        for more in ((), ("--edit", "out"))
    )
    assert before[0] != after[0] and before[1] == after[1]
