"""Edits as values: applied and taken back bit for bit, saved, loaded, put one after another."""

import hashlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from mlake.editing.edits.context import ContextEdit
from mlake.editing.edits.files import load_edit
from mlake.editing.edits.parameters import ParameterEdit
from mlake.editing.edits.weights import WeightEdit, editable
from mlake.editing.factors import Factors
from mlake.errors import EditError

KINDS = [torch.float64, torch.float32, torch.bfloat16, torch.float16]


def factors(seed: int = 0, *, rank: int = 2, d_out: int = 32, d_in: int = 80) -> Factors:
    random = torch.Generator().manual_seed(seed)
    return Factors(
        torch.randn(d_out, rank, generator=random), 0.1 * torch.randn(d_in, rank, generator=random)
    )


def edit_of(*layers: int, seed: int = 0) -> WeightEdit:
    made = {layer: factors(seed + layer) for layer in layers}
    keys = {layer: f.right.clone() for layer, f in made.items()}
    return WeightEdit(made, keys, {"method": {"name": "rome"}, "facts": [{"fact": "東京", "losses": [1.5]}]})


@pytest.mark.parametrize("kind", KINDS, ids=str)
@pytest.mark.parametrize("family_name", ["llama", "gpt2", "gemma3"])
def test_applied_restores_every_bit(tiny_lm: Any, state: Any, family_name: str, kind: torch.dtype) -> None:
    lm = tiny_lm(family_name)
    lm.model.to(kind)
    before, weights = state(lm), [lm.matrix(layer).clone() for layer in (0, 1, 2)]
    edit = edit_of(0, 2)
    with edit.applied(lm) as edited:
        assert edited is lm
        for layer in (0, 2):
            exact = weights[layer].double() + edit.factors[layer].dense().double()
            allowed = 2 * torch.finfo(kind if kind != torch.float64 else torch.float32).eps
            torch.testing.assert_close(lm.matrix(layer).double(), exact, rtol=allowed, atol=allowed)
        assert torch.equal(lm.matrix(1), weights[1])
        assert state(lm) != before
    assert state(lm) == before


@pytest.mark.parametrize("family_name", ["llama", "gpt2"])
def test_restores_after_an_exception(tiny_lm: Any, state: Any, family_name: str) -> None:
    lm = tiny_lm(family_name)
    lm.model.to(torch.bfloat16)
    before = state(lm)
    with pytest.raises(ZeroDivisionError), edit_of(1).applied(lm):
        assert state(lm) != before
        _ = 1 / 0
    assert state(lm) == before


def test_edits_nest(tiny_lm: Any, state: Any) -> None:
    lm = tiny_lm()
    before = state(lm)
    with edit_of(1).applied(lm):
        between = state(lm)
        with edit_of(1, seed=5).applied(lm):
            assert state(lm) != between
        assert state(lm) == between
    assert state(lm) == before


def test_small_deltas_add_up_before_they_are_rounded(tiny_lm: Any) -> None:
    """Sixteen deltas that bfloat16 rounds away one by one change the weight together."""
    lm = tiny_lm()
    lm.model.to(torch.bfloat16)
    lm.matrix(0)[:] = 1.0
    step = Factors(torch.full((32, 1), 1 / 1024), torch.ones(80, 1))
    with editable(lm) as changes:
        changes.add(0, step)
        assert bool((lm.matrix(0) == 1.0).all())
        for _ in range(15):
            changes.add(0, step)
        assert bool((lm.matrix(0) == 1.015625).all())
    assert bool((lm.matrix(0) == 1.0).all())


def test_then_is_both(tiny_lm: Any) -> None:
    lm = tiny_lm()
    one, two = edit_of(0, 1), edit_of(1, 2, seed=9)
    joined = one.then(two)
    assert sorted(joined.factors) == sorted(joined.keys) == [0, 1, 2]
    assert joined.factors[1].left.shape == (32, 4) and joined.keys[1].shape == (80, 4)
    with one.applied(lm), two.applied(lm):
        expected = [lm.matrix(layer).clone() for layer in (0, 1, 2)]
    with joined.applied(lm):
        for layer in (0, 1, 2):
            torch.testing.assert_close(lm.matrix(layer), expected[layer], rtol=1e-6, atol=1e-6)
    assert joined.then(one).report == {"edits": [one.report, two.report, one.report]}
    assert sorted(one.factors) == [0, 1] and one.factors[1].left.shape == (32, 2)


def test_round_trip(tmp_path: Path, tiny_lm: Any, state: Any) -> None:
    edit, path = edit_of(0, 2), tmp_path / "new" / "edit.safetensors"
    edit.save(path)
    loaded = load_edit(str(path))
    assert [f.name for f in path.parent.iterdir()] == ["edit.safetensors"]
    assert loaded.report == edit.report
    assert list(loaded.factors) == [0, 2] and list(loaded.keys) == [0, 2]
    for layer in (0, 2):
        for one, other in zip(loaded.factors[layer], edit.factors[layer], strict=True):
            assert torch.equal(one, other)
        assert torch.equal(loaded.keys[layer], edit.keys[layer])
    lm = tiny_lm()
    with edit.applied(lm):
        expected = state(lm)
    with loaded.applied(lm):
        assert state(lm) == expected


