"""Recipes: what a file may say, flags over it, and those that are packaged."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from mlake.cli import main
from mlake.errors import MlakeError
from mlake.evaluation.store import read_run
from mlake.recipes import read_recipe, recipes


def test_recipe_and_flags_over_it(mlake: Callable[..., Result], tmp_path: Path) -> None:
    Path("mine.toml").write_text(
        'model = "demo"\ndata = "fake"\nmethod = "memit"\nedit-lang = ["en", "ja"]\nbatch_size = 2\n'
        'kinds = ["direct"]\nlocality = 1\n[set]\nsteps = 3\nlayers = [9]\nsite = "a b"\n'
    )
    result = mlake("mine.toml", "--batch-size", "1", "--out", "r")
    assert result.exit_code == 0, result.output
    spec = read_run(tmp_path / "r").spec
    assert (spec["model"], spec["batch_size"], spec["locality"]) == ("demo", 1, 1)
    assert spec["editor"] == {"steps": 3, "layers": [9], "site": "a b"}


def test_packaged_recipes_hold_known_flags() -> None:
    flags = {one.opts[0].lstrip("-").replace("-", "_") for one in main.get_command(None, "run").params}  # type: ignore
    for name in recipes():
        assert {"model", "data", "method"} <= set(read_recipe(name, flags))
    assert read_recipe("demo", flags)["test_lang"] == "en,de,fr,ja,zh"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("modell = 'x'", "unknown recipe key 'modell'; known: .* Did you mean 'model'"),
        ("model = ", "recipe .*bad.toml is no TOML"),
        ("set = 3", "'set' must be a table"),
        ("[model]\na = 1", "'model' must be a value, got a table"),
    ],
)
def test_bad_recipes(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "bad.toml").write_text(text)
    with pytest.raises(MlakeError, match=message):
        read_recipe(str(tmp_path / "bad.toml"), ["model", "set"])


def test_settings_of_a_recipe_keep_their_types(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text('[set]\nridge = 1e3\nsite = "a b"\nvalue = { clamp = 2.5 }')
    pairs = read_recipe(str(tmp_path / "own.toml"), ["set"])["set"]
    assert pairs == [("ridge", 1000.0), ("site", "a b"), ("value", {"clamp": 2.5})]


@pytest.mark.parametrize(
    "text",
    ["steps = 2026-01-01", "steps = 07:30:00", "steps = [2026-01-01]", "value = { clamp = 2026-01-01 }"],
)
def test_a_recipe_with_a_date_among_its_settings(
    mlake: Callable[..., Result], tmp_path: Path, text: str
) -> None:
    (tmp_path / "own.toml").write_text(
        f"model = 'demo'\ndata = 'mini'\nmethod = 'rome'\nedit-lang = 'en'\ntest-lang = 'en'\n[set]\n{text}\n"
    )
    key, _, value = text.partition(" = ")
    for given in ((str(tmp_path / "own.toml"),), ("demo", "--set", f"{key}={value}")):
        result = mlake(*given)
        assert result.exit_code == 2
        assert result.stderr.startswith(f"mlake: error: setting '{key}' holds a date or time")
        assert result.stderr.count("\n") == 1


def test_recipe_that_is_no_utf8(tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_bytes(b"model = '\xff'")
    with pytest.raises(MlakeError, match="is no TOML: 'utf-8' codec"):
        read_recipe(str(tmp_path / "bad.toml"), ["model"])
