"""Measures of runs as tables, and runs without the data's texts."""

import pytest

from mlake.errors import RunError
from mlake.records import Probe
from mlake.report.findings.measures import MEASURES, measure_table
from mlake.report.withheld import withheld

from .paper_runs import answered, cell, run

NEGATION = next(one for one in MEASURES if one.name == "negation")
ABILITY = next(one for one in MEASURES if one.name == "ability")


def test_a_row_for_each_language_edited_in_and_the_unedited_model_once() -> None:
    scores = {
        (None, "en", "negation", "contains"): [0.0, 0.0],
        (None, "ja", "negation", "contains"): [0.0, 1.0],
        ("en", "en", "negation", "contains"): [1.0, 1.0],
        ("en", "ja", "negation", "contains"): [0.0, 1.0],
    }
    table = measure_table([run(scores), run(scores, method="rome", folder="b")], NEGATION)
    assert table.columns == ("model", "method", "edited in", "asked in en", "asked in ja")
    assert [row[1] for row in table.rows] == ["unedited", "memit", "rome"]
    assert cell(table, "asked in ja", method="unedited") == 50.0
    assert cell(table, "asked in en", method="rome") == 100.0


def test_numbers_that_are_no_shares_stay_as_they_are() -> None:
    scores = {("de", "en", "locality", "heldout_nll"): [2.0, 4.0]}
    table = measure_table([run(scores)], ABILITY)
    assert cell(table, "asked in en", edited_in="de") == 3.0


def test_a_measure_that_no_run_has() -> None:
    with pytest.raises(RunError, match="no run has 'contains' on negation questions"):
        measure_table([run({("en", "en", "direct", "contains"): [1.0]})], NEGATION)


def test_texts_of_the_data_can_be_withheld_and_answers_stay() -> None:
    probe = Probe("p1", "f1", "direct", "zh", "谁领导它？", ("新",), ("旧",), ("甲", "乙"))
    one = withheld(run({}, asked=[answered(probe, "问题：谁领导它？新的答案", "zh")]))
    (asked,) = one.asked
    assert (asked.probe.text, asked.probe.accept, asked.probe.reject) == ("p1", (), ())
    assert asked.probe.options == () and asked.answer.text == "问题：[question]新的答案"
    assert "left out" in one.notes[-1]
