import math

import numpy as np
import pytest
from benchmarks.coverage import LAYOUTS, Layout, covered, effective
from benchmarks.stored import stored_run

from mlake.report.statistics.intervals import (
    DIFFERENCE,
    Estimate,
    apart,
    clustered_mean,
    interval,
    slope,
    t_quantile,
)
from mlake.report.tidy import tidy

TARGET = 0.93
SHARES = (0.002, 0.01, 0.05, 0.2, 0.5, 0.9, 0.98, 0.998)


def test_no_values() -> None:
    assert clustered_mean([], []) == Estimate(0, 0, 0.0, None, None, None)


def test_one_cluster_gives_no_interval() -> None:
    found = clustered_mean([1, 0, 0, 1], ["a"] * 4)
    assert (found.n, found.clusters, found.value, found.low, found.high) == (4, 1, 0.5, None, None)


def test_agresti_and_coull_by_hand() -> None:
    """20 of 100: centre (20 + 1.92) / (100 + 3.84), and Student's t for 99 degrees of freedom."""
    found = clustered_mean([1.0] * 20 + [0.0] * 80, range(100))
    centre = (20 + 1.9207) / 103.8415
    half = 1.9842 * math.sqrt(centre * (1 - centre) / 103.8415)
    assert (found.low, found.high) == pytest.approx((centre - half, centre + half), abs=1e-4)
    assert (found.n, found.clusters, found.effective) == (100, 100, 100)


