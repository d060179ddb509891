"""The figures of ``docs/fluency.md`` on telling languages are the stored ones."""

import json
from pathlib import Path

from benchmarks.identified import STORED, rows, table

from mlake.data import load
from mlake.languages import LANGUAGES

PAGE = Path(__file__).resolve().parents[2] / "docs" / "fluency.md"


def test_the_page_has_the_stored_figures() -> None:
    assert table() in PAGE.read_text(encoding="utf-8")
    stored = [json.loads(line) for line in STORED.read_text(encoding="utf-8").splitlines()]
    assert {row["lang"] for row in stored} == set(LANGUAGES)
    assert all(row["wrong"] < 0.005 * row["questions"] for row in stored)


def test_questions_of_packaged_facts_are_told_right_or_not_at_all() -> None:
    found = {row["lang"]: row for row in rows(load("mini"))}
    assert list(found) == ["en", "de", "fr", "ja", "zh"]
    assert all(row["wrong"] == 0 and row["right"] > 0.8 * row["questions"] for row in found.values())
