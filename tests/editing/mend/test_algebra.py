"""MEND's algebra in float64: gradients as factors, the network, and the edit they make."""

import math
from collections.abc import Sequence
from typing import Any

import pytest
import torch
from torch import Tensor
from transformers.pytorch_utils import Conv1D

from mlake.editing.edits.parameters import ParameterEdit
from mlake.editing.factors import Factors
from mlake.editing.mend import gradients as module
from mlake.editing.mend.gradients import Gradient, edited, edited_matrices, gradients
from mlake.editing.mend.hypernet import GradientNetwork, Running, Shape
from mlake.editing.mend.network import TrainSettings
from mlake.editing.prompts import prompted
from mlake.errors import EditError, ModelError
from mlake.models.spans import Encoded
from mlake.records import Statement

STEP = 0.03


def asked(lm: Any, statements: Sequence[Statement]) -> list[Encoded]:
    return [prompted(lm, one, kind="question", key="prompt", contexts=0).plain for one in statements]


def logits(lm: Any, prompt: Encoded) -> Tensor:
    ids = torch.tensor([prompt.ids], device=lm.device)
    return lm.logits(lm.model.base_model(input_ids=ids).last_hidden_state)[0]  # type: ignore[no-any-return]


def loss(lm: Any, prompt: Encoded) -> Tensor:
    """Mean negative log-likelihood of the target, the obvious way."""
    logs = logits(lm, prompt).log_softmax(-1)
    at = range(len(prompt.ids) - prompt.target, len(prompt.ids))
    return -torch.stack([logs[i - 1, prompt.ids[i]] for i in at]).mean()


def autograd(lm: Any, prompts: Sequence[Encoded]) -> list[Tensor]:
    """Gradients of the edited weights as autograd gives them, prompt by prompt, as the model stores them."""
    weights = [matrix.module.weight for matrix in edited_matrices(lm)]
    for weight in weights:
        weight.requires_grad_()
    try:
        every = [torch.autograd.grad(loss(lm, prompt), weights) for prompt in prompts]
    finally:
        for weight in weights:
            weight.requires_grad_(False)
    return [torch.stack(parts).sum(0) for parts in zip(*every, strict=True)]


def dense(gradient: Gradient) -> Tensor:
    return gradient.deltas.T @ gradient.inputs


def network_of(lm: Any, step: float = STEP) -> GradientNetwork:
    shapes = [Shape(m.d_out, m.d_in) for m in edited_matrices(lm)]
    return GradientNetwork(shapes, [step] * len(shapes), rank=5, dtype=torch.float64)


def shaken(lm: Any) -> GradientNetwork:
    """A network that is no identity."""
    network = network_of(lm)
    random = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for weight in network.parameters():
            weight.add_(0.1 * torch.randn(weight.shape, generator=random, dtype=weight.dtype))
    return network


def test_matrices_of_every_family(tiny_lm: Any, family: str) -> None:
    lm = tiny_lm(family, layers=4)
    matrices = edited_matrices(lm)
    weights = dict(lm.model.named_parameters())
    blocks = [set(map(id, lm.layers[layer].parameters())) for layer in range(4)]
    for matrix in matrices:
        assert weights[matrix.name] is matrix.module.weight
        assert {matrix.d_in, matrix.d_out} <= {32, 80, 160}
        assert matrix.transposed == isinstance(matrix.module, Conv1D) == (family == "gpt2")
    held = [sum(id(m.module.weight) in block for m in matrices) for block in blocks]
    per_block = 2 if family in ("gpt2", "gpt_neo", "gpt_neox", "gptj", "phi3") else 3
    assert held == [0, per_block, per_block, per_block]


def test_a_model_of_one_block_is_edited_in_it(tiny_lm: Any) -> None:
    assert len(edited_matrices(tiny_lm("llama", layers=1))) == 3


def test_an_mlp_without_linear_maps_is_refused(tiny_lm: Any) -> None:
    lm = tiny_lm("llama", layers=1)
    lm.layers[0].mlp = torch.nn.Identity()
    with pytest.raises(
        ModelError, match=r"hold no linear maps, which a trained editor changes; use another method"
    ):
        edited_matrices(lm)


def test_the_identity_makes_a_plain_gradient_step(
    tiny_lm: Any, family: str, statements: tuple[Statement, ...]
) -> None:
    lm = tiny_lm(family, layers=4)
    matrices, prompts = edited_matrices(lm), asked(lm, statements[:3])
    made = network_of(lm)(gradients(lm, matrices, prompts))
    rough = {"gemma2": 1e-5, "gpt_neo": 1e-5, "gptj": 1e-5}.get(family, 1e-9)
    for matrix, factors, expected in zip(matrices, made, autograd(lm, prompts), strict=True):
        change = matrix.stored(factors).dense()
        assert change.shape == matrix.module.weight.shape
        assert torch.allclose(change, -STEP * expected, rtol=rough, atol=rough * float(expected.abs().max()))
        assert expected.abs().max() > 0


