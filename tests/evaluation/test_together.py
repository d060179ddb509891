"""Several edits computed and asked under together: the same stored edits and answers as one by one."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from mlake.disk import cache_dir
from mlake.editing import editor, load_edit
from mlake.evaluation.plan import make_plan
from mlake.evaluation.run import run
from mlake.evaluation.session import engine_of
from mlake.evaluation.store import Store

from .worker import benchmark, make_spec


@pytest.mark.parametrize(("name", "batch_size"), [("rome", 1), ("rome", 2), ("memit", 1), ("alphaedit", 2)])
@pytest.mark.slow
def test_same_answers_and_edits(
    tiny_lm: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, batch_size: int
) -> None:
    monkeypatch.setenv("MLAKE_CACHE", str(tmp_path / "cache"))
    lm = tiny_lm("llama")
    layers = [1] if name == "rome" else [0, 1]
    method = editor(name, lm, layers=layers, steps=3, contexts=1, null_threshold=1e-2)
    spec = make_spec(
        batch_size=batch_size, facts=(0, 3), locality=1, max_new_tokens=5, method=name, editor=method.config()
    )
    plan = make_plan(spec, benchmark())
    engine = engine_of(lm, method, spec, ["Some ordinary text.", "日本の首都は東京です。"], None)
    assert engine.together > 1
    folders = []
    for together in (1, 4):
        folder = tmp_path / f"{together}"
        with Store.open(folder, spec) as store:
            run(plan, store, replace(engine, together=together))
        folders.append(folder)
    one, many = folders
    answers = sorted(path.relative_to(one) for path in (one / "answers").rglob("*.jsonl"))
    assert len(answers) == len(list(plan.units))
    for path in answers:
        assert (one / path).read_bytes() == (many / path).read_bytes()
    for path in sorted((one / "edits").rglob("*.safetensors")):
        mine: Any = load_edit(path)
        theirs: Any = load_edit(many / path.relative_to(one))
        for layer, factors in mine.factors.items():
            dense = theirs.factors[layer].dense()
            torch.testing.assert_close(factors.dense(), dense, rtol=1e-5, atol=1e-7)
    assert cache_dir() == tmp_path / "cache"


@pytest.mark.parametrize(
    ("name", "batch_size", "device", "expected"),
    [
        ("memit", 1, "cpu", 64),
        ("memit", 30, "cuda", 2),
        ("alphaedit", 63, "cpu", 1),
        ("emmet", 100, "cuda", 1),
        ("rome", 1, "cpu", 64),
        ("rome", 100, "cpu", 4),
        ("rome", 100, "cuda", 16),
        ("r-rome", 1, "cuda", 64),
        ("rome", 100, "mps", 1),
        ("stableke", 1, "cuda", 1),
    ],
)
def test_how_many_go_together(name: str, batch_size: int, device: str, expected: int) -> None:
    lm: Any = SimpleNamespace(device=torch.device(device), at_hand=True)
    spec = make_spec(batch_size=batch_size)
    assert engine_of(lm, editor(name), spec, [], None).together == expected
    assert engine_of(lm, None, spec, [], None).together == 1


def test_a_stopped_run_goes_on(tiny_lm: Any, tmp_path: Path) -> None:
    lm = tiny_lm("qwen2")
    method = editor("rome", lm, layers=[1], steps=2, contexts=0)
    spec = make_spec(batch_size=1, facts=(0, 3), locality=0, max_new_tokens=4, method="rome")
    plan = make_plan(spec, benchmark())
    engine = replace(engine_of(lm, method, spec, [], None), together=2)
    asked: list[int] = []

    def stopping(*arguments: Any) -> Any:
        if len(asked) == 2:
            raise KeyboardInterrupt
        asked.append(len(arguments[2]))
        return engine.many(*arguments)  # type: ignore[misc]

    with pytest.raises(KeyboardInterrupt), Store.open(tmp_path / "run", spec) as store:
        run(plan, store, replace(engine, many=stopping))
    done = {path: path.stat().st_mtime_ns for path in (tmp_path / "run/answers").rglob("*.jsonl")}
    with Store.open(tmp_path / "run", spec) as store:
        run(plan, store, engine)
    with Store.open(tmp_path / "whole", spec) as store:
        run(plan, store, engine)
    for path in (tmp_path / "whole/answers").rglob("*.jsonl"):
        again = tmp_path / "run" / path.relative_to(tmp_path / "whole")
        assert again.read_bytes() == path.read_bytes()
    assert len(asked) == 2 and all(path.stat().st_mtime_ns == when for path, when in done.items())


def test_a_group_is_asked_whole_whatever_is_stored(tiny_lm: Any, tmp_path: Path) -> None:
    lm = tiny_lm("llama")
    method = editor("rome", lm, layers=[1], steps=2, contexts=0)
    spec = make_spec(batch_size=1, facts=(0, 3), locality=0, max_new_tokens=4, method="rome")
    plan = make_plan(spec, benchmark())
    engine = replace(engine_of(lm, method, spec, [], None), together=4)
    folder, asked = tmp_path / "run", []

    def counting(*arguments: Any) -> Any:
        asked.append(len(arguments[2]))
        return engine.many(*arguments)  # type: ignore[misc]

    def finish() -> dict[Path, bytes]:
        with Store.open(folder, spec) as store:
            run(plan, store, replace(engine, many=counting))
        return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    whole, first = finish(), asked.copy()
    (folder / "answers/en/001-ja.jsonl").unlink()
    (folder / "edits/de/000.safetensors").unlink()
    asked.clear()
    assert finish() == whole
    assert asked and set(asked) <= set(first) and sum(asked) < sum(first)
    asked.clear()
    finish()
    assert not asked
