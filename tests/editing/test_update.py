"""The closed form against direct d × d solves, in float64 and in sixty digits."""

from decimal import Decimal, localcontext

import pytest
import torch
from torch import Tensor

from mlake.editing.locate.update import (
    Identity,
    InverseMoment,
    Keeping,
    NullSpace,
    closed_form,
    filled_up,
    grown,
)
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
    metric = NullSpace.of(c, threshold=1e-4).keeping(earlier, ridge)
    update = closed_form(residual, keys, metric, ridge).dense()
    close(update, direct)
    used = vectors[:, values >= 1e-4]
    assert float((update @ used).abs().max()) < 1e-12 * float(update.abs().max())


def test_a_share_of_the_energy_does_not_depend_on_the_scale_of_keys() -> None:
    c = moment(decay=0.5)
    values = torch.linalg.eigvalsh(c)
    held = values.cumsum(0) / values.sum()
    for share in (1e-6, 1e-3, 0.1):
        space = NullSpace.of(c, threshold=share, unit="energy")
        count = int((held < share).sum())
        assert 0 < count < D_IN and space.share == pytest.approx(count / D_IN)
        keys = normal(D_IN, 3)
        close(NullSpace.of(1e4 * c, threshold=share, unit="energy").times(keys), space.times(keys))
        assert float(values[:count].sum()) < share * float(values.sum())
    absolute = [NullSpace.of(scale * c, threshold=1e-4).share for scale in (1.0, 1e2)]
    assert absolute[0] > absolute[1]
    with pytest.raises(EditError, match="no share of the energy of the key second moment is below 1e-40"):
        NullSpace.of(c, threshold=1e-40, unit="energy")


def test_earlier_keys_are_kept() -> None:
    c, keys, residual = moment(decay=0.5), normal(D_IN, 2), normal(D_OUT, 2, seed=1)
    earlier = normal(D_IN, 3, seed=3)
    space = NullSpace.of(c, threshold=1e-4)
    without = closed_form(residual, keys, space, 1e-6)
    with_them = closed_form(residual, keys, space.keeping(earlier, 1e-6), 1e-6)
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
    with pytest.raises(EditError, match="holds NaN or infinity; delete its cache"):
        NullSpace.of(bad, threshold=1.0)
    with pytest.raises(EditError, match="a key of the edit prompts is NaN or infinite; load the model in"):
        InverseMoment.of(moment()).keeping(normal(D_IN, 2) * float("nan"), 1.0)
    with pytest.raises(EditError, match="a ridge of 1 cannot keep the keys of the earlier edits; raise it"):
        NullSpace.of(moment(), threshold=1.0).keeping(normal(D_IN, 2) * float("nan"), 1.0)


def test_no_free_direction() -> None:
    with pytest.raises(EditError, match=r"no eigenvalue .* below 1e-09 \(smallest .*; raise the threshold"):
        NullSpace.of(moment(), threshold=1e-9)


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


def spread(condition: float, width: int = D_IN) -> Tensor:
    """A second moment whose eigenvalues fall from 1 to 1 / condition."""
    turn, _ = torch.linalg.qr(normal(width, width, seed=11))
    c = turn * torch.logspace(0, -float(torch.tensor(condition).log10()), width, dtype=torch.float64) @ turn.T
    return (c + c.T) / 2


def exact(c: Tensor, keys: Tensor, residual: Tensor, ridge: float) -> Tensor:
    """R Kᵀ(λC + KKᵀ)⁻¹ by Gaussian elimination in sixty digits."""
    with localcontext() as context:
        context.prec = 60
        k = [[Decimal(x) for x in row] for row in keys.tolist()]
        r = [[Decimal(x) for x in row] for row in residual.tolist()]
        scaled = [[Decimal(ridge) * Decimal(x) for x in row] for row in c.tolist()]
        rows = [
            [scaled[i][j] + _dot(k[i], k[j]) for j in range(len(k))] + [_dot(row, k[i]) for row in r]
            for i in range(len(k))
        ]
        for i, pivot in enumerate(rows):  # positive definite: no need to search for pivots
            for at in (*range(i), *range(i + 1, len(rows))):
                share = rows[at][i] / pivot[i]
                rows[at] = [x - share * y for x, y in zip(rows[at], pivot, strict=True)]
        solved = [[float(x / row[i]) for x in row[len(rows) :]] for i, row in enumerate(rows)]
    return torch.tensor(solved, dtype=torch.float64).T


