"""Sequences of token ids as padded batches."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

__all__ = ["Padded", "by_length", "pad_left", "pad_right"]


class Padded(NamedTuple):
    """Token ids and their mask, both ``(batch, length)``."""

    ids: Tensor
    mask: Tensor


def _pad(rows: Sequence[Sequence[int]], pad_id: int, device: torch.device, *, left: bool) -> Padded:
    length = max((len(row) for row in rows), default=0)
    ids = torch.full((len(rows), length), pad_id, dtype=torch.long)
    mask = torch.zeros((len(rows), length), dtype=torch.long)
    for index, row in enumerate(rows):
        place = slice(length - len(row), length) if left else slice(0, len(row))
        ids[index, place] = torch.tensor(row, dtype=torch.long)
        mask[index, place] = 1
    return Padded(ids.to(device), mask.to(device))


def pad_left(rows: Sequence[Sequence[int]], pad_id: int, device: torch.device) -> Padded:
    """Pad on the left, so that all rows end together."""
    return _pad(rows, pad_id, device, left=True)


def pad_right(rows: Sequence[Sequence[int]], pad_id: int, device: torch.device) -> Padded:
    """Pad on the right, so that all rows start together and positions need no shift."""
    return _pad(rows, pad_id, device, left=False)


def by_length(lengths: Sequence[int], budget: int, *, even: float = 0.0) -> Iterator[list[int]]:
    """Group items of similar length into batches of at most ``budget`` padded tokens.

    Args:
        lengths: Length of each item in tokens.
        budget: Most tokens that a batch may hold, padding included; a longer item is a batch of its own.
        even: Least length of an item as a share of the longest in its batch, which bounds the padding
            where items are few or their lengths differ much.

    Yields:
        Indices of the items of a batch, longest batch first, so that memory runs out early or never.
    """
    batch: list[int] = []
    for index in sorted(range(len(lengths)), key=lambda i: (-lengths[i], i)):
        longest = lengths[batch[0]] if batch else 0
        if batch and ((len(batch) + 1) * max(longest, 1) > budget or lengths[index] < even * longest):
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch
