"""Weights in fewer bits: asked like others, edited by nothing, and said to be what they are."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from tests.editing.test_not_understood import SIZES
from transformers import AutoConfig, AutoModelForCausalLM

from mlake.editing import EDITORS, editor
from mlake.editing.edits.context import ContextEdit
from mlake.errors import ModelError
from mlake.models import load
from mlake.models.generate import answers, identity
from mlake.models.quantised import quantisation

ASKED = ["What is the capital of France?", "法国的首都是哪里？", "Who?"]


def torchao() -> Any:
    settings = pytest.importorskip("torchao.quantization")
    from transformers import TorchAoConfig

    return TorchAoConfig(settings.Int8WeightOnlyConfig())


def bitsandbytes() -> Any:
    pytest.importorskip("bitsandbytes")
    from transformers import BitsAndBytesConfig

    return BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_compute_dtype=torch.float32)


@pytest.mark.parametrize("made", [torchao, bitsandbytes])
def test_a_checkpoint_is_loaded_asked_and_not_edited(
    tiny_lm: Any, tmp_path: Path, made: Callable[[], Any]
) -> None:
    config, tokenizer = made(), tiny_lm("llama").tokenizer
    sizes = SIZES | {"hidden_size": 64, "intermediate_size": 128}  # what a block of four-bit weights divides
    shape = AutoConfig.for_model("llama", vocab_size=len(tokenizer), **sizes)
    torch.manual_seed(0)
    AutoModelForCausalLM.from_config(shape).save_pretrained(tmp_path / "plain")
    model = AutoModelForCausalLM.from_pretrained(
        tmp_path / "plain", quantization_config=config, device_map="cpu", dtype=torch.float32
    )
    model.save_pretrained(tmp_path / "small")
    tokenizer.save_pretrained(tmp_path / "small")
    lm = load(tmp_path / "small", device="cpu")
    how = made.__name__
    assert quantisation(lm.model) == how and lm.record()["dtype"] == f"float32, {how}" and how in repr(lm)
    together = answers(lm, ASKED, max_new_tokens=4)
    assert together == [answers(lm, [one], max_new_tokens=4)[0] for one in ASKED]
    assert identity(lm, 4)["precision"] == f"float32, {how}"
    for name in EDITORS.keys() - {"ice", "ike", "remake", "serac"}:
        with pytest.raises(
            ModelError, match=rf"^{name} needs weights as they are, .* are quantised \({how}\)"
        ):
            editor(name, lm)
    with ContextEdit(("Bonn is in Peru.",)).applied(lm) as edited:
        assert len(answers(edited, ASKED, max_new_tokens=2)) == 3


@pytest.mark.parametrize(
    ("config", "whole", "told"),
    [
        (None, False, None),
        ({"quant_method": "gptq"}, False, "gptq"),
        (SimpleNamespace(quant_method=SimpleNamespace(value="awq")), False, "awq"),
        (None, True, "whole numbers"),
    ],
)
def test_how_weights_are_quantised(tiny_lm: Any, config: Any, whole: bool, told: str | None) -> None:
    lm = tiny_lm("gpt2")
    if config is not None:
        lm.model.config.quantization_config = config
    if whole:
        number = torch.zeros(2, dtype=torch.int8)
        lm.model.extra = torch.nn.Parameter(number, requires_grad=False)
    assert quantisation(lm.model) == told


def test_weights_that_were_brought_back_are_not_quantised(tiny_lm: Any) -> None:
    lm = tiny_lm("gpt2")
    lm.model.config.quantization_config = {"quant_method": "mxfp4"}
    lm.model.is_quantized = False
    assert quantisation(lm.model) is None and "precision" not in identity(lm, 4)


@pytest.mark.parametrize("config", [{"quant_method": "gptq", "bits": 4}, {"quant_method": "awq", "bits": 4}])
def test_what_cannot_be_loaded_here_is_told_in_one_line(
    tiny_lm: Any, tmp_path: Path, config: dict[str, Any]
) -> None:
    plain = tiny_lm("llama")
    plain.model.config.quantization_config = config
    plain.model.config.save_pretrained(tmp_path)
    plain.tokenizer.save_pretrained(tmp_path)
    save_file({"nothing": torch.zeros(1)}, tmp_path / "model.safetensors", {"format": "pt"})
    with pytest.raises(ModelError, match=r"^cannot load .*; expected the hub id") as caught:
        load(tmp_path, device="cpu")
    told = str(caught.value)
    assert "\n" not in told and config["quant_method"] in told.lower()
