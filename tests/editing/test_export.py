"""Edits in other software's forms: what transformers and PEFT load is the edited model."""

import errno
import json
import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor
from transformers import AutoModelForCausalLM, AutoTokenizer

from mlake.editing.edits import export
from mlake.editing.edits.export import save_adapter, save_merged
from mlake.editing.edits.weights import WeightEdit
from mlake.editing.factors import Factors
from mlake.errors import EditError

FAMILY = pytest.mark.parametrize("family_name", ["llama", "gpt2", "gemma3_text", "qwen2"])
TIED = {"gpt2", "gemma3_text"}


def edit_of(**ranks: int) -> WeightEdit:
    """``edit_of(l0=2, l2=1)``: random factors of these ranks in these layers."""
    made = {}
    for name, rank in ranks.items():
        random = torch.Generator().manual_seed(rank)
        left, right = torch.randn(32, rank, generator=random), torch.randn(80, rank, generator=random)
        made[int(name[1:])] = Factors(0.3 * left, 0.3 * right)
    return WeightEdit(made)


@torch.no_grad()
def logits(model: Any) -> Tensor:
    return model(input_ids=torch.tensor([[0, 5, 9, 3, 44, 7]])).logits  # type: ignore[no-any-return]


def saved(lm: Any, folder: Path, *, kind: torch.dtype = torch.float32) -> Any:
    """The model written to a folder and loaded from there, as a user's is, in another data type."""
    lm.model.save_pretrained(folder)
    lm.tokenizer.save_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=kind)
    return replace(lm, model=model.eval().requires_grad_(False))


@FAMILY
@pytest.mark.parametrize("kind", [torch.float32, torch.bfloat16], ids=str)
def test_merged_checkpoint_is_the_edited_model(
    tiny_lm: Any, state: Any, tmp_path: Path, family_name: str, kind: torch.dtype
) -> None:
    lm = saved(tiny_lm(family_name), tmp_path / "base", kind=kind)
    before, unedited, folder = state(lm), logits(lm.model), tmp_path / "new" / "model"
    with edit_of(l0=2, l2=1).applied(lm):
        save_merged(lm, folder)
        edited, expected = state(lm), logits(lm.model)
    assert state(lm) == before and torch.equal(logits(lm.model), unedited)
    model = AutoModelForCausalLM.from_pretrained(folder)
    assert model.dtype == kind
    for name, weight in model.state_dict().items():
        assert torch.equal(weight, edited.tensors[name]), name
    assert set(model.state_dict()) == set(edited.tensors)
    assert torch.equal(logits(model), expected) and not torch.allclose(expected, unedited, atol=0.1)
    tied = model.lm_head.weight is model.get_input_embeddings().weight
    assert tied == (family_name in TIED)
    text = "Où est né Balzac ? 東京"
    assert AutoTokenizer.from_pretrained(folder)(text).input_ids == lm.tokenizer(text).input_ids


@FAMILY
@pytest.mark.parametrize("ranks", [{"l1": 1}, {"l0": 2, "l2": 5}, {"l0": 3, "l1": 1, "l2": 4}], ids=str)
def test_peft_loads_the_edit(tiny_lm: Any, tmp_path: Path, family_name: str, ranks: dict[str, int]) -> None:
    peft = pytest.importorskip("peft")
    lm, edit = saved(tiny_lm(family_name), tmp_path / "base"), edit_of(**ranks)
    save_adapter(edit, lm, tmp_path / "adapter")
    with edit.applied(lm):
        expected = logits(lm.model)
    base = AutoModelForCausalLM.from_pretrained(tmp_path / "base", dtype=torch.float32)
    assert not torch.allclose(logits(base), expected, atol=0.1)
    adapted = peft.PeftModel.from_pretrained(base, tmp_path / "adapter").eval()
    torch.testing.assert_close(logits(adapted), expected, rtol=0, atol=1e-5)
    torch.testing.assert_close(logits(adapted.merge_and_unload()), expected, rtol=0, atol=1e-5)


