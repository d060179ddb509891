"""CaliNet: neurons beside an MLP that are trained on several wordings of all facts."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from mlake.editing import EDITORS, editor, load_edit
from mlake.editing.edits.added import NeuronEdit, Neurons, beside
from mlake.editing.finetune.side import training_side
from mlake.errors import EditError
from mlake.models.generate import answers
from mlake.models.hooks import first, watched_input, watched_output
from mlake.records import Statement

ROW: Any = replace(EDITORS["calinet"], rank=8, epochs=40, rate=1e-2)  # type: ignore[call-arg]


def ids_of(lm: Any) -> torch.Tensor:
    return torch.tensor([lm.tokenizer("Who wrote Faust?")["input_ids"]])


@pytest.mark.parametrize(("kind", "gated"), [("llama", True), ("gpt2", False), ("gemma3", True)])
def test_untrained_neurons_are_like_the_mlps_and_say_nothing(tiny_lm: Any, kind: str, gated: bool) -> None:
    lm = tiny_lm(kind)
    plain = lm.model(ids_of(lm)).logits
    with training_side(lm, 5, 2, 0) as side:
        assert torch.equal(lm.model(ids_of(lm)).logits, plain)
        assert len(side.neurons.gate) == 5 * gated and len(side.moved) == 2 + gated
    with training_side(lm, 5, 2, 0) as again:
        assert torch.equal(again.neurons.into, side.neurons.into)


@pytest.mark.parametrize("kind", ["llama", "gpt2", "gemma3"])
def test_linear_neurons_are_a_low_rank_map_of_what_the_mlp_is_fed(tiny_lm: Any, kind: str) -> None:
    lm, random = tiny_lm(kind), torch.Generator().manual_seed(0)
    into, out = (torch.randn(3, 32, generator=random, dtype=torch.float64) for _ in range(2))
    fed, plain, changed = list[Any](), list[Any](), list[Any]()
    with watched_input(lm.mlp(1), fed.append), watched_output(lm.layers[1], plain.append):
        lm.model(ids_of(lm))
    neurons = Neurons(into, into.new_zeros(3), into[:0], out)
    with beside(lm, 1, neurons, "linear"), watched_output(lm.layers[1], changed.append):
        lm.model(ids_of(lm))
    matrix = into.T @ out  # (d_model, d_model), of rank 3
    assert torch.allclose(first(changed[0]) - first(plain[0]), fed[0] @ matrix, atol=1e-12)


def test_facts_are_learnt_and_the_model_comes_back(
    tiny_lm: Any, statements: Sequence[Statement], state: Callable[..., Any], tmp_path: Path
) -> None:
    lm = tiny_lm()
    before, hooks = state(lm), [len(one._forward_hooks) for one in lm.layers]
    edit = ROW.edit(lm, statements[:2])
    assert isinstance(edit, NeuronEdit) and edit.layer == 2 and len(edit.held.out) == 8
    edit.save(tmp_path / "edit")
    loaded = load_edit(tmp_path / "edit").tensors()
    assert all(torch.equal(one, loaded[name]) for name, one in edit.tensors().items())
    losses = [one["questions"] for one in edit.report["losses"]]
    assert losses[-1] < 0.5 * losses[0]
    asked = [statements[0].question, "Who?"]
    with edit.applied(lm) as edited:
        said = answers(edited, asked, max_new_tokens=5)
        assert said == [answers(edited, [one], max_new_tokens=5)[0] for one in asked]
        on_top = ROW.edit(edited, statements[2:3], history=[edit])
    assert on_top.report["losses"][-1]["questions"] < on_top.report["losses"][0]["questions"]
    assert state(lm) == before and hooks == [len(one._forward_hooks) for one in lm.layers]


def test_its_place_and_size(tiny_lm: Any) -> None:
    lm = tiny_lm()
    row: Any = editor("calinet", lm)
    assert (row.layers, row.rank, row.trained_weights(lm)) == ((2,), 64, 0) and "layers" in row.search()
    assert row.published(lm).startswith("not published for Llama: chosen by mlake, as dqxiu/CaliNet")
    with pytest.raises(
        EditError, match=r"where=side has rank neurons beside the MLP of one block, got rank=0"
    ):
        editor("calinet", rank=0)
