"""A scorer and a kind of question are a row each: lists, scores, reports and the page take it from there."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from mlake.data import load
from mlake.kinds import KINDS, QuestionKind
from mlake.records import Answer, Asked, Probe
from mlake.scorers.row import Scorer
from mlake.scorers.table import SCORERS

from .test_report import benchmark, mlake, stored

FACT = {
    "question": "Who founded Acme?",
    "new_answer": "Ada Lovelace",
    "probes": [
        {"kind": "riddle", "text": "Who made the roadrunner's nightmare?", "accept": ["Ada Lovelace"]}
    ],
}


def _letters(asked: Asked) -> float:
    return float(len(asked.answer.text))


@pytest.fixture
def letters(monkeypatch: pytest.MonkeyPatch) -> None:
    row = Scorer("letters", 3, "Letters of the answer.", "letters", higher_is_better=False, function=_letters)
    monkeypatch.setitem(SCORERS, row.name, row)


@pytest.fixture
def riddle(monkeypatch: pytest.MonkeyPatch) -> None:
    row = QuestionKind(name="riddle", title="Riddles", tests="the edited fact as a riddle")
    monkeypatch.setitem(KINDS, row.name, row)


def test_a_scorer_is_listed_scored_and_reported(letters: None, tmp_path: Path) -> None:
    folder = stored(tmp_path / "run", benchmark(), "direct")
    listed = json.loads(mlake("list", "scorers", "--json").stdout)
    assert {
        "name": "letters",
        "signature": "letters|v3",
        "unit": "letters",
        "better": "lower",
        "meaning": "Letters of the answer.",
        "needs_a_model": False,
    } in listed
    rows = json.loads(mlake("score", folder, "--json").stdout)
    means = {
        (row["edit_lang"], row["test_lang"]): row["value"]
        for row in rows
        if (row["kind"], row["scorer"]) == ("direct", "letters")
    }
    assert means[None, "en"] == len("France") and means["en", "en"] == len("Italy")
    assert mlake("report", folder).exit_code == 0
    text = (folder / "report" / "report.md").read_text("utf-8")
    assert "## Direct questions: `letters`\n\nLetters of the answer. (in letters, lower is better)\n" in text
    assert "| en | 5.00" in text and "scorer: letters\\|v3" in text
    result = mlake("report", folder, "--html", "--out", tmp_path)
    assert result.exit_code == 0, result.output
    assert '"signature":"letters|v3"' in (tmp_path / "report.html").read_text("utf-8")


def test_a_kind_is_listed_read_asked_scored_and_reported(riddle: None, tmp_path: Path) -> None:
    assert "the edited fact as a riddle" in mlake("list", "kinds").stdout
    (tmp_path / "facts.jsonl").write_text(json.dumps(FACT), "utf-8")
    (fact,) = load(str(tmp_path / "facts.jsonl")).facts
    assert [probe.kind for probe in fact.probes] == ["direct", "riddle"]
    data, names = benchmark(), (("Italy",), ("France",))
    facts = [
        replace(
            one, probes=(*one.probes, Probe(f"{one.id}-riddle", one.id, "riddle", "en", "A boot?", *names))
        )
        for one in data.facts
    ]
    folder = stored(tmp_path / "run", replace(data, facts=tuple(facts)), "direct", "riddle")
    assert "Riddles, contains|v3" in mlake("score", folder).stdout
    assert mlake("report", folder).exit_code == 0
    assert "## Riddles: `contains`\n" in (folder / "report" / "report.md").read_text("utf-8")
    result = mlake("report", folder, "--html", "--out", tmp_path)
    assert result.exit_code == 0, result.output
    assert '"riddle":"Riddles"' in (tmp_path / "report.html").read_text("utf-8")


def test_what_is_true_before_the_edit_is_kept_or_lost(riddle: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a row says is heeded: the accepted answer of such questions is what should stay."""
    probe = Probe("p", "f", "riddle", "en", "?", ("Rome",), ())
    one = Asked("en", 0, "riddle", probe, Answer("Oslo", True), Answer("Rome", True))
    assert SCORERS["old_kept"].score(one) is None  # no old answer is known
    monkeypatch.setitem(KINDS, "riddle", replace(KINDS["riddle"], true="before"))
    assert SCORERS["old_kept"].score(one) == 0
    monkeypatch.setitem(KINDS, "riddle", replace(KINDS["riddle"], lower_is_better=True))
    assert SCORERS["old_kept"].score(one) is None
    monkeypatch.setitem(KINDS, "riddle", replace(KINDS["riddle"], scored_by="options"))
    assert {row.score(one) for row in SCORERS.values()} == {None}
