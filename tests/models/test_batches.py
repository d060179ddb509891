"""Padding and batches by length."""

import pytest
import torch

from mlake.models.batches import by_length, pad_left, pad_right

CPU = torch.device("cpu")


def test_pad_left_and_right() -> None:
    rows = [(5, 6, 7), (), (8,)]
    left, right = pad_left(rows, 9, CPU), pad_right(rows, 9, CPU)
    assert left.ids.tolist() == [[5, 6, 7], [9, 9, 9], [9, 9, 8]]
    assert left.mask.tolist() == [[1, 1, 1], [0, 0, 0], [0, 0, 1]]
    assert right.ids.tolist() == [[5, 6, 7], [9, 9, 9], [8, 9, 9]]
    assert right.mask.tolist() == [[1, 1, 1], [0, 0, 0], [1, 0, 0]]
    assert left.ids.dtype == left.mask.dtype == torch.long


def test_pad_nothing() -> None:
    assert pad_left([(), ()], 0, CPU).ids.shape == (2, 0)
    assert pad_right([], 0, CPU).ids.shape == (0, 0)


@pytest.mark.parametrize(
    ("lengths", "budget", "expected"),
    [
        ([3, 9, 4, 9], 18, [[1, 3], [2, 0]]),
        ([3, 9, 4, 9], 1000, [[1, 3, 2, 0]]),
        ([3, 9, 4, 9], 1, [[1], [3], [2], [0]]),
        ([5, 5, 5, 5, 5], 10, [[0, 1], [2, 3], [4]]),
        ([0, 0, 0], 2, [[0, 1], [2]]),
        ([], 10, []),
    ],
)
def test_by_length(lengths: list[int], budget: int, expected: list[list[int]]) -> None:
    assert list(by_length(lengths, budget)) == expected


def test_by_length_with_little_padding() -> None:
    lengths = [10, 2, 8, 7, 100, 80, 79, 0]
    assert list(by_length(lengths, 10**6, even=0.8)) == [[4, 5], [6], [0, 2], [3], [1], [7]]
    assert list(by_length(lengths, 100, even=0.8)) == [[4], [5], [6], [0, 2], [3], [1], [7]]
    assert list(by_length([0, 0], 10, even=1.0)) == [[0, 1]]
