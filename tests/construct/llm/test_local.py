"""A model on this machine as writer: a tiny random one."""

import json
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from mlake.construct.llm.asked import object_of
from mlake.construct.llm.calls import Call
from mlake.construct.llm.model import model_named
from mlake.data.faults import TEXT
from mlake.models.generate import ask


def test_a_local_model_is_loaded_once_and_asked_in_words(
    tiny_lm: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lm, opened = tiny_lm("llama"), []
    loading = import_module("mlake.models.load")  # the package has a function of that name
    monkeypatch.setattr(loading, "load", lambda name: opened.append(name) or lm)
    (tmp_path / "tiny").mkdir()
    path = tmp_path / "calls.jsonl"
    named: Any = {"prompts": None, "calls": path, "seed": 0}
    model = model_named(f"local:{tmp_path / 'tiny'}", ["en"], mode="record", **named)
    assert model is not None and model.name == "local:tiny" and not opened
    asked = ["Who is it?", "Where is it?"]
    calls = [Call(one, 1, one, object_of(question=TEXT), 4) for one in asked]
    for call in calls:
        model.calls.replies([call])
    assert model.calls.replies(calls) == ask(lm, asked, max_new_tokens=4)
    assert opened == [str(tmp_path / "tiny")]
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert {(row["kind"], row["model"], row["form"], row["fingerprint"]) for row in rows} == {
        ("local", "tiny", "text", lm.revision)
    }
