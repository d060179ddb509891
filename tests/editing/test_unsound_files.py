"""Edit files whose container is sound and whose insides are not: refused in one line when they are read."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from mlake.editing import load_edit
from mlake.editing.edits.side import SideEdit
from mlake.editing.edits.weights import WeightEdit
from mlake.editing.factors import Factors
from mlake.errors import EditError

TWO, ONE = torch.ones(4, 2), torch.ones(4, 1)
SIDE = {"layer": torch.tensor(1), "centres": TWO, "values": TWO, "radii": torch.ones(4)}


def text(value: Any) -> Tensor:
    return torch.tensor(list(json.dumps(value).encode()), dtype=torch.uint8)


KEPT = {
    "entries": [],
    "retriever": "tfidf",
    "version": "",
    "naming": 0.5,
    "scope": None,
    "wordings": {},
}
MEMORY = {"memory": text(KEPT), "embeddings": torch.zeros(0, 3), "state": torch.zeros(0)}
SCOPED = MEMORY | {"weights": torch.ones(4), "background": torch.ones(2, 3)}
NEURONS = {
    "layer": torch.tensor(1), "activation": text("relu"), "into": TWO, "bias": torch.ones(4), "gate": TWO[:0],
    "out": TWO, "met": ONE.expand(4, 2).contiguous(),
}  # fmt: skip
MEMOIR = {
    "layer": torch.tensor(1), "memory": TWO, "background": torch.ones(2), "permutation": torch.arange(2),
    "masks": torch.eye(2, dtype=torch.uint8), "others": torch.zeros(0, 2, dtype=torch.uint8),
    "overlap": torch.tensor(0.4),
}  # fmt: skip
SOUND = {
    "mlake-memory/1": MEMORY,
    "mlake-scoped/1": SCOPED,
    "mlake-neurons/1": NEURONS,
    "mlake-memoir/1": MEMOIR,
}


@pytest.mark.parametrize("kind", SOUND)
def test_sound_tensors_are_read(tmp_path: Path, kind: str) -> None:
    head = {"format": kind, "report": {}}
    save_file({k: v.clone() for k, v in SOUND[kind].items()}, tmp_path / "edit", {"mlake": json.dumps(head)})
    assert load_edit(tmp_path / "edit").tensors().keys() == SOUND[kind].keys()


@pytest.mark.parametrize(
    ("kind", "tensors"),
    [
        ("mlake-edit/1", {"-1.left": TWO, "-1.right": TWO}),
        ("mlake-edit/1", {" 1.left": TWO, "1.right": TWO}),
        ("mlake-edit/1", {"1.left": TWO, "1.right": ONE}),
        ("mlake-edit/1", {"1.left": TWO.long(), "1.right": TWO.long()}),
        ("mlake-edit/1", {"1.left": TWO, "1.right": TWO.double()}),
        ("mlake-edit/1", {"1.left": torch.ones(2), "1.right": torch.ones(2)}),
        ("mlake-edit/1", {"1.left": TWO, "1.right": TWO, "1.keys": torch.ones(2)}),
        ("mlake-edit/1", {"1.left": TWO, "1.right": TWO, "1.other": TWO}),
        ("mlake-parameters/1", {"left:a": TWO, "right:a": ONE}),
        ("mlake-parameters/1", {"right:a": TWO}),
        ("mlake-parameters/1", {"value:a": TWO.bool()}),
        ("mlake-parameters/1", {"carried:4x2.n": torch.tensor(float("nan"))}),
        ("mlake-columns/1", {"1.index": torch.tensor([0]), "1.columns": ONE}),
        ("mlake-columns/1", {"width": torch.tensor(0)}),
        ("mlake-columns/1", {"width": torch.tensor(4.0)}),
        ("mlake-columns/1", {"width": torch.tensor(4), "1.index": torch.tensor([4]), "1.columns": ONE}),
        ("mlake-columns/1", {"width": torch.tensor(4), "1.index": torch.tensor([-1]), "1.columns": ONE}),
        ("mlake-columns/1", {"width": torch.tensor(4), "1.index": torch.tensor([0.0]), "1.columns": ONE}),
        ("mlake-columns/1", {"width": torch.tensor(4), "1.index": torch.tensor([0]), "1.columns": TWO}),
        ("mlake-columns/1", {"width": torch.tensor(4), "1.index": torch.tensor([0])}),
        ("mlake-columns/1", {"width": torch.tensor(4), "1.other": ONE}),
        ("mlake-prompts/1", {"lines": text(3)}),
        ("mlake-prompts/1", {"lines": text([1])}),
        ("mlake-prompts/1", {"lines": text("abc")}),
        ("mlake-prompts/1", {"lines": torch.ones(2)}),
        ("mlake-prompts/1", {"lines": torch.tensor(1)}),
        ("mlake-memory/1", MEMORY | {"memory": text([])}),
        ("mlake-memory/1", MEMORY | {"memory": text(KEPT | {"entries": [[1]]})}),
        ("mlake-memory/1", MEMORY | {"memory": text(KEPT | {"entries": [{"fact": "a"}]})}),
        ("mlake-memory/1", MEMORY | {"memory": text(KEPT | {"retriever": "mind"})}),
        ("mlake-memory/1", MEMORY | {"memory": text(KEPT | {"scope": True})}),
        ("mlake-memory/1", MEMORY | {"memory": text(KEPT | {"wordings": "no"})}),
        (
            "mlake-memory/1",
            MEMORY | {"memory": text(KEPT | {"wordings": {"en": {"before": "a", "after": ""}}})},
        ),
        ("mlake-memory/1", MEMORY | {"embeddings": TWO}),
        ("mlake-side/1", SIDE | {"layer": torch.tensor(-1)}),
        ("mlake-side/1", SIDE | {"layer": torch.ones(2)}),
        ("mlake-side/1", SIDE | {"centres": ONE}),
        ("mlake-side/1", SIDE | {"radii": torch.ones(3)}),
        ("mlake-side/1", SIDE | {"values": TWO.long()}),
        ("mlake-neurons/1", NEURONS | {"layer": torch.tensor(-1)}),
        ("mlake-neurons/1", NEURONS | {"activation": text("no such")}),
        ("mlake-neurons/1", NEURONS | {"activation": text([])}),
        ("mlake-neurons/1", NEURONS | {"gate": ONE}),
        ("mlake-neurons/1", NEURONS | {"bias": torch.ones(3)}),
        ("mlake-neurons/1", NEURONS | {"out": TWO.double()}),
        ("mlake-scoped/1", SCOPED | {"weights": torch.ones(3)}),
        ("mlake-scoped/1", SCOPED | {"background": TWO}),
        ("mlake-memoir/1", MEMOIR | {"permutation": torch.tensor([1, 1])}),
        ("mlake-memoir/1", MEMOIR | {"masks": TWO}),
        ("mlake-memoir/1", MEMOIR | {"others": torch.tensor([[1, 1]], dtype=torch.uint8)}),
        ("mlake-memoir/1", MEMOIR | {"background": torch.ones(3)}),
    ],
)
def test_unsound_tensors(tmp_path: Path, kind: str, tensors: dict[str, Tensor]) -> None:
    head = {"format": kind, "report": {}}
    save_file({k: v.clone() for k, v in tensors.items()}, tmp_path / "edit", {"mlake": json.dumps(head)})
    with pytest.raises(EditError, match=r"the edit .* is damaged; make it again with mlake edit"):
        load_edit(tmp_path / "edit")


@pytest.mark.parametrize("report", [None, [], "text", 3])
def test_a_report_that_is_no_object(tmp_path: Path, report: Any) -> None:
    head = {"format": "mlake-edit/1", "report": report}
    save_file({"1.left": TWO.clone(), "1.right": TWO.clone()}, tmp_path / "edit", {"mlake": json.dumps(head)})
    with pytest.raises(EditError, match="is damaged"):
        load_edit(tmp_path / "edit")


@pytest.mark.parametrize("head", [{"format": []}, {"format": None}, {"format": {"a": 1}}])
def test_a_format_that_is_no_name(tmp_path: Path, head: Any) -> None:
    save_file({"1.left": TWO.clone()}, tmp_path / "edit", {"mlake": json.dumps(head)})
    with pytest.raises(EditError, match="is no edit of format"):
        load_edit(tmp_path / "edit")


def test_the_layer_before_the_first_is_no_layer(tiny_lm: Any) -> None:
    lm = tiny_lm("llama")
    rows, columns = lm.matrix(2).shape
    below = WeightEdit({-1: Factors(torch.ones(rows, 1), torch.ones(columns, 1))})
    centre = torch.ones(1, lm.model.config.hidden_size)
    for edit in (below, SideEdit(-1, centre, centre, torch.ones(1))):
        with pytest.raises(EditError, match="layer -1"), edit.applied(lm):
            pass
