"""Validation of MEND's editor, the file that keeps its training, and the editor without training."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
import torch
from tests.editing.mend.conftest import SETTINGS

from mlake.editing.mend import Mend
from mlake.editing.mend import training as training_module
from mlake.editing.mend.examples import draw, examples
from mlake.editing.mend.files import TrainedFile
from mlake.editing.mend.gradients import edited_matrices, first_block, gradients
from mlake.editing.mend.hypernet import GradientNetwork
from mlake.editing.mend.training import Trainer, TrainSettings
from mlake.editing.mend.trial import validated
from mlake.editing.mend.upper import Upper
from mlake.editing.prompts import prompted
from mlake.errors import EditError
from mlake.records import Benchmark, Statement


@pytest.fixture
def tried(tiny_lm: Any, benchmark: Benchmark) -> Callable[[], Trainer]:
    """``tried()``: training in English on four of five facts, tried on the fifth every second step."""
    settings = replace(SETTINGS, batch_size=1, validation=9, every=2)
    return lambda: Trainer(
        tiny_lm("llama", layers=4), benchmark, facts=(0, 5), langs=["en"], settings=settings
    )


def test_the_best_editor_on_facts_not_trained_on_is_used(
    tried: Callable[[], Trainer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    training, weights = tried(), []
    assert {one.fact for one in training.pool["en"]} == {"f0", "f1", "f2", "f3"}
    totals = iter([5.0, 1.0, 3.0, 2.0])

    def point(lm: Any, matrices: Any, network: Any, pool: Any, **sizes: int) -> dict[str, float]:
        assert {one.fact for one in pool["en"]} == {"f4"} and sizes == {"count": 1, "others": 2}
        weights.append(network.log_step.detach().clone())
        return {"edit": 0.0, "locality": next(totals), "success": 0.5, "kept": 0.25}

    monkeypatch.setattr("mlake.editing.mend.training.validated", point)
    file = training.run(tmp_path / "mend", 9, lambda _: None)
    assert [one["step"] for one in file.head["curve"]] == [2, 4, 6, 8]  # the first before any training
    assert file.head["best"] == 4 and torch.equal(file.weights()["log_step"], weights[1])
    assert not torch.equal(weights[1], weights[3])
    assert torch.equal(file.state()["last.log_step"], training.network.log_step)
    assert file.validation["untrained"]["locality"] == 5.0 and file.validation["trained"]["locality"] == 1.0
    assert file.told == (
        "best after 4 steps; on facts not trained on, 1 together: new answers 50% (untrained 50%), "
        "unchanged tokens of other questions 25% (untrained 25%)"
    )


def test_validation_is_the_same_at_every_call_and_goes_on(
    tried: Callable[[], Trainer], tmp_path: Path, state: Any
) -> None:
    whole = tried().run(tmp_path / "whole", 6, lambda _: None)
    for stop in (1, 2, 3, 6):
        training = tried()
        if stop > 1:
            training.resume(tmp_path / "parts")
        part = training.run(tmp_path / "parts", stop, lambda _: None)
    assert (tmp_path / "whole").read_bytes() == (tmp_path / "parts").read_bytes()
    assert len(part.head["curve"]) == 3 and whole.head["curve"] == part.head["curve"]
    for point in whole.head["curve"]:
        assert point["edit"] > 0 and point["locality"] == 0  # one fact: there are no others to ask about
        assert 0 <= point["success"] <= 1 and point["kept"] == 1


def test_what_a_validation_measures(tiny_lm: Any, benchmark: Benchmark) -> None:
    lm = tiny_lm("llama", layers=4)
    matrices, pool = edited_matrices(lm), examples(lm, benchmark.facts, ["en"])
    still = GradientNetwork.untrained(lm, matrices, TrainSettings(rank=4, step=0.0))
    point = validated(lm, matrices, still, pool, count=2, others=3)
    assert point["locality"] == pytest.approx(0, abs=1e-9) and point["kept"] == 1  # nothing is changed
    wild = validated(
        lm,
        matrices,
        GradientNetwork.untrained(lm, matrices, TrainSettings(rank=4, step=1e4)),
        pool,
        count=2,
        others=3,
    )
    assert wild["locality"] > 0.1 and wild["kept"] < 1
    drawn = draw(pool, Random(0), count=2, others=3)
    first = first_block(lm)
    assert len(Upper.of(lm, first, drawn.far, whole=True).token) == sum(len(p.ids) - 1 for p in drawn.far)
    assert len(Upper.of(lm, first, drawn.far).token) == sum(p.target for p in drawn.far)


@pytest.mark.parametrize("stopped", ["draw", "tried"])
def test_an_interrupt_saves_what_was_trained(
    trainer: Callable[..., Trainer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stopped: str
) -> None:
    """Within a step as well, which then has not been."""
    path, training = tmp_path / "mend", trainer()
    real, calls = getattr(training_module, stopped), []

    def interrupted(*arguments: Any, **named: Any) -> Any:
        calls.append(1)
        if training.step == 4:
            raise KeyboardInterrupt
        return real(*arguments, **named)

    with monkeypatch.context() as patch:
        patch.setattr(training_module, stopped, interrupted)
        with pytest.raises(KeyboardInterrupt):
            training.run(path, 9, lambda _: None)
    assert calls and TrainedFile.read(path, GradientNetwork).head["step"] == 4
    again = trainer()
    again.resume(path)
    again.run(path, 9, lambda _: None)
    trainer().run(tmp_path / "whole", 9, lambda _: None)
    assert path.read_bytes() == (tmp_path / "whole").read_bytes()


@pytest.mark.parametrize("part", ["exp_avg", "exp_avg_sq", "step"])
@pytest.mark.parametrize("fault", ["shape", "missing", "too much"])
def test_a_file_whose_optimiser_does_not_fit_is_refused(
    trainer: Callable[..., Trainer], file: Path, part: str, fault: str
) -> None:
    good = TrainedFile.read(file, GradientNetwork)
    name = f"adam.log_step/{part}"
    tensors = dict(good.tensors)
    odd = tensors.pop(name)
    if fault == "shape":
        tensors[name] = torch.ones(3, *odd.shape)
    if fault == "too much":
        tensors |= {name: odd, f"adam.other/{part}": odd}
    with pytest.raises(EditError, match=r"^the training in the file does not fit its network: .*; give"):
        trainer().restore(replace(good, tensors=tensors))


@pytest.mark.parametrize("start", ["last.", "network."])
def test_a_file_whose_network_does_not_fit_is_refused(
    trainer: Callable[..., Trainer], file: Path, start: str
) -> None:
    good = TrainedFile.read(file, GradientNetwork)
    tensors = {**good.tensors, f"{start}log_step": torch.ones(2)}
    with pytest.raises(EditError, match=r"^the training in the file does not fit its network"):
        trainer().restore(replace(good, tensors=tensors))


def test_an_editor_of_an_earlier_version_is_refused(file: Path, tmp_path: Path) -> None:
    good = TrainedFile.read(file, GradientNetwork)
    replace(good, head={**good.head, "format": "mlake-mend/1"}).write(tmp_path / "old")
    with pytest.raises(EditError, match=r"trained by an earlier mlake, .*; train again: mlake train mend$"):
        TrainedFile.read(tmp_path / "old", GradientNetwork)


def test_the_untrained_editor_normalises_and_steps(
    tiny_lm: Any, trainer: Callable[..., Trainer], statements: tuple[Statement, ...], tmp_path: Path
) -> None:
    lm, path = tiny_lm("llama", layers=4), tmp_path / "mend"
    trainer(lm, rate=0.1).run(path, 6, lambda _: None)
    trained = Mend(trained=str(path)).fitted(lm)
    plain = replace(trained, untrained=True)
    assert plain.config()["untrained"] is True and "untrained" not in trained.config()
    matrices, network = TrainedFile.read(path, GradientNetwork).network(lm, GradientNetwork)
    other = GradientNetwork.untrained(lm, matrices, SETTINGS)
    for key, shared in other.networks.items():
        shared.inputs, shared.deltas = network.networks[key].inputs, network.networks[key].deltas  # type: ignore
    prompts = [prompted(lm, statements[0], kind="question", key="prompt", contexts=0).plain]
    expected = other(gradients(lm, matrices, prompts))
    made, learnt = plain.edit(lm, statements[:1]), trained.edit(lm, statements[:1])
    for matrix, factors in zip(matrices, expected, strict=True):
        assert torch.allclose(made.factors[matrix.name].dense(), factors.dense())
        assert not torch.allclose(made.factors[matrix.name].dense(), learnt.factors[matrix.name].dense())


def test_what_is_no_fair_test_is_said(file: Path) -> None:
    method = Mend(trained=str(file))
    assert method.warning([{"a", "b", "c"}, {"d"}]) is None and Mend().warning([{"f0"}]) is None
    assert method.warning([{"f0", "x"}]) == (
        "1 of 2 facts are among those that mend was trained on: no fair test"
    )
    assert (
        method.warning([{"a", "b", "c", "d"}]) == "mend was trained to edit 3 together, not 4: no fair test"
    )
