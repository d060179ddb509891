"""The closed form against direct d × d solves in float64."""

import pytest
import torch
from torch import Tensor

from mlake.editing.update import Identity, InverseMoment, NullSpace, closed_form, filled_up
from mlake.errors import EditError

D_IN, D_OUT = 24, 10


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def moment(tokens: int = 200, *, decay: float = 1.0) -> Tensor:
    """Second moment of ``tokens`` keys whose coordinates shrink by ``decay`` each."""
    keys = normal(tokens, D_IN, seed=7) * decay ** torch.arange(D_IN, dtype=torch.float64)
    return keys.T @ keys / tokens


def close(one: Tensor, other: Tensor, tolerance: float = 1e-9) -> None:
    torch.testing.assert_close(one, other, rtol=tolerance, atol=tolerance * float(other.abs().max()))


@pytest.mark.parametrize("n", [1, 4])
@pytest.mark.parametrize("metric", [Identity(), InverseMoment.of(moment())], ids=["identity", "moment"])
def test_residuals_are_met_without_ridge(metric: Identity | InverseMoment, n: int) -> None:
    keys, residual = normal(D_IN, n), normal(D_OUT, n, seed=1)
    update = closed_form(residual, keys, metric, 0.0)
    assert update.left.shape == (D_OUT, n) and update.right.shape == (D_IN, n)
    assert update.left.dtype == update.right.dtype == torch.float64
    close(update.dense() @ keys, residual)


def test_by_hand() -> None:
    """One key (3, 4), residual (10,): ΔW = 10 k / (25 + 15)."""
    update = closed_form(torch.tensor([[10.0]]), torch.tensor([[3.0], [4.0]]), Identity(), 15.0)
    close(update.dense(), torch.tensor([[0.75, 1.0]], dtype=torch.float64))


def test_rome_is_emmet_of_one_fact() -> None:
    """ROME, eq. 2: (C⁻¹k)ᵀ over (C⁻¹k)ᵀk, scaled by what is missing."""
    c, keys, residual = moment(), normal(D_IN, 1), normal(D_OUT, 1, seed=1)
    u = torch.linalg.inv(c) @ keys
    close(closed_form(residual, keys, InverseMoment.of(c), 0.0).dense(), residual @ u.T / (u.T @ keys))


def test_met_at_other_keys() -> None:
    """The authors' ROME: direction from the mean key, scale from the plain prompt's."""
    mean, plain, residual = normal(D_IN, 1), normal(D_IN, 1, seed=2), normal(D_OUT, 1, seed=1)
    update = closed_form(residual, mean, Identity(), 0.0, met=plain)
    close(update.dense() @ plain, residual)
    close(update.dense(), residual @ mean.T / (mean.T @ plain))


@pytest.mark.parametrize(("decay", "tolerance"), [(1.0, 1e-10), (0.6, 1e-5)])
@pytest.mark.parametrize("ridge", [0.5, 15_000.0])
def test_memit_is_the_direct_solve(decay: float, tolerance: float, ridge: float) -> None:
    """MEMIT, eq. 14: R Kᵀ(λC + KKᵀ)⁻¹."""
    c, keys, residual = moment(decay=decay), normal(D_IN, 5), normal(D_OUT, 5, seed=1)
    if decay < 1:
        assert torch.linalg.cond(c) > 1e9
    direct = torch.linalg.solve(ridge * c + keys @ keys.T, (residual @ keys.T).T).T
    close(closed_form(residual, keys, InverseMoment.of(c), ridge).dense(), direct, tolerance)


def test_more_facts_than_dimensions() -> None:
    c, keys, residual = moment(), normal(D_IN, 60), normal(D_OUT, 60, seed=1)
    direct = torch.linalg.solve(3.0 * c + keys @ keys.T, (residual @ keys.T).T).T
    close(closed_form(residual, keys, InverseMoment.of(c), 3.0).dense(), direct)


@pytest.mark.parametrize("past", [0, 3])
@pytest.mark.parametrize("ridge", [0.1, 10.0])
def test_alphaedit_is_the_direct_solve(past: int, ridge: float) -> None:
    """AlphaEdit, eq. 13: R KᵀP (K₀K₀ᵀP + KKᵀP + λI)⁻¹."""
    c, keys, residual = moment(decay=0.5), normal(D_IN, 4), normal(D_OUT, 4, seed=1)
    earlier = normal(D_IN, past, seed=3)
    values, vectors = torch.linalg.eigh(c)
    free = vectors[:, values < 1e-4]
    assert 4 < free.shape[1] < D_IN
    p = free @ free.T
    system = earlier @ earlier.T @ p + keys @ keys.T @ p + ridge * torch.eye(D_IN, dtype=torch.float64)
    direct = residual @ keys.T @ p @ torch.linalg.inv(system)
    metric = NullSpace.of(c, threshold=1e-4, past=earlier, ridge=ridge)
    update = closed_form(residual, keys, metric, ridge).dense()
    close(update, direct)
    used = vectors[:, values >= 1e-4]
    assert float((update @ used).abs().max()) < 1e-12 * float(update.abs().max())


