from dataclasses import replace

import numpy as np
import pytest
from tests.report.made import rows, run_of

from mlake.report.findings.fact_values import fact_values
from mlake.report.statistics.intervals import DIFFERENCE, clustered_mean
from mlake.report.statistics.paired import DRAWS, holm, mean, paired, share, sign_flip


def test_values_by_fact_language_and_run() -> None:
    one = run_of(rows({(None, "en"): [0, 1], ("en", "en"): [1, None], ("en", "zh"): [0, 1]}))
    other = run_of(rows({("zh", "en"): [0, 1, 1]}))
    found = fact_values([one, other], "direct", "contains")
    assert found.langs == ("en", "zh")
    assert found.facts == ("mini f0", "mini f1", "mini f2")
    assert found.values.shape == (2, 3, 3, 2)
    assert found.unedited[0, :, 0].tolist()[:2] == [0, 1]
    assert found.edited[0, 0, 0].tolist() == [1, 0]
    assert np.isnan(found.edited[0, 0, 1]).all()
    assert np.isnan(found.edited[0, 1, 0, 0])
    assert found.edited[1, :, 1, 0].tolist() == [0, 1, 1]


def test_several_questions_about_a_fact_are_averaged() -> None:
    scored = rows({("en", "en"): [1]})
    run = run_of([*scored, replace(scored[0], probe="again", value=0.0)])
    found = fact_values([run], "direct", "contains")
    assert found.edited[0, 0, 0, 0] == 0.5


def test_other_kinds_measures_and_questions_without_a_fact_are_left_out() -> None:
    scored = rows({("en", "en"): [1, 1]})
    stray = replace(scored[0], fact=None)
    run = run_of([stray, *rows({("en", "en"): [0, 0]}, kind="locality"), *rows({("en", "en"): [0]}, "old")])
    found = fact_values([run], "direct", "contains")
    assert found.facts == ("mini f0",)
    assert np.isnan(found.values).all()
    assert fact_values([], "direct", "contains").values.shape == (0, 0, 1, 0)


def test_facts_of_other_data_are_other_facts() -> None:
    runs = [run_of(rows({("en", "en"): [1]})), run_of(rows({("en", "en"): [1]}), data="mlake")]
    assert fact_values(runs, "direct", "contains").facts == ("mini f0", "mlake f0")


def test_a_known_difference_is_recovered() -> None:
    differences = np.array([[1.0] * 30 + [0.0] * 60 + [-1.0] * 10])
    found = paired(differences)
    estimate = clustered_mean(differences[0].tolist(), range(100), DIFFERENCE)
    assert (found.facts, found.value) == (100, pytest.approx(0.2))
    assert (found.low, found.high) == (estimate.low, estimate.high)
    assert found.low is not None and 0 < found.low < 0.2
    assert found.p is not None and found.p < 0.005  # the sign test of 30 against 10 gives 0.002


def test_runs_of_one_fact_are_flipped_together() -> None:
    """The same ten facts in ten runs are no more evidence than in one."""
    once = np.array([[1.0] * 7 + [-1.0] * 3])
    found = paired(np.tile(once, (10, 1)))
    assert (found.facts, found.value, found.p) == (10, pytest.approx(0.4), paired(once).p)
    assert found.low == pytest.approx(paired(once).low)


def test_nothing_one_fact_and_ties() -> None:
    nothing = paired(np.full((2, 3), np.nan))
    assert (nothing.facts, nothing.value, nothing.low, nothing.high, nothing.p) == (0, None, None, None, None)
    one = paired(np.array([[0.5]]))
    assert (one.facts, one.value, one.low, one.p) == (1, 0.5, None, 1.0)
    ties = paired(np.zeros((1, 50)))
    assert (ties.facts, ties.value, ties.p) == (50, 0.0, 1.0)


def test_few_facts_are_tested_exactly() -> None:
    assert sign_flip(np.ones(6)) == 2 / 2**6
    assert sign_flip(np.array([3.0, 1.0, 1.0])) == 2 / 8
    assert sign_flip(np.array([3.0, -1.0, 1.0])) == 6 / 8  # sums 3 and more, either sign
    assert sign_flip(np.array([0.1, 0.2, -0.3, 0.0])) == 1.0


def test_many_facts_come_close_to_the_binomial() -> None:
    """15 of 20 with one sign: 2 * P(X >= 15) = 0.0414 for X binomial (20, 1/2)."""
    p = sign_flip(np.array([1.0] * 15 + [-1.0] * 5))
    assert p == pytest.approx(0.0414, abs=0.008)
    assert p == sign_flip(np.array([-1.0] * 5 + [1.0] * 15))
    assert sign_flip(np.ones(1000)) == 1 / (1 + DRAWS)


@pytest.mark.parametrize("facts", [9, 25])
def test_without_an_effect_p_is_uniform(facts: int) -> None:
    values = [sign_flip(np.random.default_rng(seed).normal(size=facts)) for seed in range(200)]
    for level in (0.05, 0.25, 0.5, 0.75):
        spread = 3 * np.sqrt(level * (1 - level) / len(values))
        assert np.mean([value <= level for value in values]) == pytest.approx(level, abs=spread + 1 / 2**8)


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, None, 0.03]) == pytest.approx([0.03, 0.06, None, 0.06])
    assert holm([0.5, 0.6]) == [1.0, 1.0]
    assert holm([0.02]) == [0.02]
    assert holm([]) == []
    assert holm([None]) == [None]


def test_share_counts_what_is_as_far_from_zero() -> None:
    drawn = np.array([-2.0, -1.0, 0.0, 2.0 - 1e-15])
    assert share(drawn, 2.0, exact=True) == 0.5
    assert share(drawn, 2.0, exact=False) == 3 / 5


def test_mean_skips_what_is_missing() -> None:
    found = mean(np.array([[1.0, np.nan], [3.0, np.nan]]), 0)
    assert found[0] == 2.0
    assert np.isnan(found[1])
