"""KE: its network against the authors' code, its training, and the method that reads its files."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from mlake.editing import EDITORS, editor
from mlake.editing.edits.files import load_edit
from mlake.editing.mend import KnowledgeEditor, Mend
from mlake.editing.mend.files import TrainedFile
from mlake.editing.mend.gradients import Gradient, edited_matrices
from mlake.editing.mend.hypernet import Shape
from mlake.editing.mend.ke import ConditionedNetwork, KeSettings, weighed
from mlake.editing.mend.training import Trainer
from mlake.editing.prompts import prompted
from mlake.errors import EditError, UnknownNameError
from mlake.records import Benchmark, Statement

SETTINGS = KeSettings(
    batch_size=2, others=2, rank=3, reader=4, condition=5, step=0.01, measured=2, validation=0
)


def wave(*shape: int, start: float) -> Tensor:
    """Numbers that anyone can make again."""
    return torch.sin(torch.arange(torch.Size(shape).numel(), dtype=torch.float64) * 0.7 + start).reshape(
        shape
    )


@pytest.fixture
def features(tiny_lm: Any, statements: tuple[Statement, ...]) -> Callable[..., Any]:
    """``features(lm, statements)``: what the network reads of facts."""

    def make(lm: Any, some: Any = statements) -> Any:
        prompts = [prompted(lm, one, kind="question", key="prompt", contexts=0).plain for one in some]
        return ConditionedNetwork.features(lm, edited_matrices(lm), prompts, some)

    return make


@pytest.fixture
def training(tiny_lm: Any, benchmark: Benchmark) -> Callable[..., Trainer]:
    """``training(**settings)``: of KE on five facts in English."""

    def make(**settings: Any) -> Trainer:
        lm, chosen = tiny_lm("llama", layers=4), replace(SETTINGS, **settings)
        return Trainer(lm, benchmark, facts=(0, 5), langs=["en"], settings=chosen, kind=ConditionedNetwork)

    return make


@pytest.fixture
def file(training: Callable[..., Trainer], tmp_path: Path) -> Path:
    training().run(tmp_path / "ke.safetensors", 4, lambda _: None)
    return tmp_path / "ke.safetensors"


def shaken(lm: Any) -> ConditionedNetwork:
    """A network that does not only step against the gradient."""
    network = ConditionedNetwork.untrained(lm, edited_matrices(lm), SETTINGS)
    random = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for weight in network.parameters():
            weight.add_(0.3 * torch.randn(weight.shape, generator=random, dtype=weight.dtype))
    return network


def test_the_update_is_what_the_authors_code_makes() -> None:
    """Their ``ConditionedParameter`` (commit c1c0db35b6) with these numbers in it, ``max_scale`` 0.3."""
    settings = replace(SETTINGS, rank=2)
    network = ConditionedNetwork(6, [Shape(3, 4)], [1.0], settings, torch.float64)
    first, last = (getattr(network.weights[0], name) for name in ("first", "last"))
    with torch.no_grad():
        for layer, start, (wide, narrow) in ((first, 1.0, (2, 5)), (last, 4.0, (15, 2))):
            layer.parametrizations.weight.original1.copy_(wave(wide, narrow, start=start))
            layer.parametrizations.weight.original0.copy_(wave(wide, 1, start=start + 1))
            layer.bias.copy_(wave(wide, start=start + 2))
        network.most.fill_(0.3 / 3)  # softmax counts in multiples of its mean here
        gradient = Gradient(wave(2, 4, start=7), wave(2, 3, start=8))
        made = network._one(0, wave(5, start=9), gradient)
    assert made.left.shape == (3, 3) and made.right.shape == (4, 3)
    expected = torch.tensor(
        [
            [-0.106037465642, 0.007567581313, 0.098188000893, 0.080278474516],
            [-0.060768477356, -0.029626871240, 0.018563785106, 0.044954775894],
            [-0.057525830070, -0.068357676764, -0.034161045768, 0.032688109177],
        ],
        dtype=torch.float64,
    )
    torch.testing.assert_close(made.dense(), expected, rtol=1e-9, atol=1e-11)


def test_a_weighed_gradient_is_a_dense_product() -> None:
    gradient = Gradient(wave(7, 4, start=1), wave(7, 3, start=2))
    rows, columns, row, column = (wave(n, start=n) for n in (3, 4, 3, 4))
    dense = gradient.deltas.T @ gradient.inputs * torch.outer(rows, columns) + torch.outer(row, column)
    torch.testing.assert_close(weighed(gradient, rows, columns, row, column).dense(), dense)


def test_before_training_it_steps_against_the_gradient(tiny_lm: Any, features: Any) -> None:
    """Of the same size for each matrix, on a fact of middling size; with η very low it does nothing."""
    lm = tiny_lm("llama", layers=4)
    network, found = ConditionedNetwork.untrained(lm, edited_matrices(lm), SETTINGS), features(lm)
    network.see(found)
    for at, matrix in enumerate(edited_matrices(lm)):
        dense = [one.gradients[at].deltas.T @ one.gradients[at].inputs for one in found]
        unit = torch.stack(dense).square().mean().sqrt()
        with torch.no_grad():
            for one, gradient in zip(found, dense, strict=True):
                step = network([one])[at].dense()
                torch.testing.assert_close(step, -SETTINGS.step * matrix.size * gradient / unit)
    with torch.no_grad():
        network.eta.fill_(-torch.inf)
        assert all(not factors.dense().any() for factors in network(found))


def test_facts_are_edited_alike_alone_and_together(tiny_lm: Any, features: Any) -> None:
    lm = tiny_lm("llama", layers=4)
    network, found = shaken(lm), features(lm)
    with torch.no_grad():
        whole = network(found)
        alone = [network([one]) for one in found]
    for at, factors in enumerate(whole):
        torch.testing.assert_close(factors.dense(), torch.stack([one[at].dense() for one in alone]).sum(0))
        rank = sum(len(one.gradients[at].inputs) + 1 for one in found)
        assert factors.left.shape[1] == rank


def test_the_update_follows_the_text_of_the_fact(tiny_lm: Any, features: Any, statements: Any) -> None:
    """The old answer stands nowhere but in that text."""
    lm = tiny_lm("llama", layers=4)
    network, said = shaken(lm), statements[0]
    with torch.no_grad():
        one, other = (network(features(lm, [replace(said, old=old)]))[0].dense() for old in ("Rome", "BBC"))
    assert not torch.allclose(one, other)


def test_the_multiplier_rises_above_the_margin_and_is_never_negative(
    training: Callable[..., Trainer],
) -> None:
    network: Any = training().network
    edit, weights = torch.tensor(2.0, requires_grad=True), torch.tensor(0.5, requires_grad=True)
    network.loss(edit, weights, SETTINGS).backward()
    assert (float(edit.grad), float(weights.grad)) == (1.0, 1.0)  # type: ignore[arg-type]
    assert float(network.multiplier.grad) == pytest.approx(SETTINGS.margin - 0.5)  # descent raises it
    with torch.no_grad():
        network.multiplier.fill_(-0.2)
    network.stepped()
    assert float(network.multiplier.detach()) == 0
    network.validated({"success": 0.9}, SETTINGS)
    assert float(network.margin) == pytest.approx(1e-3)
    network.validated({"success": 0.95}, SETTINGS)
    assert float(network.margin) == pytest.approx(8e-4)
    for _ in range(30):
        network.validated({"success": 1.0}, SETTINGS)
    assert float(network.margin) == pytest.approx(1e-5)


def test_resumed_training_ends_in_the_same_bytes(training: Callable[..., Trainer], tmp_path: Path) -> None:
    settings = {"validation": 1, "every": 2, "margin": 10.0}
    training(**settings).run(tmp_path / "whole", 6, lambda _: None)
    for stop in (3, 6):
        part = training(**settings)
        if stop > 3:
            part.resume(tmp_path / "parts")
        kept = part.run(tmp_path / "parts", stop, lambda _: None)
    assert (tmp_path / "whole").read_bytes() == (tmp_path / "parts").read_bytes()
    assert kept.head["format"] == "mlake-ke/1" and len(kept.head["curve"]) == 3
    multiplier: Any = part.network.multiplier
    assert float(multiplier.detach()) < 1  # all is below this margin
    with pytest.raises(EditError, match=r"was trained with settings .*; give another --out"):
        training().resume(tmp_path / "parts")


def test_the_method_edits(
    tiny_lm: Any, file: Path, statements: tuple[Statement, ...], state: Any, tmp_path: Path
) -> None:
    lm = tiny_lm("llama", layers=4)
    before = state(lm)
    method = editor("ke", lm, trained=str(file))
    assert method.trainable and method.needs() == ["training"]
    edit = method.edit(lm, statements)
    assert state(lm) == before
    edit.save(tmp_path / "edit")
    loaded = load_edit(tmp_path / "edit")
    with edit.applied(lm):
        edited = state(lm)
        later = method.edit(lm, statements[:1])
    assert edited != before and state(lm) == before
    with loaded.applied(lm):
        assert state(lm) == edited
    fresh = method.edit(lm, statements[:1])
    first = next(iter(fresh.factors))  # type: ignore[attr-defined]
    assert not torch.equal(later.factors[first].left, fresh.factors[first].left)  # type: ignore[attr-defined]
    config = method.config()
    assert config["trained"]["sha256"] == TrainedFile.read(file, ConditionedNetwork).sha256


def test_files_of_the_other_editor_are_refused(tiny_lm: Any, file: Path, training: Any) -> None:
    lm = tiny_lm("llama", layers=4)
    with pytest.raises(EditError, match=r"no trained editor of format mlake-mend/2, .* mlake train mend"):
        Mend(trained=str(file)).fitted(lm)
    with pytest.raises(EditError, match=r"ke has no trained editor at .*; train one: mlake train ke"):
        KnowledgeEditor().fitted(lm)
    good = TrainedFile.read(file, ConditionedNetwork)
    for odd in ({"reader": "4"}, {"breadth": 4}):
        head = {**good.head, "settings": {**good.head["settings"], **odd}}
        replace(good, head=head).write(file)
        with pytest.raises(EditError, match=r"no trained editor of format mlake-ke/1, or damaged"):
            TrainedFile.read(file, ConditionedNetwork)


def test_settings_of_its_training(tiny_lm: Any, training: Callable[..., Trainer]) -> None:
    made = training()
    lm, data = made.lm, Benchmark("none", "1", "0" * 64, ())
    with pytest.raises(UnknownNameError, match="setting of the training of ke 'marge'"):
        EDITORS["ke"].trainer(lm, data, facts=(0, 0), langs=["en"], settings={"marge": 1})