def _dot(one: list[Decimal], other: list[Decimal]) -> Decimal:
    return sum((x * y for x, y in zip(one, other, strict=True)), Decimal(0))


def off(found: Tensor, expected: Tensor) -> float:
    """Largest error relative to the largest entry."""
    return float((found - expected).abs().max() / expected.abs().max())


def direct(c: Tensor, keys: Tensor, residual: Tensor, ridge: float) -> Tensor:
    return torch.linalg.solve(ridge * c + keys @ keys.T, (residual @ keys.T).T).T


@pytest.mark.parametrize("power", [2, 4, 6, 8, 10, 12, 14])
@pytest.mark.parametrize("ridge", [1e-3, 15_000.0])
def test_ill_conditioned_moments(power: int, ridge: float) -> None:
    """The factor is never much worse than the direct solve in float64, and far better at a small ridge."""
    c, keys, residual = spread(10.0**power), normal(D_IN, 5), normal(D_OUT, 5, seed=1)
    expected = exact(c, keys, residual, ridge)
    metric = InverseMoment.of(c)
    assert metric.ridge == 0 and metric.factor.dtype == torch.float64
    error = off(closed_form(residual, keys, metric, ridge).dense(), expected)
    assert error < 1e-16 * 10**power + 1e-14
    assert error < 10 * off(direct(c, keys, residual, ridge), expected) + 1e-14


@pytest.mark.parametrize(("power", "least"), [(2, 1e-7), (4, 1e-5), (6, 2e-4), (8, 1e-2)])
def test_why_the_factor_is_not_in_float32(power: int, least: float) -> None:
    c, keys, residual = spread(10.0**power), normal(D_IN, 5), normal(D_OUT, 5, seed=1)
    narrow = InverseMoment(torch.linalg.cholesky_ex(c.float())[0].double())
    expected = exact(c, keys, residual, 15_000.0)
    error = off(closed_form(residual, keys, narrow, 15_000.0).dense(), expected)
    assert error > least > 1e5 * 1e-16 * 10**power  # a digit of seven lost for each of the condition number
    assert torch.linalg.cholesky_ex(spread(1e10).float()).info > 0


@pytest.mark.parametrize("scale", [1e-12, 1e12])
def test_eigenvalues_of_any_size(scale: float) -> None:
    c, keys, residual = scale * spread(1e4), normal(D_IN, 5), normal(D_OUT, 5, seed=1)
    error = off(closed_form(residual, keys, InverseMoment.of(c), 2.0).dense(), exact(c, keys, residual, 2.0))
    assert error < 1e-11


@pytest.mark.parametrize("ridge", [1e-3, 15_000.0])
def test_sixteen_times_more_dimensions_than_tokens(ridge: float) -> None:
    read = normal(3, 48, seed=7)
    raw, keys, residual = read.T @ read / 3, normal(48, 5), normal(D_OUT, 5, seed=1)
    filled = filled_up(raw, 3)
    expected = exact(filled, keys, residual, ridge)
    assert InverseMoment.of(filled).ridge == 0
    assert off(closed_form(residual, keys, InverseMoment.of(filled), ridge).dense(), expected) < 1e-13
    metric = InverseMoment.of(raw)  # singular: solved with the smallest ridge that makes it definite
    assert 0 < metric.ridge < 1e-8
    ridged = raw + metric.ridge * torch.eye(48, dtype=torch.float64)
    error = off(closed_form(residual, keys, metric, ridge).dense(), exact(ridged, keys, residual, ridge))
    assert error < 1e-4


