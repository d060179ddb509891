from itertools import combinations
from math import sqrt

import numpy as np
import pytest

from mlake.report.statistics.association import (
    correlation,
    least_permutation_p,
    least_relabelling_p,
    members,
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
    assert permutation_p(left[None], left[None]) == 2 / 24
    assert permutation_p(left[None], -left[None]) == 2 / 24
    assert permutation_p(np.array([[0.0, 0.0, 1.0]]), np.array([[5.0, 6.0, 7.0]])) == 4 / 6


def test_many_points_are_tested_by_draws() -> None:
    left = np.arange(10.0)
    assert permutation_p(left[None], left[None]) == pytest.approx(1e-4, abs=1e-4)
    assert permutation_p(left[None], left[None]) == permutation_p(left[None], left[None])


@pytest.mark.parametrize("points", [5, 10])
def test_without_an_association_p_is_uniform(points: int) -> None:
    left = np.arange(float(points))
    draws = [np.random.default_rng(seed).normal(size=(2, points)) for seed in range(100)]
    values = [permutation_p(left[None], right) for right in draws]
    for level in (0.1, 0.25, 0.5, 0.75):
        spread = 3 * np.sqrt(level * (1 - level) / len(values))
        assert np.mean([value <= level for value in values]) == pytest.approx(level, abs=spread)


def test_points_of_several_groups_move_together() -> None:
    """Two groups of five points in one order are five points, not ten; a group's own level says nothing."""
    left = np.array([[1.0, 2.0, 3.0, 4.0, 5.0], [11.0, 12.0, 13.0, 14.0, 15.0]])
    assert permutation_p(left, left.reshape(1, -1)) == 2 / 120
    levels = np.repeat(np.eye(2), 5, axis=0)
    only_level = np.repeat([1.0, 2.0], 5)
    assert np.isnan(correlation(left.ravel(), only_level, levels))
    assert correlation(left.ravel(), left.ravel() - 10 * only_level, levels) == pytest.approx(1)


def test_the_least_p_of_a_rearrangement() -> None:
    assert least_permutation_p(np.array([[1.0, 2.0, 3.0, 4.0]])) == 2 / 24
    assert least_permutation_p(np.array([[1.0, 1.0, 3.0, 4.0]])) == 2 / 24  # its opposite is no order of it
    assert least_permutation_p(np.array([[1.0, 2.0, 3.0], [1.0, 3.0, 2.0]])) == 1 / 6
    assert least_permutation_p(np.ones((1, 3))) == 1


PAIRS = list(combinations(range(6), 2))
LINE = -np.abs(np.subtract.outer(np.arange(6.0), np.arange(6.0)))
"""Closeness of six things on a line."""


def of_pairs(values: np.ndarray) -> np.ndarray:
    return np.array([[values[pair] for pair in PAIRS]])


def test_relabelling_whole_things() -> None:
    """On a line things as they are and turned round are equally close; less their levels, 8 orders are."""
    assert least_relabelling_p(LINE, PAIRS) == 8 / 720
    assert relabelling_p(LINE, PAIRS, of_pairs(LINE)) == 8 / 720
    assert relabelling_p(LINE, PAIRS, -of_pairs(LINE)) == 8 / 720
    close = np.array([[0.0, 1, 0], [1, 0, 0], [0, 0, 0]])  # three pairs less three levels: all orders alike
    assert least_relabelling_p(close, [(0, 1), (0, 2), (1, 2)]) == 1


def test_a_things_own_level_is_no_closeness() -> None:
    levels = members(PAIRS, 6)
    own = np.add.outer([0.0, 1, 2, 2, 1, 0], [0.0, 1, 2, 2, 1, 0])  # the outermost are bad with all others
    left, right = of_pairs(LINE)[0], of_pairs(own)[0]
    assert correlation(left, right) > 0.5
    assert np.isnan(correlation(left, right, levels))
    assert correlation(left, left + 100 * right, levels) == pytest.approx(1)
    assert np.isnan(
        correlation(left[:3], left[:3], levels[:3])
    )  # three pairs of four things: nothing is left


def test_without_closeness_p_is_uniform() -> None:
    """Things with levels of their own, which made p without relabelling far too small."""
    found = []
    for seed in range(200):
        random = np.random.default_rng(seed)
        level = random.normal(size=6) * 2
        found.append(
            relabelling_p(LINE, PAIRS, of_pairs(np.add.outer(level, level) + random.normal(size=(6, 6))))
        )
    for limit in (0.05, 0.25, 0.5, 0.75):
        spread = 3 * np.sqrt(limit * (1 - limit) / len(found))
        assert np.mean([p <= limit for p in found]) == pytest.approx(limit, abs=spread)


def test_many_things_are_relabelled_at_random() -> None:
    many = -np.abs(np.subtract.outer(np.arange(12.0), np.arange(12.0)))
    pairs = list(combinations(range(12), 2))
    right = np.array([[many[pair] for pair in pairs]])
    assert relabelling_p(many, pairs, right) == pytest.approx(1e-4, abs=2e-4)
    assert least_relabelling_p(many, pairs) < 1e-3


def test_many_languages_fit_into_memory() -> None:
    """1,378 pairs of 53 languages, 1,000 draws: comparing all points with all would take gigabytes."""
    left = np.random.default_rng(0).normal(size=(1000, 53 * 52 // 2)).round(1)
    assert correlation(left, 2 * left) == pytest.approx(np.ones(1000))
    ranks = (left[0][:, None] < left[0]).sum(axis=0)  # without ties this would be the rank
    assert correlation(left[0], ranks.astype(float)) == pytest.approx(1)
