"""Edits as the code wrote them before they had a base class: read, and written again bit for bit."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from mlake.editing import EDITORS, WeightEdit, load_edit
from mlake.editing.edits.parameters import ParameterEdit

OLD = Path(__file__).parents[1] / "data_old"


def counted(*shape: int) -> torch.Tensor:
    return (torch.arange(torch.Size(shape).numel(), dtype=torch.float32).reshape(shape) - 2) / 4


def test_weights() -> None:
    edit: Any = load_edit(OLD / "edit-weights.safetensors")
    assert type(edit) is WeightEdit and list(edit.factors) == [1, 2] and list(edit.keys) == [1]
    assert torch.equal(edit.factors[1].left, counted(3, 2)) and torch.equal(edit.keys[1], counted(4, 2))
    assert torch.equal(edit.factors[2].right, counted(4, 1))
    assert edit.report["facts"] == [{"fact": "f0", "lang": "ja", "notes": ["日本語"]}]


def test_parameters() -> None:
    edit: Any = load_edit(OLD / "edit-parameters.safetensors")
    assert type(edit) is ParameterEdit and list(edit.factors) == ["a.weight"]
    assert torch.equal(edit.factors["a.weight"].right, counted(4, 2))
    assert torch.equal(edit.values["b.bias"], counted(3).to(torch.bfloat16))
    assert edit.report["method"] == {"name": "stableke"} and edit.kept


@pytest.mark.parametrize("name", ["edit-weights", "edit-parameters"])
def test_the_same_bytes_are_written(name: str, tmp_path: Path) -> None:
    load_edit(OLD / f"{name}.safetensors").save(tmp_path / "edit")
    assert (tmp_path / "edit").read_bytes() == (OLD / f"{name}.safetensors").read_bytes()


def test_settings_of_every_method_are_recorded_as_before() -> None:
    """Ids of runs follow from them; what means something else now says so."""
    old = json.loads((OLD / "configs.json").read_text(encoding="utf-8"))
    old["r-rome"] |= {"residual": "mean"}
    old["alphaedit"] |= {"null_unit": "energy"}
    for name in ("memit", "emmet", "alphaedit"):
        old[name] |= {"corpus_form": "both"}
    for name in ("stableke", "stableke-lora"):
        old[name] |= {"source": "self"}
    assert {name: json.loads(json.dumps(EDITORS[name].config())) for name in old} == old
