import numpy as np
import pytest

from mlake.report.statistics.bootstrap import RESAMPLES, SEED, Estimate, clustered_mean


def test_no_values() -> None:
    assert clustered_mean([], []) == Estimate(0, 0, None, None, None)


def test_identical_clusters_give_a_width_of_zero() -> None:
    estimate = clustered_mean([1, 0] * 5, [name for name in "abcde" for _ in range(2)])
    assert estimate == Estimate(10, 5, 0.5, 0.5, 0.5)


def test_one_cluster_gives_no_interval() -> None:
    assert clustered_mean([1, 0, 0, 1], ["a"] * 4) == Estimate(4, 1, 0.5, None, None)


def test_two_clusters_reach_both_ends() -> None:
    """With facts 0 and 1, a quarter of the resamples is all 0 and a quarter all 1."""
    estimate = clustered_mean([0, 1], ["a", "b"])
    assert (estimate.value, estimate.low, estimate.high) == (0.5, 0.0, 1.0)


def test_against_a_plain_loop() -> None:
    values, clusters = [1, 0, 1, 1, 0, 0, 1, 0.5], list("aabbbcdd")
    draws = np.random.default_rng(SEED).integers(4, size=(RESAMPLES, 4))
    groups = [[1, 0], [1, 1, 0], [0], [1, 0.5]]
    means = [np.mean(np.concatenate([groups[one] for one in row])) for row in draws]
    estimate = clustered_mean(values, clusters)
    assert estimate.value == 4.5 / 8
    assert [estimate.low, estimate.high] == pytest.approx(np.quantile(means, [0.025, 0.975]), abs=1e-12)


def test_clusters_widen_the_interval() -> None:
    values = [0.0] * 50 + [1.0] * 50
    apart = clustered_mean(values, range(100))
    together = clustered_mean(values, [place // 10 for place in range(100)])
    assert together.value == apart.value == 0.5
    assert together.high - together.low > 2 * (apart.high - apart.low)
    # normal approximation: 1.96 * sqrt(0.25 / 100) = 0.098
    assert [apart.low, apart.high] == pytest.approx([0.402, 0.598], abs=0.015)


def test_the_same_scores_give_the_same_numbers() -> None:
    values, clusters = [0, 1, 1, 0, 1], [1, 2, 3, 4, 5]
    assert clustered_mean(values, clusters) == clustered_mean(values, clusters)


def test_lengths_must_agree() -> None:
    with pytest.raises(ValueError, match="2 values but 1 clusters"):
        clustered_mean([0, 1], ["a"])