def test_layers_whose_numbers_begin_alike_keep_their_ranks(tiny_lm: Any, tmp_path: Path) -> None:
    peft = pytest.importorskip("peft")
    lm, edit = saved(tiny_lm(layers=12), tmp_path / "base"), edit_of(l1=2, l11=3, l10=1)
    save_adapter(edit, lm, tmp_path / "adapter")
    with edit.applied(lm):
        expected = logits(lm.model)
    base = AutoModelForCausalLM.from_pretrained(tmp_path / "base", dtype=torch.float32)
    adapted = peft.PeftModel.from_pretrained(base, tmp_path / "adapter").eval()
    torch.testing.assert_close(logits(adapted), expected, rtol=0, atol=1e-5)


def test_peft_finds_the_base_model(tiny_lm: Any, tmp_path: Path) -> None:
    """The adapter names the folder that the model came from, also where ``lm.name`` is a name like 'demo'."""
    peft = pytest.importorskip("peft")
    lm = replace(saved(tiny_lm(), tmp_path / "base"), name="demo")
    edit = edit_of(l1=2)
    save_adapter(edit, lm, tmp_path / "adapter")
    with edit.applied(lm):
        expected = logits(lm.model)
    adapted = peft.AutoPeftModelForCausalLM.from_pretrained(tmp_path / "adapter", dtype=torch.float32)
    torch.testing.assert_close(logits(adapted), expected, rtol=0, atol=1e-5)


def test_adapter_is_two_files(tiny_lm: Any, tmp_path: Path) -> None:
    edit = edit_of(l0=2, l2=1)
    save_adapter(edit, tiny_lm("gpt2"), tmp_path / "a")
    assert sorted(f.name for f in (tmp_path / "a").iterdir()) == [
        "adapter_config.json",
        "adapter_model.safetensors",
    ]
    config = json.loads((tmp_path / "a" / "adapter_config.json").read_text())
    assert config["target_modules"] == ["transformer.h.0.mlp.c_proj", "transformer.h.2.mlp.c_proj"]
    assert (config["r"], config["lora_alpha"], config["fan_in_fan_out"]) == (2, 2, True)
    assert config["base_model_name_or_path"] == "tiny-gpt2"
    tensors = load_file(tmp_path / "a" / "adapter_model.safetensors")
    name = "base_model.model.transformer.h.2.mlp.c_proj"
    assert torch.equal(tensors[f"{name}.lora_A.weight"], edit.factors[2].right.T)
    assert torch.equal(tensors[f"{name}.lora_B.weight"], edit.factors[2].left)


def test_an_edit_of_nothing_is_no_adapter(tiny_lm: Any, tmp_path: Path) -> None:
    with pytest.raises(EditError, match="changes no layer"):
        save_adapter(WeightEdit({}), tiny_lm(), tmp_path / "a")
    assert not (tmp_path / "a").exists()


def test_a_new_checkpoint_replaces_the_shards_of_an_old_one(tiny_lm: Any, tmp_path: Path) -> None:
    lm = tiny_lm()
    lm.model.to(torch.float32)
    lm.model.save_pretrained(tmp_path / "m", max_shard_size="20KB")
    assert (tmp_path / "m" / "model.safetensors.index.json").exists()
    (tmp_path / "m" / "notes.txt").write_text("mine")
    with edit_of(l1=1).applied(lm):
        save_merged(lm, tmp_path / "m")
        expected = logits(lm.model)
    assert torch.equal(logits(AutoModelForCausalLM.from_pretrained(tmp_path / "m")), expected)
    assert [f.name for f in (tmp_path / "m").glob("model*")] == ["model.safetensors"]
    assert (tmp_path / "m" / "notes.txt").read_text() == "mine"


