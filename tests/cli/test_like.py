"""``--like`` and ``--settings`` of ``mlake run``, in recipes and from Python."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import mlake
from mlake.cli import main

RECIPE = """
model = "{model}"
data = "mini"
method = "memit"
like = "easyedit"
settings = "mine.toml"
edit-lang = ["en"]
test-lang = ["en"]
facts = 2
[set]
steps = 3
corpus = "statements"
"""


@pytest.fixture
def model(tiny_lm: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tiny Llama as a checkpoint, in a folder of the test's own."""
    monkeypatch.setenv("MLAKE_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    lm = tiny_lm("llama")
    lm.model.float().save_pretrained("model")
    lm.tokenizer.save_pretrained("model")
    Path("mine.toml").write_text("steps = 9\nclamp = 2\n", encoding="utf-8")
    Path("mine-recipe.toml").write_text(RECIPE.format(model="model"), encoding="utf-8")
    return tmp_path / "model"


def told(*arguments: str) -> dict[str, str]:
    """What a dry run says, by its first word."""
    result = CliRunner().invoke(main, ["run", *arguments, "--dry-run"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return {line.split(maxsplit=1)[0]: line.split(maxsplit=1)[-1] for line in result.stdout.splitlines()}


def test_a_recipe_names_a_preset_and_a_file_and_flags_beat_both(model: Path) -> None:
    said = told("mine-recipe.toml")
    assert json.loads(said["memit.origin"]) == {
        "like": "easyedit", "set": ["corpus", "steps"], "settings": ["clamp", "steps"]
    }  # fmt: skip
    value = json.loads(said["memit.value"])
    assert (value["steps"], value["clamp"], said["memit.prompt"]) == (3, 2.0, "bare")
    assert "hparams/MEMIT/llama-7b.yaml, layers scaled from 32 blocks to 3" in said["defaults"]
    flagged = told("mine-recipe.toml", "--set", "corpus=statements", "--set", "clamp=1")
    assert json.loads(flagged["memit.value"])["clamp"] == 1.0
    plain = told("mine-recipe.toml", "--method", "rome", "--like", "", "--set", "steps=2")
    assert "rome.origin" in plain and plain["rome.prompt"] == "question"


def test_a_preset_without_its_text_is_refused_before_the_model_loads(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    for name, message in (("memit", "needs the datasets package"), ("mend", "mend has no presets")):
        flags = ["--model", "/nowhere", "--data", "mini", "--method", name, "--like", "easyedit"]
        result = CliRunner().invoke(main, ["run", *flags], catch_exceptions=False)
        assert result.exit_code == 2 and message in result.stderr
        assert len(result.stderr.strip().splitlines()) == 1


def test_from_python_the_results_say_so(
    tiny_lm: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLAKE_CACHE", str(tmp_path / "cache"))
    few: dict[str, Any] = {"steps": 1, "layers": [1], "corpus": "statements", "corpus_tokens": 500}
    found = mlake.run(
        tiny_lm(), "mini", method="memit", like="easyedit", settings=few, edit_langs="en", test_langs="en",
        facts=2, kinds="direct", locality=0, max_new_tokens=2, out=tmp_path / "run", progress=False,
    )  # fmt: skip
    assert found.spec["editor"]["origin"]["like"] == "easyedit" and found.spec["editor"]["contexts"] == [10]
    assert "like easyedit, but second moments are measured on statements, not on Wikipedia" in found.notes
