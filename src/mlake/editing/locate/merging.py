"""Edits of one batch in several languages, each from the unedited model, put together as one.

``sum`` and ``mean`` add up the updates of the languages. ``tsvm`` takes only the strongest directions of each
and turns those of all languages until they are orthogonal (https://arxiv.org/abs/2412.00081). With a shared
covariance each language's update is solved with the keys of all others kept, so that at one layer the sum is
what one batch with all statements gives (https://arxiv.org/abs/2605.13919).
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from mlake.editing.edits.weights import WeightEdit
from mlake.editing.factors import Factors

__all__ = ["merged", "tsvm"]


def merged(edits: Sequence[WeightEdit], how: str, scale: float) -> WeightEdit:
    """One edit that holds those of all languages.

    Args:
        edits: The edit in each language, of the same layers.
        how: ``sum``, ``mean`` or ``tsvm``.
        scale: What the merged update is multiplied by.
    """
    factors = {}
    for layer in edits[0].factors:
        parts = [edit.factors[layer] for edit in edits]
        both = tsvm(parts) if how == "tsvm" else _stacked(parts)
        times = scale / len(parts) if how == "mean" else scale
        factors[layer] = Factors(times * both.left, both.right)
    keys = {layer: torch.cat([edit.keys[layer] for edit in edits], dim=1) for layer in factors}
    return WeightEdit(factors, keys)


def tsvm(parts: Sequence[Factors]) -> Factors:
    """Updates merged by their singular vectors: an equal share of the matrix's rank each.

    Args:
        parts: The updates, ``(d_out, d_in)`` each.
    """
    room = min(parts[0].left.shape[0], parts[0].right.shape[0]) // len(parts)
    lefts, values, rights = zip(*(_singular(part, max(1, room)) for part in parts), strict=True)
    left, right = (_orthonormal(torch.cat(side, dim=1)) for side in (lefts, rights))
    return Factors((left * torch.cat(values)).to(parts[0].left), right.to(parts[0].right))


def _singular(part: Factors, most: int) -> tuple[Tensor, Tensor, Tensor]:
    """The first singular vectors and values of an update, in float64."""
    (left, of_left), (right, of_right) = (torch.linalg.qr(side.double()) for side in part)
    inner, values, other = torch.linalg.svd(of_left @ of_right.T)
    return (left @ inner)[:, :most], values[:most], (right @ other.T)[:, :most]


def _orthonormal(vectors: Tensor) -> Tensor:
    """The nearest matrix with orthonormal columns."""
    left, _, right = torch.linalg.svd(vectors, full_matrices=False)
    nearest: Tensor = left @ right
    return nearest


def _stacked(parts: Sequence[Factors]) -> Factors:
    return Factors(*(torch.cat(side, dim=1) for side in zip(*parts, strict=True)))
