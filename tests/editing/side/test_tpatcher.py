"""Transformer-Patcher: neurons as columns of an MLP, silence elsewhere, and facts in sequence."""

from pathlib import Path
from typing import Any

import pytest
import torch

from mlake.analysis.reading import read
from mlake.editing import editor, load_edit
from mlake.editing.edits.added import NeuronEdit, Neurons, beside
from mlake.editing.side.method import encoded
from mlake.editing.side.tpatcher import started, unwanted
from mlake.models.generate import answers

SETTINGS: dict[str, Any] = {"steps": 60, "rate": 0.02, "memory": 40}


def drawn(count: int, width: int = 32, *, gated: bool = False) -> Neurons:
    random = torch.Generator().manual_seed(1)
    parts = [torch.randn(count, width, generator=random, dtype=torch.float64) for _ in range(3)]
    bias = torch.randn(count, generator=random, dtype=torch.float64)
    return Neurons(parts[0], bias, parts[1] if gated else parts[1][:0], parts[2])


def ids_of(lm: Any, question: str) -> torch.Tensor:
    return torch.tensor([lm.tokenizer(lm.style.prompt(question))["input_ids"]])


def test_neurons_start_active_with_one_at_their_own_token() -> None:
    fed = drawn(5).into
    assert torch.allclose((fed @ started(fed).T).diagonal(), torch.ones(5, dtype=torch.float64), atol=1e-12)


def test_what_is_unwanted_is_the_worst_and_is_far_below_at_the_margin() -> None:
    own = torch.tensor([1.0, 2.0], dtype=torch.float64)
    others = torch.tensor([[-3.0, 0.0], [-4.0, -3.0]], dtype=torch.float64)
    first, second = (others + 3).exp().mean(), (others - own + 3).exp().mean()
    assert float(unwanted(others, own, 3.0)) == pytest.approx(float(first + second))
    many = torch.cat([others, torch.full((2000, 2), -50.0, dtype=torch.float64)])
    assert float(unwanted(many, own, 3.0)) < float(unwanted(others, own, 3.0))


def test_neurons_are_columns_of_an_mlp(tiny_lm: Any) -> None:
    """GPT-2's MLP with ReLU and four more neurons says what it says with four neurons beside it."""
    lm, added = tiny_lm("gpt2"), drawn(4)
    mlp, ids = lm.mlp(2), ids_of(lm, "Who?")
    mlp.act = torch.nn.ReLU()
    with beside(lm, 2, added, "relu"):
        found = lm.model(ids).logits
    wider = {
        mlp.c_fc: (torch.cat([mlp.c_fc.weight, added.into.T], 1), torch.cat([mlp.c_fc.bias, added.bias])),
        mlp.c_proj: (torch.cat([mlp.c_proj.weight, added.out]), mlp.c_proj.bias),
    }
    for part, (weight, bias) in wider.items():
        part.weight, part.bias = torch.nn.Parameter(weight), torch.nn.Parameter(bias)
    mlp.c_fc.nf = len(mlp.c_fc.bias)
    assert torch.allclose(lm.model(ids).logits, found, atol=1e-12)


def test_inactive_or_mute_neurons_change_nothing(tiny_lm: Any) -> None:
    lm, added = tiny_lm(), drawn(4)
    ids = ids_of(lm, "Who?")
    plain = lm.model(ids).logits
    for one in (added._replace(bias=added.bias - 1e3), added._replace(out=0 * added.out)):
        with beside(lm, 2, one, "relu"):
            assert torch.equal(lm.model(ids).logits, plain)
    with beside(lm, 2, added, "relu"):
        assert not torch.equal(lm.model(ids).logits, plain)
    nothing = NeuronEdit(2, "relu", Neurons(*(one[:0] for one in added)), added.into[:0])
    with nothing.applied(lm):
        assert not lm.layers[2]._forward_hooks


def losses(lm: Any, statements: Any) -> list[float]:
    return [one.nll for one in read(lm, [(one.ids, one.target) for one in encoded(lm, statements)])]


def test_facts_are_learnt_as_they_will_be_asked(
    tiny_lm: Any, statements: Any, state: Any, tmp_path: Path
) -> None:
    lm = tiny_lm()
    before, unedited = state(lm), losses(lm, statements[:3])
    edit = editor("t-patcher", lm, **SETTINGS).edit(lm, statements[:3])
    edit.save(tmp_path / "edit")
    loaded = load_edit(tmp_path / "edit")
    assert isinstance(loaded, NeuronEdit) and edit.layer == 2
    assert len(edit.held.out) == sum(one.target for one in encoded(lm, statements[:3])) == len(edit.met)
    assert loaded.tensors().keys() == edit.tensors().keys()
    assert all(torch.equal(one, loaded.tensors()[name]) for name, one in edit.tensors().items())
    hooks = [len(block._forward_hooks) for block in lm.layers]
    with loaded.applied(lm) as edited:
        now = losses(edited, statements[:3])
        asked = [one.question for one in statements[:3]]
        said = answers(edited, asked, max_new_tokens=6)
        assert said == [answers(edited, [one], max_new_tokens=6)[0] for one in asked]
    assert all(one < 0.5 * other for one, other in zip(now, unedited, strict=True))
    assert before == state(lm) and hooks == [len(block._forward_hooks) for block in lm.layers]


def test_later_facts_learn_beside_earlier_ones(tiny_lm: Any, statements: Any) -> None:
    lm = tiny_lm()
    method = editor("t-patcher", lm, **SETTINGS)
    together, first = method.edit(lm, statements[:2]), method.edit(lm, statements[:1])
    count = len(first.held.out)
    for one, other in zip(together.held, first.held, strict=True):
        assert torch.allclose(one[: len(other)], other, atol=1e-7)
    with first.applied(lm) as once:
        second = method.edit(once, statements[1:2], history=[first])
        with second.applied(once) as twice:
            assert losses(twice, statements[1:2])[0] == pytest.approx(
                second.report["facts"][0]["loss"], abs=1e-5
            )
    assert count + len(second.held.out) == len(together.held.out)
