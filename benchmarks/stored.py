"""Runs as they are stored in ``benchmarks/results``: settings and answers, scored anew by today's scorers."""

import gzip
import json
import lzma
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import mlake
from mlake.analysis.store import kept_rows
from mlake.data.derived import derived
from mlake.evaluation.store import read_run
from mlake.records import Probe
from mlake.report.load import load_run
from mlake.report.rundata import RunData
from mlake.report.tidy import tidy
from mlake.scorers.row import ScoredRow
from mlake.scorers.table import score_all
from mlake.submission.files import ANSWERS, CLAIM, probe_lines, read_claim, unpack

__all__ = ["RESULTS", "StoredRun", "open_run", "run_by_scores", "stored_run", "unpacked", "whole_run"]

RESULTS = Path(__file__).with_name("results")
_PROBES = "probes.jsonl"
_FIELDS = tuple(one.name for one in fields(ScoredRow) if one.name != "asked")
_NAMED = {"old_kept"}
"""Scorers that need names and that no run was stored with."""


@dataclass(frozen=True, slots=True)
class StoredRun:
    """A stored run.

    Attributes:
        name: Its folder below ``RESULTS``.
        spec: Every setting.
        notes: What could not be edited or asked.
        scored: Today's score of every answer, and what was measured besides.
    """

    name: str
    spec: Mapping[str, Any]
    notes: Sequence[str]
    scored: Sequence[ScoredRow]


def stored_run(name: str, mirror: Path | None) -> StoredRun:
    """Reads a run and scores its answers.

    Args:
        name: Its folder below ``RESULTS``.
        mirror: Folder with the authors' files; None to fetch them. Their questions have no licence and are
            not stored with the answers; free ones are.

    Raises:
        MlakeError: The questions cannot be had, or a file is damaged.
    """
    with unpacked(name) as folder:
        (folder / _PROBES).write_bytes(_free(name) or _theirs(folder, mirror))
        run = read_run(folder)
        return StoredRun(name, run.spec, run.notes, [*score_all(run.asked()), *kept_rows(folder)])


def whole_run(name: str) -> RunData:
    """Reads a run whose questions are free, with its answers.

    Raises:
        MlakeError: A file is damaged.
    """
    with open_run(name, None) as run:
        return replace(run, folder=RESULTS / name)


@contextmanager
def open_run(name: str, mirror: Path | None) -> Iterator[RunData]:
    """A run whose folder holds its answers until the block is left; errors of ``stored_run``."""
    with unpacked(name) as folder:
        (folder / _PROBES).write_bytes(_free(name) or _theirs(folder, mirror))
        yield load_run(folder)


def run_by_scores(name: str) -> RunData:
    """Reads a run by its stored scores, with the id of each question in place of its text.

    For tables and figures where the questions are not at hand. Scores that need names are those stored; what
    an answer tells by itself is scored anew.

    Raises:
        MlakeError: A file is damaged.
    """
    with gzip.open(RESULTS / name / "scores.jsonl.gz", "rt", encoding="utf-8") as lines:
        stored = [ScoredRow(**{field: row[field] for field in _FIELDS}) for row in map(json.loads, lines)]
    probes = {row.probe: Probe(row.probe, row.fact, row.kind, row.test_lang, row.probe, ()) for row in stored}
    with unpacked(name) as folder:
        (folder / _PROBES).write_bytes(probe_lines(probes.values()))
        run = read_run(folder)
        asked = list(run.asked())
        kept = [*kept_rows(folder)]
    without = {row.scorer for row in stored} | _NAMED
    places = {(one.edit_lang, one.batch, one.kind, one.probe.id): one for one in asked}
    scored = [
        replace(row, asked=places.get((row.edit_lang, row.batch, row.kind, row.probe)))
        for row in (*stored, *kept)
    ]
    scored += [row for row in score_all(asked) if row.scorer not in without]
    return RunData(RESULTS / name, run.spec, asked, scored, tidy(run.spec, scored), run.notes)


@contextmanager
def unpacked(name: str) -> Iterator[Path]:
    """A folder with a run's settings, plan and answers, until the block is left; without its questions."""
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for file, content in _settings(RESULTS / name).items():
            (folder / file).write_bytes(content)
        unpack(RESULTS / name / ANSWERS, folder)
        yield folder


def _settings(folder: Path) -> dict[str, bytes]:
    """Settings and plan of a run; of one that was sent in, one file holds both."""
    if (folder / CLAIM).exists():
        claim = read_claim(folder)
        return {f"{part}.json": json.dumps(claim[part]).encode() for part in ("spec", "plan")}
    return {name: (folder / name).read_bytes() for name in ("spec.json", "plan.json")}


def _free(name: str) -> bytes:
    """The questions of a run, where they are free and stand beside its answers, or runs; else nothing."""
    places = (RESULTS / name / f"{_PROBES}.xz", (RESULTS / name).parent / f"{_PROBES}.xz")
    found = next((path for path in places if path.exists()), None)
    return lzma.decompress(found.read_bytes()) if found else b""


def _theirs(folder: Path, mirror: Path | None) -> bytes:
    """The questions of a run, from its data set."""
    probes = _probes(json.loads((folder / "spec.json").read_bytes())["data"], mirror)
    return probe_lines(probes[one] for one in _asked(folder))


def _asked(folder: Path) -> Iterator[str]:
    """Ids of all questions: the unedited model was asked each of them once."""
    for path in sorted((folder / "answers" / "unedited").glob("*.jsonl")):
        with path.open(encoding="utf-8") as lines:
            rows = map(json.loads, lines)
            yield from (row["probe"] for row in rows if "probe" in row)  # the last line may be a hash


@cache
def _probes(data: str, mirror: Path | None) -> Mapping[str, Probe]:
    """Questions of a data set by their ids, with those that are made from them."""
    benchmark = derived(mlake.load(data, mirror=None if data == "mini" else mirror), ("negation", "writing"))
    every = (probe for fact in benchmark.facts for probe in fact.probes)
    return {probe.id: probe for probe in (*every, *benchmark.unlinked)}
