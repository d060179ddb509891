"""Edits of any parameters by name."""

from pathlib import Path
from typing import Any

import pytest
import torch

from mlake.editing import load_edit
from mlake.editing.edits.parameters import ParameterEdit
from mlake.editing.factors import Factors
from mlake.errors import EditError

UP, NORM = "model.layers.1.mlp.up_proj.weight", "model.norm.weight"


def made(lm: Any) -> ParameterEdit:
    rows, columns = dict(lm.model.named_parameters())[UP].shape
    random = torch.Generator().manual_seed(1)
    factors = Factors(torch.randn(rows, 2, generator=random), torch.randn(columns, 2, generator=random))
    return ParameterEdit({UP: factors}, {NORM: torch.full((32,), 2.0)}, {"method": "made"})


@pytest.mark.parametrize("kind", [torch.float64, torch.float32, torch.bfloat16], ids=str)
def test_in_force_for_a_block_and_restored_bit_for_bit(tiny_lm: Any, kind: torch.dtype) -> None:
    lm = tiny_lm("llama")
    lm.model.to(kind)
    before = {name: one.detach().clone() for name, one in lm.model.named_parameters()}
    edit = made(lm)
    with pytest.raises(ZeroDivisionError), edit.applied(lm):
        now = dict(lm.model.named_parameters())
        wide = torch.promote_types(kind, torch.float32)
        expected = (before[UP].to(wide) + edit.factors[UP].dense()).to(kind)
        assert torch.equal(now[UP], expected)
        assert torch.equal(now[NORM], torch.full_like(before[NORM], 2.0))
        1 / 0  # noqa: B018
    for name, one in lm.model.named_parameters():
        assert torch.equal(one, before[name]), name


def test_saved_and_loaded(tiny_lm: Any, tmp_path: Path) -> None:
    edit = made(tiny_lm("llama"))
    edit.save(tmp_path / "edit.safetensors")
    again = load_edit(tmp_path / "edit.safetensors")
    assert isinstance(again, ParameterEdit) and again.report == {"method": "made"}
    assert torch.equal(again.factors[UP].left, edit.factors[UP].left)
    assert torch.equal(again.factors[UP].right, edit.factors[UP].right)
    assert torch.equal(again.values[NORM], edit.values[NORM])
    again.save(tmp_path / "again.safetensors")
    assert (tmp_path / "edit.safetensors").read_bytes() == (tmp_path / "again.safetensors").read_bytes()


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (ParameterEdit(values={"model.no.such": torch.ones(1)}), "which the model lacks"),
        (ParameterEdit(values={NORM: torch.ones(31)}), r"has shape \(31,\), the model's is \(32,\)"),
        (ParameterEdit({NORM: Factors(torch.ones(2, 1), torch.ones(3, 1))}), r"has shape \(2, 3\)"),
        (ParameterEdit(values={NORM: torch.full((32,), float("nan"))}), "holds NaN or infinity"),
    ],
)
def test_edits_that_do_not_fit_leave_the_model_alone(tiny_lm: Any, edit: Any, message: str) -> None:
    lm = tiny_lm("llama")
    before = {name: one.detach().clone() for name, one in lm.model.named_parameters()}
    with pytest.raises(EditError, match=message), edit.applied(lm):
        pass
    assert all(torch.equal(one, before[name]) for name, one in lm.model.named_parameters())


def test_a_damaged_file(tiny_lm: Any, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    path = tmp_path / "edit.safetensors"
    made(tiny_lm("llama")).save(path)
    tensors = load_file(path)
    del tensors[f"right:{UP}"]
    head = '{"format": "mlake-parameters/1", "report": {}}'
    save_file(tensors, path, {"mlake": head})
    with pytest.raises(EditError, match="is damaged"):
        load_edit(path)
    save_file({"other:x": torch.ones(1)}, path, {"mlake": head})
    with pytest.raises(EditError, match="is damaged"):
        load_edit(path)