def test_many_layers_and_no_keys_round_trip(tmp_path: Path) -> None:
    edit = WeightEdit({layer: factors(layer) for layer in (10, 2, 9)})
    edit.save(tmp_path / "e")
    loaded = load_edit(tmp_path / "e")
    assert list(loaded.factors) == [2, 9, 10] and loaded.keys == {}
    assert torch.equal(loaded.factors[10].left, edit.factors[10].left)


WRITER = """
import sys, torch
from mlake.editing.edits.weights import WeightEdit
from mlake.editing.factors import Factors
def ramp(*shape): return torch.arange(shape[0] * shape[1], dtype=torch.float32).view(shape).sin()
parts = {layer: Factors(ramp(32, 2), ramp(80, 2)) for layer in (3, 12, 1)}
keys = {layer: f.right.clone() for layer, f in parts.items()}
WeightEdit(parts, keys, {"z": 1, "facts": ["東京"], "a": {"y": 0.1, "b": None}}).save(sys.argv[1])
"""


@pytest.mark.slow
def test_equal_edits_are_equal_files_in_any_process(tmp_path: Path) -> None:
    digests = set()
    running = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path / seed)],
            env={"PYTHONHASHSEED": seed, "PATH": "", "OMP_NUM_THREADS": "1"},
        )
        for seed in ("1", "2")
    ]
    for process, seed in zip(running, ("1", "2"), strict=True):
        assert process.wait() == 0
        digests.add(hashlib.sha256((tmp_path / seed).read_bytes()).hexdigest())
    assert len(digests) == 1


def one_line(error: pytest.ExceptionInfo[EditError]) -> bool:
    return "\n" not in str(error.value)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(EditError, match=r"cannot read the edit .*absent.*; make it again") as error:
        load_edit(tmp_path / "absent")
    assert one_line(error)
    with pytest.raises(EditError, match="cannot read the edit"):
        load_edit(tmp_path)


def test_truncated_file(tmp_path: Path) -> None:
    path = tmp_path / "edit"
    edit_of(1).save(path)
    content = path.read_bytes()
    for size in (0, 5, 100, len(content) - 1):
        path.write_bytes(content[:size])
        with pytest.raises(EditError, match="cannot read the edit") as error:
            load_edit(path)
        assert one_line(error)


@pytest.mark.parametrize(
    "meta", [None, {"mlake": "no JSON"}, {"mlake": "[]"}, {"mlake": '{"format": "mlake-edit/0"}'}]
)
def test_foreign_file(tmp_path: Path, meta: dict[str, str] | None) -> None:
    path = tmp_path / "model.safetensors"
    save_file({"model.embed": torch.zeros(2)}, path, meta)
    with pytest.raises(EditError, match=r"is no edit of format mlake-edit/1, .*; make it again"):
        load_edit(path)


def test_a_file_that_lacks_half_a_layer(tmp_path: Path) -> None:
    path = tmp_path / "edit"
    head = '{"format": "mlake-edit/1", "report": {}}'
    for tensors in ({"1.left": torch.zeros(2, 1)}, {"odd": torch.zeros(2, 1)}):
        save_file(tensors, path, {"mlake": head})
        with pytest.raises(EditError, match="is damaged; make it again"):
            load_edit(path)


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EditError, match="cannot write the edit"):
        edit_of(1).save(tmp_path / "file" / "edit")


def test_an_edit_of_another_model(tiny_lm: Any, state: Any) -> None:
    lm = tiny_lm()
    before = state(lm)
    with pytest.raises(EditError, match="changes layer 3, the model has 3 layers; was it made for another"):
        edit_of(1, 3).applied(lm).__enter__()
    assert state(lm) == before
    wrong = WeightEdit({0: factors(), 1: factors(d_in=81)})
    with pytest.raises(EditError, match=r"shape \(32, 81\), the model's matrix \(32, 80\); was it made"):
        wrong.applied(lm).__enter__()
    assert state(lm) == before


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_an_edit_that_is_not_finite(tiny_lm: Any, state: Any, bad: float) -> None:
    lm = tiny_lm("gpt2")
    before = state(lm)
    broken = factors()
    broken.left[3, 0] = bad
    with pytest.raises(EditError, match="edit of layer 2 holds NaN or infinity; it was not applied"):
        WeightEdit({0: factors(), 2: broken}).applied(lm).__enter__()
    assert state(lm) == before


def test_an_edit_too_large_for_float16(tiny_lm: Any, state: Any) -> None:
    lm = tiny_lm()
    lm.model.to(torch.float16)
    before = state(lm)
    huge = factors()
    huge.left[:] *= 1e6
    with pytest.raises(EditError, match="edit of layer 1 is too large for float16; load the model in"):
        WeightEdit({1: huge}).applied(lm).__enter__()
    assert state(lm) == before


@pytest.mark.parametrize("made", ["a" * 40, "0" * 40, "unknown", None])
def test_an_edit_for_another_revision_is_told(
    tiny_lm: Any, made: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    lm = tiny_lm()
    report = {"model": "theirs\n"} | ({"model_revision": made} if made else {})
    with edit_of(0, 1).then(WeightEdit({1: factors()}, {}, report)).applied(lm):
        pass
    with ParameterEdit({}, {}, report).applied(lm), ContextEdit(("A line.",), report).applied(lm):
        pass
    told = f"made for theirs at {made} and is applied to tiny-llama at {lm.revision}"
    assert [told in one for one in caplog.messages] == [True] * (3 if made == "a" * 40 else 0)