@pytest.mark.parametrize("value", [0.0, 1.0])
@pytest.mark.parametrize(("facts", "answers"), [(2, 1), (25, 1), (25, 4), (1072, 1), (268, 5)])
def test_all_the_same_is_not_certain(value: float, facts: int, answers: int) -> None:
    clusters = [at // answers for at in range(facts * answers)]
    found = clustered_mean([value] * len(clusters), clusters)
    assert found.effective == pytest.approx(facts)  # nothing shows that a fact's answers differ
    assert found.low is not None and found.high is not None
    assert found.low <= value <= found.high and found.high - found.low > 1 / len(clusters)


def test_equal_means_of_clusters_have_width() -> None:
    found = clustered_mean([1, 0] * 5, [name for name in "abcde" for _ in range(2)])
    assert found.low is not None and found.high is not None and found.low < 0.5 < found.high
    assert 5 <= found.effective <= 10


def test_clusters_widen_the_interval() -> None:
    values = [0.0] * 50 + [1.0] * 50
    apart_, together = (
        clustered_mean(values, range(100)),
        clustered_mean(values, [at // 10 for at in range(100)]),
    )
    assert together.value == apart_.value == 0.5
    assert together.effective == pytest.approx(10)
    assert (together.high or 0) - (together.low or 0) > 2 * ((apart_.high or 0) - (apart_.low or 0))


def test_independent_answers_of_a_fact_count_nearly_in_full() -> None:
    values = np.random.default_rng(0).integers(2, size=2000).astype(float).tolist()
    assert 1600 < clustered_mean(values, [at // 4 for at in range(2000)]).effective <= 2000


def test_ends_hold_the_interval_and_the_values() -> None:
    assert clustered_mean([-1.0, 1.0], "ab", DIFFERENCE).low == -1
    assert clustered_mean([0.0, 1.0], "ab").low == 0
    for wrong in ([2.0], [-0.1, 0.5]):
        with pytest.raises(ValueError, match="not from 0 to 1"):
            clustered_mean(wrong, range(len(wrong)))
    assert clustered_mean([1 + 1e-15, 0.0], "ab").value == pytest.approx(0.5)


def test_measures_without_ends_get_students_t() -> None:
    values = [3.0, 4.0, 5.0, 8.0]
    found = clustered_mean(values, range(4), None)
    half = 3.1824 * np.std(values, ddof=1) / 2
    assert (found.low, found.high) == pytest.approx((5 - half, 5 + half), abs=1e-3)
    same = clustered_mean([4.1] * 20, [at // 2 for at in range(20)], None)
    assert (same.value, same.low, same.high) == (pytest.approx(4.1), None, None)  # no width is no interval


def test_lengths_must_agree() -> None:
    with pytest.raises(ValueError, match="2 values but 1 clusters"):
        clustered_mean([0, 1], ["a"])


def test_t_as_printed_in_tables() -> None:
    printed = {
        1: 12.706,
        2: 4.303,
        3: 3.182,
        5: 2.571,
        9: 2.262,
        30: 2.042,
        120: 1.980,
        1000: 1.962,
        1e9: 1.960,
    }
    assert {freedom: t_quantile(freedom) for freedom in printed} == pytest.approx(printed, abs=1.5e-3)


def test_an_interval_says_how_many() -> None:
    assert interval(0.021, 0.137, 63, 25.4, factor=100) == "[2.1, 13.7] (63, 25)"
    assert interval(-0.5, 0.25, 8, 8.0, digits=2) == "[-0.50, 0.25] (8, 8)"
    assert interval(None, None, 1, 1.0) is None


@pytest.mark.parametrize("facts", [10, 15, 25, 63, 100, 268, 1072])
def test_coverage_of_independent_answers(facts: int) -> None:
    """Exact: every number of right answers, weighted by its chance."""
    spans = [clustered_mean([1.0] * k + [0.0] * (facts - k), range(facts)) for k in range(facts + 1)]
    low, high = (np.array([getattr(one, end) for one in spans]) for end in ("low", "high"))
    counts = np.arange(facts + 1)
    ways = np.array(
        [math.lgamma(facts + 1) - math.lgamma(k + 1) - math.lgamma(facts - k + 1) for k in counts]
    )
    for share in (*np.geomspace(0.002, 0.5, 100), *(1 - np.geomspace(0.002, 0.5, 100))):
        chance = np.exp(ways + counts * np.log(share) + (facts - counts) * np.log1p(-share))
        assert chance[(low <= share) & (share <= high)].sum() >= TARGET, share


CLUSTERED = [one for one in LAYOUTS if one.n > one.facts and one.facts <= 100]
UNEQUAL = [
    pytest.param(Layout(facts, (1, 2, 4, 8, 1, 1), alike), marks=pytest.mark.slow if facts > 25 else ())
    for facts in (25, 100)
    for alike in (0.0, 1.0)
]


@pytest.mark.parametrize("layout", [*CLUSTERED, Layout(25, (20,), 0.5), *UNEQUAL], ids=str)
def test_coverage_of_answers_that_belong_together(layout: Layout) -> None:
    for share in SHARES:
        part, _ = covered(layout, share, effective, 600)
        assert part >= TARGET, share
    effective.cache_clear()


@pytest.mark.parametrize("facts", [10, 25, 100, 1072])
@pytest.mark.parametrize(
    ("up", "down"), [(0.0, 0.0), (0.01, 0.01), (0.05, 0.0), (0.1, 0.05), (0.3, 0.3), (0.9, 0.05), (0.98, 0.0)]
)
def test_coverage_of_differences_within_facts(facts: int, up: float, down: float) -> None:
    """Facts right on one side only, with none at all (0 discordant pairs) included."""
    counts = np.random.default_rng(0).multinomial(facts, [up, down, 1 - up - down], size=1000)
    kinds, often = np.unique(counts, axis=0, return_counts=True)
    holds = 0
    for (more, less, same), times in zip(kinds.tolist(), often, strict=True):
        found = clustered_mean([1.0] * more + [-1.0] * less + [0.0] * same, range(facts), DIFFERENCE)
        assert found.low is not None and found.high is not None and found.low < found.high
        holds += times * (found.low <= up - down <= found.high)
    assert holds / 1000 >= TARGET


@pytest.mark.parametrize("facts", [10, 25, 100])
@pytest.mark.parametrize(("first", "last"), [(0.02, 0.02), (0.1, 0.1), (0.5, 0.5), (0.2, 0.8), (0.9, 1.0)])
def test_coverage_of_slopes_and_of_halves(facts: int, first: float, last: float) -> None:
    """Three answers a fact that belong together, whose share rises from fact to fact."""
    random, places = np.random.default_rng(0), np.arange(facts)
    chance = np.linspace(first, last, facts)
    rise, late = float(np.polyfit(places, chance, 1)[0]), 2 * places >= facts
    change = float(chance[late].mean() - chance[~late].mean())
    at, half = np.tile(places, 3), np.tile(late, 3)
    held = np.zeros(2)
    for _ in range(300):
        of_fact = random.random(facts) < chance
        values = (
            np.where(random.random((3, facts)) < 0.7, of_fact, random.random((3, facts)) < chance).ravel()
            * 1.0
        )
        sloped = slope(at, values.tolist(), at.tolist())
        halves = [clustered_mean(values[own].tolist(), at[own].tolist()) for own in (half, ~half)]
        span = apart(*halves)
        assert sloped is not None and sloped[1] is not None and span is not None
        held += [
            sloped[1][0] <= rise + 1e-12 and rise - 1e-12 <= sloped[1][1],
            span[0] <= change + 1e-12 and change - 1e-12 <= span[1],
        ]
    assert (held / 300 >= TARGET - 0.015).all(), held  # 300 draws are off by 1.3 points


def test_no_interval_of_the_stored_demo_run_is_without_width() -> None:
    """Of its 200 intervals 71 had none."""
    run = stored_run("demo-memit-gemma3-270m", None)
    rows = [row for row in tidy(run.spec, run.scored) if row["n"]]
    assert sum(row["low"] is not None for row in rows) >= 200
    for row in rows:
        value, low, high = row["value"], row["low"], row["high"]
        assert 1 <= row["effective"] <= row["n"]
        if row["n"] == 1:  # one answer tells nothing of how facts differ
            assert low is high is None
        else:
            assert value is not None and low is not None and high is not None
            assert low <= value <= high and low < high
