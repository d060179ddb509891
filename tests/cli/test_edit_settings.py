"""Settings of ``mlake edit``: in flags, in files and from presets."""

import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from tests.cli.conftest import SAGAN

from mlake.cli.settings import setting, settings_of
from mlake.editing import load_edit
from mlake.errors import RunError


def test_flags_beat_the_file_beats_the_preset(edit: Callable[..., Result]) -> None:
    Path("mine.toml").write_text("clamp = 2\nsteps = 9\nkey-mean = 'halves'\n", encoding="utf-8")
    result = edit([SAGAN], "--like", "easyedit", "--settings", "mine.toml")
    assert result.exit_code == 0, result.output
    told = load_edit(Path("out/edit.safetensors")).report["method"]
    assert (told["value"]["steps"], told["value"]["clamp"], told["key_mean"]) == (2, 2.0, "halves")
    assert (told["prompt"], told["essence"], told["contexts"]) == ("bare", "english", 1)
    assert told["origin"] == {
        "like": "easyedit",
        "settings": ["clamp", "key_mean", "steps"],
        "set": ["contexts", "corpus_tokens", "steps"],
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "cannot read the settings mine.toml: No such file or directory; give a TOML file"),
        ("steps 9", "mine.toml is no TOML: .*; write lines such as steps = 25"),
        ("[set]\nsteps = 9", r"mine.toml holds a table \[set\]; expected lines such as steps = 25"),
        ("stepz = 9", "unknown setting of rome 'stepz'; known: .* Did you mean 'steps'"),
        ("steps = 2026-01-01", "setting 'steps' holds a date or time"),
        ("clamp = -1", "setting clamp takes a number from 0 up, got -1"),
        ("clamp = 1\n[made]\nmethod = 'memit'", "mine.toml holds settings for 'memit', not for 'rome'"),
    ],
)
def test_bad_files_of_settings_take_one_line(
    edit: Callable[..., Result], text: str | None, message: str
) -> None:
    if text is not None:
        Path("mine.toml").write_text(text, encoding="utf-8")
    result = edit([SAGAN], "--settings", "mine.toml")
    assert result.exit_code == 2 and re.search(message, result.stderr), result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def test_without_wikipedia_the_preset_refuses_in_one_line(
    edit: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    result = edit([SAGAN], "--method", "memit", "--like", "easyedit")
    assert result.exit_code == 2 and len(result.stderr.strip().splitlines()) == 1
    assert "needs the datasets package" in result.stderr and "--set corpus=file:PATH" in result.stderr
    result = edit([SAGAN], "--method", "memit", "--like", "easyedit", "--set", "corpus=statements")
    assert result.exit_code == 0, result.output
    report = load_edit(Path("out/edit.safetensors")).report
    assert report["corpus"]["name"] == "statements" and len(report["corpus"]["sha256"]) == 64


def test_settings() -> None:
    pairs = ["steps=2", "corpus-tokens = 10", "layers=[1, 2]", "ridge=1e3", "corpus=file:~/a-b/c.txt"]
    pairs += ["trained=/tmp/1/a.safetensors"]
    assert settings_of(map(setting, [*pairs, "prompt=sentence", 'contexts=["A b. "]']), no_subject=True) == {
        "key": "question",
        "steps": 2,
        "corpus_tokens": 10,
        "layers": [1, 2],
        "ridge": 1000.0,
        "corpus": "file:~/a-b/c.txt",
        "trained": "/tmp/1/a.safetensors",
        "prompt": "sentence",
        "contexts": ["A b. "],
    }
    assert settings_of([], no_subject=False) == {}
    for name in ("like", "settings"):
        with pytest.raises(RunError, match=f"'{name}' is no setting of a method; write --{name}"):
            settings_of([(name, "easyedit")], no_subject=False)


@pytest.mark.parametrize("path", ["/a", "./a.b", "../a", "a/b", "/"])
def test_a_path_needs_no_quotes(path: str) -> None:
    assert setting(f"trained={path}") == setting(f"trained='{path}'") == ("trained", path)


@pytest.mark.parametrize(
    "pair", ["rate=.5", "a=..b", "a=...", "steps", "=2", "steps=", "layers=1,2", "a=1\nb=2", "a=b c"]
)
def test_settings_that_are_none(pair: str) -> None:
    with pytest.raises(RunError, match="--set") as caught:
        setting(pair)
    assert "\n" not in str(caught.value)
