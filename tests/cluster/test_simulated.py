"""The scheduler on paper, and the tables that are made of what was measured."""

import json
import os
from pathlib import Path

import pytest
from benchmarks.cluster import jobs_of, measured_table, simulated, simulated_table
from tests.conftest import ROOT


@pytest.mark.parametrize(
    ("seconds", "workers", "each", "expected"),
    [
        ([1, 2, 3], 1, 0.0, 6.0),
        ([1, 2, 3], 1, 0.5, 7.5),
        ([1, 1, 1, 1], 2, 0.0, 2.0),
        ([1, 1, 4], 2, 0.0, 5.0),
        ([4, 1, 1], 2, 0.0, 4.0),
        ([3, 2, 1], 64, 0.25, 3.25),
        ([], 4, 1.0, 0.0),
    ],
)
def test_the_next_job_goes_to_who_is_free_first(
    seconds: list[float], workers: int, each: float, expected: float
) -> None:
    assert simulated(seconds, workers, each=each) == expected


def test_tables() -> None:
    runs = [
        {"what": "load", "seconds": 2.0, "load": 1.0},
        {"what": "one machine", "seconds": 12.4, "load": 1.5, "sha256": "ab"},
        {"what": "2 workers", "seconds": 7.6, "load": 2.0, "died": 1, "sha256": "ab"},
    ]
    assert measured_table(runs).splitlines()[2:] == [
        "| one machine | 12 | 1.5 | 0 | `ab` |",
        "| 2 workers | 8 | 2.0 | 1 | `ab` |",
    ]
    made = [
        {"what": "simulated", "jobs": jobs, "workers": workers, "times_faster": jobs / 10 + workers}
        for jobs in (3, 30)
        for workers in (1, 2)
    ]
    assert simulated_table(made).splitlines() == [
        "| workers | 3 jobs | 30 jobs |",
        "| --- | --- | --- |",
        "| 1 | 1.3 | 4.0 |",
        "| 2 | 2.3 | 5.0 |",
    ]


def test_what_a_job_took_is_read_off_its_files(tmp_path: Path) -> None:
    written = {
        "probes.jsonl": 10.0,
        "answers/unedited/000-en.jsonl": 13.0,
        "answers/unedited/000-de.jsonl": 14.5,
        "answers/en/000-en.jsonl": 20.0,
        "answers/en/000-de.jsonl": 21.0,
        "answers/en/001-en.jsonl": 24.0,
        "answers/en+de/000-en.jsonl": 25.0,
    }
    for name, when in written.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (when, when))
    assert jobs_of(tmp_path) == {
        "unedited/000-en": 3.0,
        "unedited/000-de": 1.5,
        "en/000": 6.5,
        "en/001": 3.0,
        "en+de/000": 1.0,
    }


def test_the_docs_show_what_is_stored() -> None:
    lines = (ROOT / "benchmarks" / "results" / "cluster.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    page = (ROOT / "docs" / "cluster.md").read_text()
    assert measured_table(rows) in page and simulated_table(rows) in page
    assert len({row["sha256"] for row in rows if "sha256" in row}) == 1, "the same bytes"