def test_earlier_keys_are_kept() -> None:
    c, keys, residual = moment(decay=0.5), normal(D_IN, 2), normal(D_OUT, 2, seed=1)
    earlier = normal(D_IN, 3, seed=3)
    without = closed_form(
        residual, keys, NullSpace.of(c, threshold=1e-4, past=torch.zeros(D_IN, 0), ridge=1e-6), 1e-6
    )
    with_them = closed_form(residual, keys, NullSpace.of(c, threshold=1e-4, past=earlier, ridge=1e-6), 1e-6)
    close(with_them.dense() @ keys, residual, 1e-3)
    assert float((without.dense() @ earlier).norm()) > 0.1
    assert float((with_them.dense() @ earlier).norm()) < 1e-3


def test_a_moment_of_too_few_tokens_gets_a_ridge() -> None:
    c, keys, residual = moment(tokens=8), normal(D_IN, 3), normal(D_OUT, 3, seed=1)
    assert torch.linalg.matrix_rank(c) == 8
    update = closed_form(residual, keys, InverseMoment.of(c), 0.0)
    close(update.dense() @ keys, residual, 1e-6)
    kept = closed_form(residual, keys, InverseMoment.of(c), 100.0).dense() @ c
    assert float(kept.norm()) < 1e-3  # what ordinary text uses is left alone


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_dependent_keys_need_a_ridge(scale: float) -> None:
    keys, residual = scale * normal(D_IN, 3), normal(D_OUT, 3, seed=1)
    keys[:, 2] = keys[:, 0] + keys[:, 1]
    for metric in (Identity(), InverseMoment.of(moment())):
        with pytest.raises(EditError, match="linearly dependent; use a ridge above 0 or edit each subject"):
            closed_form(residual, keys, metric, 0.0)
    assert torch.isfinite(closed_form(residual, keys, Identity(), 1.0).dense()).all()


def test_keys_of_different_lengths_are_independent() -> None:
    keys, residual = normal(D_IN, 3), normal(D_OUT, 3, seed=1)
    keys *= torch.tensor([1e-4, 1.0, 1e4], dtype=torch.float64)
    close(closed_form(residual, keys, Identity(), 0.0).dense() @ keys, residual, 1e-6)


def test_a_key_of_zeros_needs_a_ridge() -> None:
    with pytest.raises(EditError, match="dependent"):
        closed_form(normal(D_OUT, 1), torch.zeros(D_IN, 1), Identity(), 0.0)


def test_bad_numbers() -> None:
    with pytest.raises(EditError, match="dependent"):
        closed_form(normal(D_OUT, 1) * float("nan"), normal(D_IN, 1), Identity(), 0.0)
    bad = moment()
    bad[0, 0] = float("inf")
    with pytest.raises(EditError, match="holds NaN or infinity; delete its cache"):
        InverseMoment.of(bad)
    with pytest.raises(EditError, match="not positive definite; compute it from more tokens"):
        InverseMoment.of(-moment())


def test_no_free_direction() -> None:
    with pytest.raises(EditError, match=r"no eigenvalue .* below 1e-09 \(smallest .*; raise the threshold"):
        NullSpace.of(moment(), threshold=1e-9, past=torch.zeros(D_IN, 0), ridge=1.0)


def test_few_tokens_are_filled_up() -> None:
    moment = torch.diag(torch.tensor([4.0, 0.0, 0.0, 0.0], dtype=torch.float64))  # mean energy 1
    filled = filled_up(moment, 2)  # two of the eight tokens that four dimensions want
    expected = torch.tensor([1.75, 0.75, 0.75, 0.75], dtype=torch.float64)
    torch.testing.assert_close(filled, torch.diag(expected))
    assert filled.diagonal().mean() == moment.diagonal().mean()


@pytest.mark.parametrize("tokens", [8, 9, 10_000])
def test_enough_tokens_stay_as_they_are(tokens: int) -> None:
    moment = torch.diag(torch.arange(4, dtype=torch.float64))
    assert filled_up(moment, tokens) is moment
