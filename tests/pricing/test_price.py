"""The price of an edit on tiny models: what is asked, what is scored, what is kept."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest

import mlake
from mlake.analysis.perplexity import ability_rows
from mlake.models.generate import answers
from mlake.pricing import price as module
from mlake.pricing.price import Price, Unpriced, price
from mlake.pricing.questions import price_questions
from mlake.pricing.shown import price_text
from mlake.records import Answer
from mlake.scorers.row import ScoredRow


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MLAKE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def priced(tiny_lm: Callable[..., Any]) -> tuple[Any, Any, Price]:
    """A tiny model, an edit of it, and its price."""
    lm, facts = tiny_lm("llama"), mlake.load("mini").facts[:1]
    edit = mlake.editor("rome", lm, steps=2, contexts=0).edit(lm, [facts[0].stated("en")])
    return lm, edit, mlake.price(lm, edit, facts, "en", many=2, max_new_tokens=3)


def cells(found: Price, scorer: str, kind: str) -> dict[tuple[str | None, str], Any]:
    rows = [row for row in found.rows if (row["scorer"], row["kind"]) == (scorer, kind)]
    return {(row["edit_lang"], row["test_lang"]): row for row in rows}


def test_answers_are_those_of_the_model_before_and_after(priced: tuple[Any, Any, Price]) -> None:
    lm, edit, found = priced
    half = len(found.asked) // 2
    texts = [one.probe.text for one in found.asked[:half]]
    assert [one.probe.text for one in found.asked[half:]] == texts
    assert [one.answer for one in found.asked[:half]] == answers(lm, texts, max_new_tokens=3)
    with edit.applied(lm) as edited:
        assert [one.answer for one in found.asked[half:]] == answers(edited, texts, max_new_tokens=3)
    assert [one.before for one in found.asked[half:]] == [one.answer for one in found.asked[:half]]


def test_rows_have_the_names_of_a_run(priced: tuple[Any, Any, Price]) -> None:
    lm, edit, found = priced
    assert set(cells(found, "contains", "direct")) == {
        (edit, test) for edit in (None, "en") for test in ("en", "de", "fr", "ja", "zh")
    }
    assert len(cells(found, "contains", "paraphrase")) == 10
    held = cells(found, "heldout_nll", "locality")
    with edit.applied(lm) as edited:
        after = fmean(row.nll for row in ability_rows(edited, None, None, ["ja"]))
    assert held["en", "ja"]["value"] == pytest.approx(after)
    assert held["en", "ja"]["value"] != held[None, "ja"]["value"]
    assert held["en", "ja"]["n"] == 12


def test_the_unedited_model_is_asked_once(
    priced: tuple[Any, Any, Price], monkeypatch: pytest.MonkeyPatch
) -> None:
    lm, edit, found = priced
    asked: list[str] = []
    real = answers

    def counted(one: Any, questions: Any, **settings: Any) -> list[Answer]:
        asked.extend(questions)
        return real(one, questions, **settings)

    monkeypatch.setattr(module, "answers", counted)
    again = price(lm, edit, mlake.load("mini").facts[:1], "en", many=2, max_new_tokens=3)
    assert again.asked == found.asked
    assert len(asked) == len(found.asked) // 2  # the edited model alone


def test_still_known_counts_what_was_known(tiny_lm: Callable[..., Any], monkeypatch: Any) -> None:
    """Of three packaged questions that were answered right, one is afterwards."""
    lm, facts = tiny_lm("llama"), mlake.load("mini").facts[:1]
    asking = price_questions(facts, "en", 4)
    packaged = [one.probe for one in asking.others if one.kind == "locality" and one.probe.lang == "en"]
    right = [(p.accept if p.kind == "locality" else p.reject)[0] for p in packaged]
    said = dict(zip((p.text for p in packaged), right, strict=True))
    known = [p.text for p in packaged[:3]]

    def answering(keep: list[str]) -> Any:
        return lambda lm, asked, **_: [Answer(said[q] if q in keep else "", True) for q in asked]

    monkeypatch.setattr(module, "answers", answering(known))
    before = Unpriced.of(lm, "en", asking, max_new_tokens=3)
    monkeypatch.setattr(module, "answers", answering(known[:1]))
    found = before.priced(lm)
    cell = cells(found, "old_kept", "locality")["en", "en"]
    assert (cell["n"], cell["value"]) == (3, pytest.approx(1 / 3))
    assert 0 <= cell["low"] < 1 / 3 < cell["high"] <= 1
    lines = [line.split() for line in str(found).splitlines()]
    shown = next(line for line in lines if line[0] == "all")
    assert shown[3:8] == ["1", "of", "3,", "33", "%"] and shown[8].startswith("[")


def test_one_screen_and_no_control_characters(priced: tuple[Any, Any, Price]) -> None:
    *_, found = priced
    lines = str(found).splitlines()
    assert len(lines) <= 12 and max(map(len, lines)) <= 100
    assert [line.split()[0] for line in lines[1:7]] == ["en", "de", "fr", "ja", "zh", "all"]
    assert all(line.isprintable() for line in lines)
    before, after = (fmean(one) for one in _held_out(found, "en"))
    assert lines[1].endswith(f"{math.exp(before):.1f} → {math.exp(after):.1f}")


def _held_out(found: Price, lang: str) -> tuple[list[float], list[float]]:
    rows = [row for row in found.scored if row.scorer == "heldout_nll" and row.test_lang == lang]
    values = [[r.value for r in rows if (r.edit_lang is None) is unedited] for unedited in (True, False)]
    return [v for v in values[0] if v is not None], [v for v in values[1] if v is not None]


def test_a_broken_model_still_has_a_price() -> None:
    """An edit can raise the perplexity beyond all numbers."""
    rows = [
        ScoredRow(edit, batch, "locality", "p", None, "en", "heldout_nll", value)
        for edit, batch, value in ((None, None, 3.0), ("en", 0, 2000.0))
    ]
    asking = price_questions(mlake.load("mini").facts[:1], "en", 1)
    assert "20.1 → e^2000" in price_text(rows, asking)


def test_the_record_is_json(priced: tuple[Any, Any, Price]) -> None:
    *_, found = priced
    record = json.loads(json.dumps(found.record()))
    assert record["facts"] == record["facts_asked_about"] == 1 and record["left_out"] >= 1
    assert len(record["answers"]) == len(found.asked) // 2
    assert {row["scorer"] for row in record["rows"]} == {"contains", "old_kept", "unchanged", "heldout_nll"}


def test_an_unpinned_model_is_asked_again(tiny_lm: Callable[..., Any], cache: Path) -> None:
    lm = tiny_lm("llama")
    unpinned = mlake.LM.of(lm.model, lm.tokenizer)
    asking = price_questions(mlake.load("mini").facts[:1], "en", 0)
    Unpriced.of(unpinned, "en", asking, max_new_tokens=2)
    assert not (cache / "answers").exists()
    Unpriced.of(lm, "en", asking, max_new_tokens=2)
    assert len(list((cache / "answers").iterdir())) == 1
