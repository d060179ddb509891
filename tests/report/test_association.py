from math import sqrt

import numpy as np
import pytest

from mlake.report.statistics.association import (
    arrangements,
    correlation,
    permutation_p,
    pooled,
    relabelling_p,
    series_correlations,
)


def test_rank_correlation_by_hand() -> None:
    rising = np.array([1.0, 2.0, 3.0, 4.0])
    assert correlation(rising, rising**3) == 1
    assert correlation(rising, -rising) == -1
    # ranks 1 2.5 2.5 4 and 1 3 2 4: covariance 4.5, spreads 4.5 and 5
    assert correlation(np.array([1.0, 2.0, 2.0, 3.0]), np.array([1.0, 3.0, 2.0, 4.0])) == pytest.approx(
        4.5 / sqrt(4.5 * 5)
    )


def test_no_correlation_where_a_side_is_constant_or_missing() -> None:
    found = correlation(np.array([1.0, 2.0, 3.0]), np.array([[1.0, 1.0, 1.0], [1.0, np.nan, 2.0], [1, 2, 3]]))
    assert np.isnan(found[:2]).all()
    assert found[2] == 1
    rounded = 0.1 + 0.2 - 0.3  # a tie but for rounding
    assert np.isnan(correlation(np.array([1.0, 2.0]), np.array([0.0, rounded])))


def test_series_use_the_points_they_have_and_weigh_by_them() -> None:
    left = np.array([1.0, 2.0, 3.0, 4.0])
    right = np.array([[1.0, 2.0, 3.0, 4.0], [2.0, 1.0, np.nan, np.nan], [np.nan] * 4, [1.0, *[np.nan] * 3]])
    present = np.isfinite(right)
    own = series_correlations(left, right, present)
    assert own[:2].tolist() == [1.0, -1.0]
    assert np.isnan(own[2:]).all()
    assert pooled(own, present) == pytest.approx((3 * 1 + 1 * -1) / 4)
    assert np.isnan(pooled(own[2:], present[2:]))


def test_few_points_are_tested_exactly() -> None:
    left = np.array([1.0, 2.0, 3.0, 4.0])
    assert permutation_p(left, left[None]) == 2 / 24
    assert permutation_p(left, -left[None]) == 2 / 24
    assert permutation_p(np.array([0.0, 0.0, 1.0]), np.array([[5.0, 6.0, 7.0]])) == 4 / 6


def test_many_points_are_tested_by_draws() -> None:
    left = np.arange(10.0)
    assert permutation_p(left, left[None]) == pytest.approx(1e-4, abs=1e-4)
    assert permutation_p(left, left[None]) == permutation_p(left, left[None])


@pytest.mark.parametrize("points", [5, 10])
def test_without_an_association_p_is_uniform(points: int) -> None:
    left = np.arange(float(points))
    draws = [np.random.default_rng(seed).normal(size=(2, points)) for seed in range(100)]
    values = [permutation_p(left, right) for right in draws]
    for level in (0.1, 0.25, 0.5, 0.75):
        spread = 3 * np.sqrt(level * (1 - level) / len(values))
        assert np.mean([value <= level for value in values]) == pytest.approx(level, abs=spread)


def test_relabelling_whole_things_by_hand() -> None:
    """Things 0 and 1 are close. Of the 6 orders of three things, 2 keep the close pair."""
    pairs = [(0, 1), (0, 2), (1, 2)]
    p = relabelling_p(lambda one, other: float({one, other} == {0, 1}), pairs, np.array([[9.0, 1.0, 1.0]]))
    assert p == 2 / 6


def test_arrangements_of_equal_values() -> None:
    assert arrangements(np.array([4.0, 4, 4, 4, 4, 4, 3, 1, 1, 0])) == 2520
    assert arrangements(np.array([1.0, 2.0, 3.0])) == 6
    assert arrangements(np.array([])) == 1
