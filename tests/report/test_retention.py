import json
from pathlib import Path

import numpy as np
import pytest
from tests.report.made import rows, run_of

from mlake.errors import RunError
from mlake.report.findings.retention import retained, retention
from mlake.report.rundata import RunData

SEQUENTIAL = {"sequential": True}


def of(values: list[float], size: int | None = None):
    count = len(values)
    return retained(
        np.arange(count), np.full(count, size or count), np.array(values), [f"f{at}" for at in range(count)]
    )


def planned(folder: Path, batches: list[list[str]], scored, **spec) -> RunData:
    (folder / "plan.json").write_text(json.dumps({"batches": batches, "units": {}, "notes": []}))
    return run_of(scored, folder, **({"editor": SEQUENTIAL, "method": "rome"} | spec))


def test_a_straight_line_is_recovered() -> None:
    found = of([0.1 * place for place in range(10)])
    assert found.slope == pytest.approx(0.1)
    assert found.slope_span is not None
    assert found.slope_span[0] < 0.1 < found.slope_span[1]
    assert found.change == pytest.approx(0.7 - 0.2)
    assert found.quarters == pytest.approx((0.1, 0.35, 0.6, 0.85))
    assert found.answers == 10


def test_against_numpys_fit() -> None:
    values = np.random.default_rng(3).integers(2, size=40).astype(float)
    slope = np.polyfit(np.arange(40), values, 1)[0]
    found = of(values.tolist())
    assert found.slope == pytest.approx(slope)
    assert found.slope_span is not None
    assert found.slope_span[0] < slope < found.slope_span[1]


def test_what_wears_off_is_told_from_what_does_not() -> None:
    worn = of([0.0] * 40 + [1.0] * 40)
    assert worn.change == 1.0
    assert worn.change_span is not None and worn.change_span == pytest.approx((0.85, 1.0), abs=0.01)
    assert worn.slope_span is not None and worn.slope_span[0] > 0
    even = of([0.0, 1.0] * 40)
    assert even.change == 0.0
    assert even.slope_span is not None
    assert even.slope_span[0] < 0 < even.slope_span[1]


def test_without_an_effect_the_interval_covers_0_as_often_as_it_says() -> None:
    covered = 0
    for seed in range(100):
        span = of(np.random.default_rng(seed).integers(2, size=50).astype(float).tolist()).slope_span
        assert span is not None
        covered += span[0] <= 0 <= span[1]
    assert 88 <= covered <= 99


def test_one_fact_ties_and_batches_of_one() -> None:
    one = of([1.0], size=8)
    assert (one.change, one.change_span, one.slope, one.slope_span) == (None, None, None, None)
    assert one.quarters == (1.0, None, None, None)
    same = of([1.0] * 8)
    assert (same.change, same.slope) == (0.0, 0.0)
    for span in (same.change_span, same.slope_span):  # all right is not certain
        assert span is not None and span[0] == pytest.approx(-span[1]) and span[1] > 0.1
    single = retained(np.zeros(5, dtype=int), np.ones(5, dtype=int), np.ones(5), list("abcde"))
    assert (single.change, single.change_span, single.slope, single.slope_span) == (None, None, None, None)


def test_answers_about_one_fact_are_resampled_together() -> None:
    places, values = np.arange(20), np.random.default_rng(0).integers(2, size=20).astype(float)
    facts = [f"f{at}" for at in range(20)]
    once = retained(places, np.full(20, 20), values, facts)
    twice = retained(np.tile(places, 2), np.full(40, 20), np.tile(values, 2), facts * 2)
    assert twice.answers == 40
    assert twice.slope_span == pytest.approx(once.slope_span)
    assert twice.change_span == pytest.approx(once.change_span)


def test_the_table_goes_by_the_order_of_the_plan(tmp_path: Path) -> None:
    """The plan, not the order of the answers, says what was edited first."""
    scored = rows({("ja", "ja"): [1, 1, 0, 0], ("ja", "zh"): [0, 0, 1, 1], ("ja", "de"): [0, 0, 0, None]})
    run = planned(tmp_path, [["f3", "f2", "f1", "f0"]], scored)
    table = retention([run])
    same, others = table.rows
    assert same[:5] == ("tiny", "rome", "ja", "the same", 4)
    assert same[5:10] == (0.0, 0.0, 100.0, 100.0, 100.0)
    assert same[11] == pytest.approx(1000 * 0.4)  # points for ten places
    assert others[3:5] == ("others", 7)
    assert others[5] == 100.0  # f3 is asked about in zh alone
    assert others[9] == pytest.approx(0.0 - 200 / 3)
    assert retention([run]) == table


def test_several_batches_are_laid_over_each_other(tmp_path: Path) -> None:
    scored = rows({("en", "en"): [0, 1, 0, 1]})
    row = retention([planned(tmp_path, [["f0", "f1"], ["f2", "f3"]], scored)]).rows[0]
    assert row[5:10] == (0.0, None, 100.0, None, 100.0)
    assert row[11] == pytest.approx(1000)


def test_methods_that_edit_a_batch_at_once_have_no_order(tmp_path: Path) -> None:
    scored = rows({("en", "en"): [1, 0]})
    table = retention([run_of(scored), run_of(scored, editor={}), planned(tmp_path, [["f0", "f1"]], scored)])
    assert [row[1] for row in table.rows] == ["rome"]
    assert table.notes[-1].startswith("Not here, for all facts of a batch are edited at once: memit")
    assert retention([]).rows == ()


def test_facts_outside_the_plan_and_other_kinds_are_left_out(tmp_path: Path) -> None:
    scored = [
        *rows({("en", "en"): [1, 0, 1], (None, "en"): [1, 1, 1]}),
        *rows({("en", "en"): [1, 1, 1]}, kind="locality"),
    ]
    assert [row[4] for row in retention([planned(tmp_path, [["f0", "f1"]], scored)]).rows] == [2]


@pytest.mark.parametrize("text", [None, "{", "[]", '{"batches": 3}', "{}"])
def test_a_plan_that_cannot_be_read(tmp_path: Path, text: str | None) -> None:
    run = planned(tmp_path, [["f0"]], rows({("en", "en"): [1]}))
    if text is None:
        (tmp_path / "plan.json").unlink()
    else:
        (tmp_path / "plan.json").write_text(text)
    said = r"cannot read the order of edits in .*plan\.json \(.*\); delete the file and run again"
    with pytest.raises(RunError, match=said):
        retention([run])