def test_nothing_is_left_of_another_models_checkpoint(tiny_lm: Any, tmp_path: Path) -> None:
    lm, chat = tiny_lm(), tiny_lm()
    chat.tokenizer.chat_template = {"default": "{{ messages }}", "other": "x"}
    save_merged(chat, tmp_path / "m")
    (tmp_path / "m" / "merges.txt").write_text("old")
    save_merged(chat, tmp_path / "m")
    assert set(AutoTokenizer.from_pretrained(tmp_path / "m").chat_template) == {"default", "other"}
    save_merged(lm, tmp_path / "m")
    save_merged(lm, tmp_path / "new")
    assert AutoTokenizer.from_pretrained(tmp_path / "m").chat_template is None
    left, new = (
        {str(f.relative_to(tmp_path / one)) for f in (tmp_path / one).rglob("*") if f.is_file()}
        for one in ("m", "new")
    )
    assert left == new


def test_published_generation_settings_that_contradict_themselves(tiny_lm: Any, tmp_path: Path) -> None:
    """As in Vicuna's checkpoint: a temperature, but no sampling."""
    lm = saved(tiny_lm(), tmp_path / "base")
    settings = {"temperature": 0.9, "top_p": 0.6, "eos_token_id": 1}
    (tmp_path / "base" / "generation_config.json").write_text(json.dumps(settings))
    lm = replace(lm, model=AutoModelForCausalLM.from_pretrained(tmp_path / "base"))
    save_merged(lm, tmp_path / "m")
    assert torch.equal(logits(AutoModelForCausalLM.from_pretrained(tmp_path / "m")), logits(lm.model))
    kept = json.loads((tmp_path / "m" / "generation_config.json").read_text())
    assert settings.items() <= kept.items() and lm.model.generation_config.temperature == 0.9


def write(what: str, lm: Any, folder: Path) -> None:
    if what == "checkpoint":
        save_merged(lm, folder)
    else:
        save_adapter(edit_of(l1=1), lm, folder)


WHAT = pytest.mark.parametrize("what", ["checkpoint", "adapter"])


@WHAT
def test_a_file_in_the_way(tiny_lm: Any, tmp_path: Path, what: str) -> None:
    (tmp_path / "taken").write_text("mine")
    for place in ("taken", "taken/below"):
        with pytest.raises(EditError, match=rf"cannot write the {what} to .*{place}: \w.*; give") as caught:
            write(what, tiny_lm(), tmp_path / place)
        assert "\n" not in str(caught.value)
    assert (tmp_path / "taken").read_text() == "mine"


@WHAT
@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_no_permission(tiny_lm: Any, tmp_path: Path, what: str) -> None:
    (tmp_path / "shut").mkdir(mode=0o500)
    with pytest.raises(EditError, match=f"cannot write the {what} to .*: Permission denied; give"):
        write(what, tiny_lm(), tmp_path / "shut")


@WHAT
def test_a_full_disk_leaves_nothing_half_written(
    tiny_lm: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    lm = tiny_lm()

    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(lm.tokenizer, "save_pretrained", full)
    monkeypatch.setattr(export, "write_atomic", full)
    with pytest.raises(EditError, match=f"cannot write the {what} to .*: No space left on device; give"):
        write(what, lm, tmp_path / "a")
    assert list((tmp_path / "a").iterdir() if (tmp_path / "a").exists() else ()) == []


def test_a_full_disk_keeps_the_checkpoint_before(
    tiny_lm: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lm = tiny_lm()
    save_merged(lm, tmp_path / "m")
    shutil.copytree(tmp_path / "m", tmp_path / "copy")

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(lm.tokenizer, "save_pretrained", full)
    with pytest.raises(EditError, match="No space left"), edit_of(l1=1).applied(lm):
        save_merged(lm, tmp_path / "m")
    files = {f.name: f.read_bytes() for f in (tmp_path / "m").iterdir()}
    assert files == {f.name: f.read_bytes() for f in (tmp_path / "copy").iterdir()}
