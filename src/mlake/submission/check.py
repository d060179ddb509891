"""A submission put to the test: does it answer what its settings ask, and do the answers score as it says?"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256
from math import isclose
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from mlake.data import DATASETS, load
from mlake.data.derived import derived
from mlake.errors import RunError, UnknownNameError
from mlake.evaluation.plan import Plan, make_plan
from mlake.evaluation.spec import RunSpec
from mlake.evaluation.store import Store
from mlake.evaluation.stored import check_plan, check_spec
from mlake.kinds import question_kind
from mlake.languages.sets import members
from mlake.records import Benchmark
from mlake.report.load import load_run
from mlake.report.rundata import RunData
from mlake.submission.files import ANSWERS, CLAIM, probe_lines, read_claim, restored
from mlake.submission.make import Scores, scores_of

__all__ = ["checked"]

_WRITTEN = ("spec.json", "plan.json", "probes.jsonl")
_TOO_LONG = "questions of the data that do not fit"
_REFUSALS = ("not edited in ", "cannot be edited ", "can be edited in no ")
_CLOSE = 1e-9


def checked(folder: Path, mirror: Path | None = None) -> RunData:
    """The run of a submission, scored anew from one's own copy of the data.

    Args:
        folder: The submission.
        mirror: Folder that holds the data set already.

    Raises:
        RunError: It is cut off, contradicts itself, is on other data, or claims other scores than its answers
            have.
        DataError: The data cannot be loaded.
    """
    claim = read_claim(folder)
    check_spec(folder / CLAIM, claim["spec"])
    check_plan(folder / CLAIM, claim["plan"])
    spec = _spec(folder, claim["spec"])
    _check_hash(folder, claim["sha256"])
    benchmark = _data(folder, spec, mirror)
    with TemporaryDirectory() as temporary:
        run = Path(temporary) / folder.name
        with _about(folder, run):
            plan = _plan(run, folder / ANSWERS, spec, benchmark, claim["plan"])
            with Store.open(run, spec) as store:
                store.begin(plan)
            found = load_run(run)
    _check_scores(folder, claim["scores"], scores_of(found.rows))
    return replace(found, folder=folder)


@contextmanager
def _about(folder: Path, run: Path) -> Iterator[None]:
    """Errors name the submission, not the folder that its answers were put into."""
    try:
        yield
    except RunError as error:
        told = str(error).replace(str(run), str(folder)).partition("; ")[0]
        named = "" if told.startswith(str(folder)) else f"{folder}: "
        raise RunError(f"{named}{told}; submit the run again") from error


def _spec(folder: Path, given: Mapping[str, Any]) -> RunSpec:
    try:
        spec = RunSpec(**given)
    except TypeError as error:
        raise RunError(f"{folder / CLAIM} is damaged: {error}; submit the run again") from error
    if spec.record() != dict(given):
        raise RunError(
            f"{folder / CLAIM} is damaged: its settings are not those of a run; submit the run again"
        )
    if spec.data not in DATASETS:
        raise UnknownNameError("data set", spec.data, DATASETS)
    return spec


def _check_hash(folder: Path, told: Mapping[str, Any]) -> None:
    path = folder / ANSWERS
    try:
        digest = sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise RunError(
            f"cannot read {path}: {error.strerror}; both files of a submission are needed"
        ) from error
    if digest != told.get(ANSWERS):
        raise RunError(f"{path} is cut off or of another submission: its hash is not the one in {CLAIM}")


def _data(folder: Path, spec: RunSpec, mirror: Path | None) -> Benchmark:
    clean = "+clean" in spec.data_revision
    benchmark = load(spec.data, mirror=None if DATASETS[spec.data].url == "" else mirror, clean=clean)
    if benchmark.sha256 != spec.data_sha256:
        raise RunError(
            f"{folder} is on another version of {spec.data!r}: revision {spec.data_revision!r}, sha256 "
            f"{spec.data_sha256[:12]} there, {benchmark.revision!r}, {benchmark.sha256[:12]} here; check "
            f"it with mlake {spec.version} and its data"
        )
    return derived(benchmark, spec.kinds)


def _plan(run: Path, archive: Path, spec: RunSpec, benchmark: Benchmark, told: Mapping[str, Any]) -> Plan:
    """What the settings ask on one's own data, less what the notes say was refused or too long.

    The answers are put into the folder ``run`` besides.
    """
    probes = (probe for fact in benchmark.facts for probe in fact.probes)
    made = restored(archive, run, spec=spec.record(), plan=told, probes=probe_lines(probes))
    asked = list(made.asked())
    for name in _WRITTEN:
        (run / name).unlink()
    benchmark = _fitting(spec, benchmark, {one.probe.id for one in asked if one.edit_lang is None}, told)
    plan = make_plan(spec, benchmark)
    planned = {
        (step.lang, one.probe.fact)
        for step in plan.steps
        for unit in step.units
        for one in unit.questions
        if question_kind(one.kind).about == "edited"
    }
    left = planned - {(one.edit_lang, one.probe.fact) for one in asked}
    if left and not any(word in note for note in told["notes"] for word in _REFUSALS):
        lang, fact = min(left, key=str)
        raise RunError(f"{len(left)} edits are missing and nothing says why, such as of {fact!r} in {lang}")
    refused = {(fact, lang) for edit, fact in left for lang in members(edit)}
    plan = make_plan(spec, benchmark, refusal=lambda one: "" if (one.fact, one.lang) in refused else None)
    plan = replace(plan, notes=tuple(told["notes"]))
    if plan.record() != told:
        raise RunError("it asks other questions than its settings, or has other batches")
    return plan


def _fitting(spec: RunSpec, benchmark: Benchmark, asked: set[str], told: Mapping[str, Any]) -> Benchmark:
    """The data without the questions that were too long for the model, if notes say that some were."""
    while missing := {one.id for one in make_plan(spec, benchmark).probes} - asked:
        if not any(note.startswith(_TOO_LONG) for note in told["notes"]):
            raise RunError(f"{len(missing)} questions are not answered, such as {min(missing)!r}")
        facts = (
            replace(fact, probes=tuple(one for one in fact.probes if one.id not in missing))
            for fact in benchmark.facts
        )
        benchmark = replace(benchmark, facts=tuple(facts))
    return benchmark


def _check_scores(folder: Path, told: Scores, found: Scores) -> None:
    """Refuse scores that the answers do not have."""
    if told.keys() != found.keys():
        other = min(told.keys() ^ found.keys())
        raise RunError(
            f"{folder} was scored by other scorers, such as {other}; submit it again with this mlake"
        )
    here, there = dict(_cells(found)), dict(_cells(told))
    for place in sorted(here.keys() | there.keys()):
        ours, theirs = here.get(place), there.get(place)
        if ours is None or theirs is None or not _same(ours, theirs):
            raise RunError(
                f"{folder} claims other scores than its answers have: {' '.join(place)} is {theirs} there "
                f"and {ours} here; submit the run again"
            )


def _cells(scores: Any) -> Iterator[tuple[tuple[str, ...], list[float]]]:
    """Every mean, and of how many, by scorer, kind, language edited in and asked in."""
    for key, value in scores.items():
        if isinstance(value, Mapping):
            for place, cell in _cells(value):
                yield (str(key), *place), cell
        else:
            yield (str(key),), value if isinstance(value, list) else [value]


def _same(ours: list[float], theirs: list[Any]) -> bool:
    """Whether numbers are the same, but for what another processor makes of their last digits."""
    return len(ours) == len(theirs) and all(
        isinstance(other, int | float) and isclose(one, other, abs_tol=_CLOSE)
        for one, other in zip(ours, theirs, strict=True)
    )
