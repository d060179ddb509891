"""Several edits computed and asked under together: the same stored edits and answers as one by one."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from mlake.data.cache import cache_dir
from mlake.editing import editor, load_edit
from mlake.evaluation.plan import make_plan
from mlake.evaluation.run import run
from mlake.evaluation.session import engine_of
from mlake.evaluation.store import Store

from .worker import benchmark, make_spec


@pytest.mark.parametrize(("name", "batch_size"), [("rome", 1), ("rome", 2), ("memit", 1)])
def test_same_answers_and_edits(
    tiny_lm: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, batch_size: int
) -> None:
    monkeypatch.setenv("MLAKE_CACHE", str(tmp_path / "cache"))
    lm = tiny_lm("llama")
    method = editor(name, lm, layers=[0, 1] if name == "memit" else [1], steps=3, contexts=1)
    spec = make_spec(
        batch_size=batch_size, facts=(0, 3), locality=1, max_new_tokens=5, method=name, editor=method.config()
    )
    plan = make_plan(spec, benchmark())
    engine = engine_of(lm, method, spec, ["Some ordinary text.", "日本の首都は東京です。"], None)
    assert engine.together > 1 or batch_size > 1
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
        mine, theirs = load_edit(path), load_edit(many / path.relative_to(one))
        for layer, factors in mine.factors.items():
            dense = theirs.factors[layer].dense()
            torch.testing.assert_close(factors.dense(), dense, rtol=1e-5, atol=1e-7)
    assert cache_dir() == tmp_path / "cache"


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