def test_tokens_without_gradient_are_left_out(tiny_lm: Any, statements: tuple[Statement, ...]) -> None:
    lm = tiny_lm("llama", layers=4)
    prompts = asked(lm, statements)
    found = dict(zip(edited_matrices(lm), gradients(lm, edited_matrices(lm), prompts), strict=True))
    counts = {matrix.name.split(".")[2]: len(gradient.inputs) for matrix, gradient in found.items()}
    fed = sum(len(p.ids) - 1 for p in prompts)
    assert counts == {"1": fed, "2": fed, "3": sum(p.target for p in prompts)}


@pytest.mark.parametrize("kind", ["llama", "gpt2", "gemma3"])
def test_a_batch_is_its_facts_one_by_one(
    tiny_lm: Any, statements: tuple[Statement, ...], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lm = tiny_lm(kind, layers=4)
    matrices, network, prompts = edited_matrices(lm), shaken(lm), asked(lm, statements)

    def edit(some: Sequence[Encoded]) -> list[Tensor]:
        return [factors.dense() for factors in network(gradients(lm, matrices, some))]

    together = edit(prompts)
    every = [edit([prompt]) for prompt in prompts]
    alone = [torch.stack(parts).sum(0) for parts in zip(*every, strict=True)]
    backwards = edit(prompts[::-1])
    monkeypatch.setattr(module, "_TOKENS", 50)
    done: list[int] = []
    gradients(lm, matrices, prompts, progress=done.append)
    assert sum(done) == 5 and len(done) > 1
    for other in (alone, backwards, edit(prompts)):
        for one, two in zip(together, other, strict=True):
            assert torch.allclose(one, two, rtol=1e-6, atol=1e-7)


def test_the_functional_forward_is_the_edited_model(
    tiny_lm: Any, family: str, statements: tuple[Statement, ...], state: Any
) -> None:
    lm = tiny_lm(family, layers=4)
    before = state(lm)
    matrices, prompts = edited_matrices(lm), asked(lm, statements)
    made = shaken(lm)(gradients(lm, matrices, prompts))
    with edited(matrices, made), torch.no_grad():
        functional = logits(lm, prompts[0])
    edit = ParameterEdit(
        {m.name: Factors(*(f.detach() for f in m.stored(one))) for m, one in zip(matrices, made, strict=True)}
    )
    with edit.applied(lm), torch.no_grad():
        applied = logits(lm, prompts[0])
    plain = logits(lm, prompts[0])
    assert torch.allclose(functional, applied, rtol=1e-5, atol=1e-5)
    assert not torch.allclose(plain, applied, rtol=1e-2, atol=1e-2)
    assert state(lm) == before


def test_a_gradient_that_is_not_finite(tiny_lm: Any, statements: tuple[Statement, ...]) -> None:
    lm = tiny_lm("llama", layers=4)
    lm.layers[3].mlp.down_proj.weight[0, 0] = float("nan")
    with pytest.raises(EditError, match=r"gradient of model\.layers\.1\..* is not finite; .*--dtype fp32"):
        gradients(lm, edited_matrices(lm), asked(lm, statements))


def test_running_statistics_are_those_of_all_rows() -> None:
    random = torch.Generator().manual_seed(0)
    rows = 3 + 2 * torch.randn(60, 4, generator=random, dtype=torch.float64)
    rows[:, 3] = 1.5
    running = Running(4).double()
    assert torch.equal(running.normal(rows), rows)
    for part in rows.split([10, 0, 49, 1]):
        running.see(part)
    normal = running.normal(rows)
    deviation = rows[:, :3].std(0, correction=0)
    assert torch.allclose(normal[:, :3], (rows[:, :3] - rows[:, :3].mean(0)) / deviation)
    assert torch.allclose(normal[:, 3], torch.zeros(60, dtype=torch.float64))
    assert float(running.normal(rows + 1e-3)[0, 3]) < 2  # a constant is not blown up


def test_matrices_of_one_shape_share_a_network_but_not_its_scale() -> None:
    shapes = [Shape(3, 2), Shape(2, 3), Shape(3, 2)]
    network = GradientNetwork(shapes, [0.1, 0.2, 0.3], rank=2, dtype=torch.float64)
    assert set(network.networks) == {"3x2", "2x3"}
    row = torch.ones(1, 5, dtype=torch.float64)
    every = [Gradient(row[:, :d_in], row[:, :d_out]) for d_out, d_in in shapes]
    with torch.no_grad():
        network.networks["3x2"].second.offset[1] = 1.0  # type: ignore[union-attr, operator]
    made = network(every)
    steps = (0.1, 0.2, 0.3)
    assert [round(float(f.left.detach()[0, 0]), 9) for f in made] == [-0.1, -0.2, -0.6]
    assert torch.allclose(made[2].right, 2 * row[:, :2].T)
    assert torch.allclose(network.log_step.exp(), torch.tensor(steps, dtype=torch.float64))


def test_the_network_is_the_authors() -> None:
    """Numbers recorded from ``IDMLP`` of eric-mitchell/mend at e04fdb9, in float64: both layers clamp."""

    def waves(k: int, *shape: int) -> Tensor:
        return torch.sin(torch.arange(math.prod(shape)).double() * (k + 1) + k).reshape(shape)

    network = GradientNetwork([Shape(3, 2)] * 2, [0.1] * 2, rank=2, dtype=torch.float64).networks["3x2"]
    with torch.no_grad():
        for at, layer in enumerate((network.first, network.second)):
            layer.outer.copy_(waves(3 * at, 5, 2))  # type: ignore
            layer.inner.copy_(waves(3 * at + 1, 2, 5))  # type: ignore
            layer.bias.copy_(waves(3 * at + 2, 5))  # type: ignore
            layer.scale.copy_(1 + waves(7 + at, 2, 5))  # type: ignore
            layer.offset.copy_(waves(11 + at, 2, 5))  # type: ignore
        rows = waves(20, 2, 5)
        made = [torch.cat(network(Gradient(rows[:, :2], rows[:, 2:]), place), dim=1) for place in (0, 1)]
    recorded = [
        [
            [0.912945251, -0.158622669, 4.414508533, 0.968364461, 4.090965497],
            [1.747862491, 0.996469173, 5.298167358, -0.455773595, 4.999491332],
        ],
        [
            [2.255047707, 1.299871558, 2.099669209, 1.205066635, 0.42930302],
            [2.616010275, 2.946488099, 1.700869936, -0.255153966, 1.577950063],
        ],
    ]
    assert torch.allclose(torch.stack(made), torch.tensor(recorded, dtype=torch.float64), atol=1e-8)


def test_matrices_of_one_shape_share_their_statistics() -> None:
    random = torch.Generator().manual_seed(0)
    network = GradientNetwork([Shape(3, 2)] * 2, [1.0] * 2, rank=2, dtype=torch.float64)
    every = [
        Gradient(
            place + torch.randn(9, 2, generator=random, dtype=torch.float64),
            torch.randn(9, 3, generator=random, dtype=torch.float64),
        )
        for place in (0.0, 5.0)
    ]
    network.see(every)
    running, both = network.networks["3x2"].inputs, torch.cat([one.inputs for one in every])  # type: ignore
    assert int(running.count) == 18 and torch.allclose(running.mean, both.mean(0))  # type: ignore
    right = torch.cat([factors.right.detach().T for factors in network(every)])
    assert torch.allclose(right, (both - both.mean(0)) / both.std(0, correction=0))


def test_training_can_leave_the_identity(tiny_lm: Any, statements: tuple[Statement, ...]) -> None:
    """At zero a ReLU would stop every gradient of the first layer."""
    lm = tiny_lm("llama")
    network = network_of(lm)
    made = network(gradients(lm, edited_matrices(lm), asked(lm, statements)))
    sum(factors.dense().square().sum() for factors in made).backward()  # type: ignore[union-attr]
    for shared in network.networks.values():
        assert shared.first.outer.grad.abs().max() > 0  # type: ignore[union-attr, operator]
        assert shared.second.outer.grad.abs().max() > 0  # type: ignore[union-attr, operator]
    assert network.log_step.grad is not None and network.log_step.grad.ne(0).all()


def test_step_sizes_start_relative_to_the_weights(tiny_lm: Any) -> None:
    lm = tiny_lm("gpt2")
    matrices = edited_matrices(lm)
    network = GradientNetwork.untrained(lm, matrices, TrainSettings(rank=4, step=0.01))
    for matrix, step in zip(matrices, network.log_step.exp(), strict=True):
        weight = matrix.module.weight
        assert float(step.detach()) == pytest.approx(0.01 * float(weight.square().mean().sqrt()))  # type: ignore[operator]


@pytest.mark.parametrize(("d_out", "d_in"), [(4, 6), (6, 4), (5, 5)])
@pytest.mark.parametrize("tokens", [3, 30])
def test_an_edit_has_no_more_columns_than_its_matrix(d_out: int, d_in: int, tokens: int) -> None:
    random = torch.Generator().manual_seed(0)
    factors = Factors(
        torch.randn(d_out, tokens, generator=random, dtype=torch.float64),
        torch.randn(d_in, tokens, generator=random, dtype=torch.float64),
    )
    small = factors.slim()
    assert small.left.shape == (d_out, min(tokens, d_out, d_in))
    assert small.right.shape == (d_in, min(tokens, d_out, d_in))
    assert torch.allclose(small.dense(), factors.dense())
