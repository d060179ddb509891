"""The algebra of several languages and of earlier edits in the closed form, in float64."""

from collections.abc import Sequence

import torch
from torch import Tensor

from mlake.editing import WeightEdit
from mlake.editing.factors import Factors
from mlake.editing.locate.anchors import anchored, typical
from mlake.editing.locate.merging import merged, tsvm
from mlake.editing.locate.update import InverseMoment, NullSpace, closed_form, grown
from mlake.editing.locate.value import Values

WIDE, HIGH = 40, 12
LAMBDA = 3.0


def draw(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def moment() -> Tensor:
    """C, ``(WIDE, WIDE)``, well conditioned."""
    tokens = draw(WIDE, 200, seed=1)
    return tokens @ tokens.T / 200


def languages(count: int = 3, facts: int = 4) -> list[tuple[Tensor, Tensor]]:
    """Residual and keys of the same facts in each language."""
    return [(draw(HIGH, facts, seed=10 + at), draw(WIDE, facts, seed=20 + at)) for at in range(count)]


def shared(parts: Sequence[tuple[Tensor, Tensor]], at: int) -> Factors:
    """The update of a language that keeps the keys of the others."""
    others = torch.cat([keys for place, (_, keys) in enumerate(parts) if place != at], dim=1)
    metric = InverseMoment.of(moment()).keeping(others, 1 / LAMBDA)
    return closed_form(*parts[at], metric, LAMBDA)


def together(parts: Sequence[tuple[Tensor, Tensor]]) -> Tensor:
    due, keys = (torch.cat(side, dim=1) for side in zip(*parts, strict=True))
    return closed_form(due, keys, InverseMoment.of(moment()), LAMBDA).dense()


def edit_of(factors: Factors) -> WeightEdit:
    return WeightEdit({0: factors}, {0: factors.right})


def off(one: Tensor, other: Tensor) -> float:
    return float((one - other).norm() / other.norm())


def test_the_sum_with_a_shared_covariance_is_one_batch() -> None:
    parts = languages()
    edits = [edit_of(shared(parts, at)) for at in range(3)]
    assert off(merged(edits, "sum", 1.0).factors[0].dense(), together(parts)) < 1e-13
    assert off(merged(edits, "mean", 3.0).factors[0].dense(), together(parts)) < 1e-13
    assert merged(edits, "sum", 0.0).factors[0].dense().abs().max() == 0
    alone = [edit_of(closed_form(*one, InverseMoment.of(moment()), LAMBDA)) for one in parts]
    assert off(merged(alone, "sum", 1.0).factors[0].dense(), together(parts)) > 1e-2, "languages interfere"


def test_the_sum_of_null_space_updates_that_keep_each_other_is_one_batch() -> None:
    parts = languages()
    metric = NullSpace.of(moment(), threshold=1.0)
    due, keys = (torch.cat(side, dim=1) for side in zip(*parts, strict=True))
    expected = closed_form(due, keys, metric, LAMBDA).dense()
    edits = []
    for at, part in enumerate(parts):
        others = torch.cat([keys for place, (_, keys) in enumerate(parts) if place != at], dim=1)
        edits.append(edit_of(closed_form(*part, metric.keeping(others, LAMBDA), LAMBDA)))
    assert off(merged(edits, "sum", 1.0).factors[0].dense(), expected) < 1e-12


def test_keys_that_do_not_meet_need_no_shared_covariance() -> None:
    """Keys orthogonal under C⁻¹: the naive sum is the shared one."""
    factor = torch.linalg.cholesky(moment())
    basis = torch.linalg.qr(draw(WIDE, 8, seed=2))[0]
    parts = [(draw(HIGH, 4, seed=30 + at), factor @ basis[:, 4 * at : 4 * at + 4]) for at in range(2)]
    alone = [edit_of(closed_form(*one, InverseMoment.of(moment()), LAMBDA)) for one in parts]
    assert off(merged(alone, "sum", 1.0).factors[0].dense(), together(parts)) < 1e-12


def test_singular_vectors_of_one_update_give_it_back() -> None:
    one = Factors(draw(HIGH, 5, seed=3), draw(WIDE, 5, seed=4))
    assert off(tsvm([one]).dense(), one.dense()) < 1e-13


def test_singular_vectors_of_several_are_orthonormal_and_share_the_rank() -> None:
    parts = [Factors(draw(HIGH, 7, seed=at), draw(WIDE, 7, seed=9 + at)) for at in range(3)]
    found = tsvm(parts)
    assert found.right.shape == (WIDE, 12), "a third of the rank of 12 each"
    torch.testing.assert_close(found.right.T @ found.right, torch.eye(12, dtype=torch.float64))
    lengths = found.left.norm(dim=0)
    largest = [torch.linalg.svdvals(part.dense())[:4] for part in parts]
    torch.testing.assert_close(lengths, torch.cat(largest))


def test_batches_in_sequence_with_their_memory_are_one_batch() -> None:
    """Recursive least squares: keys of all batches before count in the second moment."""
    now = weight = draw(HIGH, WIDE, seed=5)
    parts = [(draw(HIGH, 4, seed=40 + at), keys) for at, (_, keys) in enumerate(languages(5))]
    for at, (values, keys) in enumerate(parts):
        metric = InverseMoment.of(moment())
        before = torch.cat([draw(WIDE, 0), *(one for _, one in parts[:at])], dim=1)
        memory = metric.keeping(before, 1 / LAMBDA) if at else metric
        now = now + closed_form(values - now @ keys, keys, memory, LAMBDA).dense()
    values, keys = (torch.cat(side, dim=1) for side in zip(*parts, strict=True))
    once = closed_form(values - weight @ keys, keys, InverseMoment.of(moment()), LAMBDA).dense()
    assert off(now - weight, once) < 1e-12
    direct = InverseMoment.of(grown(moment(), keys, 1 / LAMBDA)).times(keys) / LAMBDA
    assert off((values - weight @ keys) @ direct.T, once) < 1e-12


def test_values_are_as_long_as_the_anchor_or_left_out() -> None:
    clean, target = draw(3, 8, seed=7), draw(3, 8, seed=8)
    emitted = draw(3, 8, seed=9)
    lengths = (emitted + target - clean).norm(dim=1)
    anchors = lengths * torch.tensor([1.0, 0.4, 0.9], dtype=torch.float64)
    found, skipped = anchored(Values(target, clean, ()), emitted, anchors)
    assert skipped.tolist() == [False, True, False]
    torch.testing.assert_close(found.target[0], target[0])
    assert torch.equal(found.target[1], clean[1])
    torch.testing.assert_close((emitted + found.target - clean).norm(dim=1)[2], anchors[2])
    assert typical(torch.tensor([*([1.0] * 19), 100.0])) == 1.0, "the longest twentieth is dropped"
    assert typical(torch.tensor([1.0, 3.0])) == 2.0
