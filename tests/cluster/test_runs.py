"""Runs over workers of this process: the bytes of a run on one machine, whoever dies."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tests.cluster.here import Here
from tests.evaluation.test_session import settings
from tests.evaluation.worker import Fakes, benchmark, make_spec

import mlake.models
from mlake.analysis.examine import examine, keep_ability
from mlake.analysis.forced_run import keep_forced
from mlake.cluster.runs import SpreadRun, carry_out, run_of
from mlake.errors import ModelError, RunError
from mlake.evaluation.missing import Shape, parts
from mlake.evaluation.plan import make_plan
from mlake.evaluation.run import run
from mlake.evaluation.session import Session
from mlake.evaluation.store import Store

GIVEN: dict[str, Any] = {"edit_langs": "en,de", "test_langs": "en,ja", "batch_size": 1, "max_new_tokens": 2}


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("changes", [{}, {"sequence": "batches"}, {"sequence": "languages"}])
@pytest.mark.parametrize("stored", [0, 5, 23])
def test_the_parts_of_a_plan_are_the_plan(tmp_path: Path, changes: Any, stored: int) -> None:
    spec = make_spec(**changes)
    plan = make_plan(spec, benchmark())
    with Store.open(tmp_path / "whole", spec) as store:
        run(plan, store, Fakes().engine())
    with Store.open(tmp_path / "parts", spec) as store:
        store.begin(plan)
        for unit in list(plan.units)[:stored]:
            name = f"answers/{unit.name}.jsonl"
            (tmp_path / "parts" / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "parts" / name).write_bytes((tmp_path / "whole" / name).read_bytes())
        left = parts(plan, store, Shape(1, 1, False))
    assert {unit.name for part in left for unit in part.units} >= {one.name for one in plan.units} - {
        unit.name for unit in list(plan.units)[:stored]
    }
    for number, part in enumerate(reversed(left)):
        with Store.open(tmp_path / str(number), spec) as store:
            run(part, store, Fakes().engine())
        for kind in ("answers", "edits"):
            for path in (tmp_path / str(number) / kind).rglob("*.*"):
                to = tmp_path / "parts" / path.relative_to(tmp_path / str(number))
                to.parent.mkdir(parents=True, exist_ok=True)
                to.write_bytes(path.read_bytes())
    found, whole = contents(tmp_path / "parts"), contents(tmp_path / "whole")
    assert found == {name: content for name, content in whole.items() if name in found}
    assert all(name in found for name in whole if not name.startswith("edits/"))


@pytest.fixture
def loaded(tiny_lm: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Tiny models in place of those that are named; their names, as they are loaded."""
    monkeypatch.setenv("MLAKE_CACHE", str(tmp_path / "cache"))
    names: list[str] = []

    def load(name: str, **_: Any) -> Any:
        names.append(name)
        if name == "absent":
            raise ModelError("no model 'absent'")
        return replace(tiny_lm("llama"), revision=f"r{len(names)}" if name == "moving" else "r1")

    monkeypatch.setattr(mlake.models, "load", load)
    return names


def alone(folder: Path, lm: Any, chosen: Any, *, forced: bool) -> dict[str, bytes]:
    """What a run on one machine writes."""
    session = Session(lm, benchmark(), chosen)
    session.carry_out(folder, examine=examine, progress=False, keep_all=forced)
    keep_ability(lm, folder)
    if forced:
        keep_forced(lm, folder, session.plan, session.benchmark)
    return contents(folder)


def spread_over(
    pool: Here, folder: Path, chosen: Any, *, forced: bool = False, model: str = "m"
) -> SpreadRun:
    made = run_of(pool, (model, {}), benchmark(), chosen, folder, forced=forced)
    said: list[str] = []
    carry_out([made], pool, said.append, progress=False)
    assert len(said) == len(pool.deaths)
    return made


@pytest.mark.parametrize(
    ("method", "changes", "forced"),
    [
        ("memit", {"batch_size": 33}, True),
        ("stableke", {"batch_size": 2, "editor": {"epochs": 1, "texts": 1}}, False),
        ("rome", {"sequence": "batches"}, False),
    ],
)
def test_the_same_bytes_as_on_one_machine_and_two_workers_die(
    tiny_lm: Any, tmp_path: Path, loaded: list[str], method: str, changes: Any, forced: bool
) -> None:
    chosen = settings(method, **{**GIVEN, **changes})
    whole = alone(tmp_path / "alone", replace(tiny_lm("llama"), revision="r1"), chosen, forced=forced)
    pool = Here(2, deaths=(3, 6))
    spread_over(pool, tmp_path / "spread", chosen, forced=forced)
    found = contents(tmp_path / "spread")
    assert found.keys() == whole.keys()
    assert found == whole
    assert len({worker for worker, _ in pool.did}) == 4, "two, and one in place of each that died"
    again = Here(1)
    spread_over(again, tmp_path / "spread", chosen, forced=forced)
    assert not again.did, "nothing is done twice"


def test_a_run_that_one_machine_began_is_finished_by_several(
    tiny_lm: Any, tmp_path: Path, loaded: list[str]
) -> None:
    chosen = settings("memit", **GIVEN)
    whole = alone(tmp_path / "run", replace(tiny_lm("llama"), revision="r1"), chosen, forced=False)
    for name in ("answers/de/001-ja.jsonl", "answers/unedited/000-en.jsonl", "examined/de/001.safetensors"):
        (tmp_path / "run" / name).unlink()
    pool = Here(2)
    spread_over(pool, tmp_path / "run", chosen)
    assert contents(tmp_path / "run") == whole
    assert len(pool.did) < 4


def test_errors_of_workers_are_those_of_one_machine(
    tiny_lm: Any, tmp_path: Path, loaded: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ModelError, match="no model 'absent'"):
        spread_over(Here(), tmp_path / "absent", settings("memit", **GIVEN), model="absent")
    assert not (tmp_path / "absent").exists()
    monkeypatch.setattr("mlake.evaluation.session.answers", partial(_out_of_memory))
    with pytest.raises(RunError, match="out of memory while asking unedited/000-en; finished units are kept"):
        spread_over(Here(), tmp_path / "full", settings("memit", **GIVEN))


def _out_of_memory(*_: Any, **__: Any) -> Any:
    raise MemoryError


def test_workers_with_different_models_are_refused(tmp_path: Path, loaded: list[str]) -> None:
    message = "the workers differ: model_revision is 'r1' on one and 'r2' on another; give all nodes the same"
    with pytest.raises(RunError, match=message):
        spread_over(Here(), tmp_path / "run", settings("memit", **GIVEN), model="moving")


def test_a_model_is_loaded_once_by_each_worker(tmp_path: Path, loaded: list[str]) -> None:
    pool, chosen = Here(2), settings("none", **{**GIVEN, "edit_langs": "all"})
    for name in ("one", "two"):
        spread_over(pool, tmp_path / name, chosen)
    assert loaded == ["m", "m"]
