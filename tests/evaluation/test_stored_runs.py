"""Runs stored by earlier versions and kept in benchmarks/results: ids, answers, scores, reports."""

import gzip
import hashlib
import json
import shutil
import tarfile
from pathlib import Path

import pytest
from tests.conftest import ROOT

from mlake.data import load
from mlake.evaluation.plan import make_plan
from mlake.evaluation.spec import RunSpec, canonical
from mlake.evaluation.store import Store, read_run
from mlake.evaluation.units import Unit
from mlake.report.load import load_run
from mlake.report.tidy import tidy
from mlake.report.write import write_report
from mlake.scorers.table import SCORERS, score_all

RESULTS = ROOT / "benchmarks" / "results"
SPECS = sorted(RESULTS.rglob("spec.json"))
DEMO = RESULTS / "demo-before-memit-gemma3-270m"


def spec_in(path: Path) -> RunSpec:
    return RunSpec(**json.loads(path.read_text("utf-8")))


def unpacked(folder: Path, to: Path) -> Path:
    """A stored run with its answers, and with the questions of its data set, which are not kept with it."""
    shutil.copytree(folder, to)
    with tarfile.open(to / "answers.tar.xz") as archive:
        archive.extractall(to, filter="data")
    for name in ("answers.tar.xz", "scores.jsonl.gz"):
        (to / name).unlink()
    spec = spec_in(to / "spec.json")
    with Store.open(to, spec) as store:
        store.begin(make_plan(spec, load(spec.data)))
    return to


THOUGHTS = {
    (f"{name}|v1", 2)
    for name in ("paper", "old_paper", "unchanged", "old_kept", "similarity", "language", "entropy", "length")
}
"""Versions raised for texts with thoughts alone: of all others they say what they said."""


@pytest.mark.parametrize("path", SPECS, ids=lambda path: str(path.parent.relative_to(RESULTS)))
def test_ids_and_bytes_of_specs_hold(path: Path) -> None:
    text, spec = path.read_text("utf-8"), spec_in(path)
    assert canonical(spec.record()) + "\n" == text, "no setting has come or gone"
    assert spec.id == hashlib.sha256(text.rstrip("\n").encode()).hexdigest()[:16]
    assert (spec.sequence is None) == ("sequence" not in json.loads(text))
    if path.parent.parent.name == "reproduce-demo-25":
        assert path.parent.name.endswith(spec.id)


@pytest.mark.parametrize("path", SPECS, ids=lambda path: str(path.parent.relative_to(RESULTS)))
def test_plans_are_read(path: Path) -> None:
    units = json.loads((path.parent / "plan.json").read_text("utf-8"))["units"]
    places = read_run(path.parent).places()
    assert [Unit(place, ()).name for place in places] == list(units)
    steps = {place.step for place in places}
    alone = spec_in(path).sequence is None
    assert steps == {None} if alone else steps > {None}, "what is asked before any edit has no step"


def test_there_are_stored_runs() -> None:
    assert len(SPECS) >= 20


def test_a_stored_run_is_read_scored_and_reported_as_it_was(tmp_path: Path) -> None:
    folder = unpacked(DEMO, tmp_path / "run")
    stored = read_run(folder)
    assert stored.missing() == []
    asked = list(stored.asked())
    assert {one.step for one in asked} == {None} and list(stored.along()) == []
    with gzip.open(DEMO / "scores.jsonl.gz", "rt", encoding="utf-8") as lines:
        before = [json.loads(line) for line in lines]
    versions = {row["scorer"]: row["signature"] for row in before}
    same = {name for name, signature in versions.items() if signature == f"{name}|v{SCORERS[name].version}"}
    same |= {name for name, signature in versions.items() if (signature, SCORERS[name].version) in THOUGHTS}
    now = {
        (row.edit_lang, row.kind, row.probe, row.scorer): row.value
        for row in score_all(asked)
        if row.scorer in same
    }
    assert now and now == {
        (row["edit_lang"], row["kind"], row["probe"], row["scorer"]): row["value"]
        for row in before
        if row["scorer"] in same
    }
    loaded = load_run(folder)
    write_report(tmp_path / "report", stored.spec, tidy(stored.spec, loaded.scored))
    assert (tmp_path / "report" / "report.md").read_text("utf-8").startswith("# What the edits carried over")


def test_a_stored_run_goes_on_and_stays_as_it_is(tmp_path: Path) -> None:
    folder = unpacked(DEMO, tmp_path / "run")
    assert (folder / "plan.json").read_bytes() == (DEMO / "plan.json").read_bytes()
    spec = spec_in(folder / "spec.json")
    with Store.open(folder, spec) as store:
        plan = make_plan(spec, load(spec.data))
        store.begin(plan)
        assert all(map(store.has, plan.units))