@pytest.mark.parametrize("power", [0, 2, 4, 6, 7])
@pytest.mark.parametrize("count", [1, 4, 15])
@pytest.mark.parametrize(("ridge", "weight"), [(1000.0, 3e-4), (1000.0, 0.3), (1e-3, 1e3)])
@pytest.mark.parametrize("kind", ["white", "text"])
def test_more_keys_beside_a_factor(power: int, count: int, ridge: float, weight: float, kind: str) -> None:
    """The direct solve, as is factorising again, whether keys look like C's or not."""
    c, keys, residual = spread(10.0**power), normal(D_IN, 5), normal(D_OUT, 5, seed=1)
    others = normal(D_IN, count, seed=5) + keys[:, :1]
    if kind == "text":
        keys, others = (torch.linalg.cholesky_ex(c)[0] @ one for one in (keys, others))
    with_them = grown(c, others, weight)
    expected = exact(with_them, keys, residual, ridge)
    metric = InverseMoment.of(c)
    assert metric.sound
    bound = 10 * off(direct(with_them, keys, residual, ridge), expected) + 1e-9
    for one in (metric.keeping(others, weight), InverseMoment.of(with_them)):
        assert off(closed_form(residual, keys, one, ridge).dense(), expected) < bound


def test_more_keys_than_dimensions_beside_a_factor() -> None:
    c, keys, residual = moment(), normal(D_IN, 5), normal(D_OUT, 5, seed=1)
    others = normal(D_IN, 60, seed=5)
    update = closed_form(residual, keys, InverseMoment.of(c).keeping(others, 0.3), 2.0).dense()
    close(update, direct(grown(c, others, 0.3), keys, residual, 2.0))


def test_when_keys_are_kept_beside_a_factor() -> None:
    assert Keeping.pays(11008, 1500) and Keeping.pays(2048, 1365)
    assert not Keeping.pays(2048, 1366) and not Keeping.pays(100, 2000)
    for power, sound in ((2, True), (6, True), (7.8, True), (8.5, False), (10, False), (14, False)):
        assert InverseMoment.of(spread(10.0**power, 64)).sound == sound
    assert not InverseMoment.of(moment(tokens=8)).sound


def null_directly(c: Tensor, past: Tensor, threshold: float, ridge: float) -> Tensor:
    """λ(P K₀K₀ᵀ P + λI)⁻¹P."""
    values, vectors = torch.linalg.eigh(c)
    p = vectors[:, values < threshold] @ vectors[:, values < threshold].T
    system = p @ past @ past.T @ p + ridge * torch.eye(len(c), dtype=torch.float64)
    return ridge * torch.linalg.solve(system, p)


@pytest.mark.parametrize("threshold", [1e-9, 1e-4, 1e-1, 1e9])
@pytest.mark.parametrize("ridge", [1e-3, 10.0])
def test_edit_after_edit_in_the_null_space(threshold: float, ridge: float) -> None:
    """Keys of edits of any size one after another, more than dimensions in the end: the direct metric."""
    c, every = moment(decay=0.5), normal(D_IN, 40, seed=3)
    metric = NullSpace.of(c, threshold=threshold)
    rank = int((torch.linalg.eigvalsh(c) < threshold).sum())
    assert metric.basis.shape[1] == min(rank, D_IN - rank) and metric.free == (2 * rank <= D_IN)
    assert {1e-9: rank < 12, 1e-4: rank < 24, 1e-1: rank > 12, 1e9: rank == D_IN}[threshold]
    for count in (0, 1, 5, 5, 12, 40):
        metric = metric.keeping(every[:, :count], ridge)
        eye = torch.eye(D_IN, dtype=torch.float64)
        expected = null_directly(c, every[:, :count], threshold, ridge)
        torch.testing.assert_close(metric.times(eye), expected, rtol=0, atol=1e-9)
    at_once = NullSpace.of(c, threshold=threshold).keeping(every, ridge)
    torch.testing.assert_close(metric.times(every), at_once.times(every), rtol=0, atol=1e-9)


def test_only_new_keys_are_gone_through() -> None:
    every = normal(D_IN, 6, seed=3)
    one = NullSpace.of(moment(decay=0.5), threshold=1e-4).keeping(every[:, :4], 1.0)
    more = one.keeping(every, 1.0)
    assert torch.equal(more.spent[:, :4], one.spent) and more.spent.shape == (D_IN, 6)
    assert more.basis is one.basis
    other = torch.cat([every[:, 1:2], every[:, 1:]], dim=1)
    for past, ridge in ((every[:, :2], 1.0), (other, 1.0), (every, 2.0)):  # another history or λ
        found = more.keeping(past, ridge)
        expected = null_directly(moment(decay=0.5), past, 1e-4, ridge)
        torch.testing.assert_close(found.times(torch.eye(D_IN)), expected, rtol=0, atol=1e-10)
        assert found.basis is one.basis and torch.equal(found.past, past)
