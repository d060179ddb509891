"""Every family: the row leads to the right matrix, and structure alone says the same."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from tests.conftest import FAMILIES
from torch import nn
from transformers import AutoConfig, AutoModelForCausalLM

from mlake.errors import ModelError
from mlake.models.architectures import ARCHITECTURES, architecture_of, detect

IDS = torch.tensor([[0, 17, 44, 101, 8, 230, 5, 77, 12, 300, 41]])


def test_every_row_is_tested() -> None:
    assert sorted(ARCHITECTURES) == sorted(FAMILIES)


@torch.no_grad()
def test_matrix_is_the_down_projection(tiny_lm: Any, family: str) -> None:
    lm = tiny_lm(family)
    assert len(lm.layers) == 3
    for layer in range(3):
        assert lm.matrix(layer).shape == (32, 80)
        x = torch.randn(5, 80, dtype=torch.float64)
        bias = getattr(lm.down(layer), "bias", None)
        expected = x @ lm.matrix(layer).T + (0 if bias is None else bias)
        torch.testing.assert_close(lm.down(layer)(x), expected)


@torch.no_grad()
def test_the_down_projection_ends_the_mlp_and_its_weight_matters(tiny_lm: Any, family: str) -> None:
    lm = tiny_lm(family)
    seen: dict[str, Any] = {}
    handles = [
        lm.down(1).register_forward_hook(lambda _m, _a, out: seen.update(down=out)),
        lm.mlp(1).register_forward_hook(lambda _m, _a, out: seen.update(mlp=out)),
    ]
    before = lm.model(IDS).logits
    for handle in handles:
        handle.remove()
    torch.testing.assert_close(seen["down"], seen["mlp"], rtol=0, atol=0)
    lm.matrix(1)[3] += 0.5
    after = lm.model(IDS).logits
    assert not torch.allclose(before, after)
    lm.matrix(1)[3] -= 0.5


@torch.no_grad()
def test_logits_are_the_models_own(tiny_lm: Any, family: str) -> None:
    lm = tiny_lm(family)
    seen: list[torch.Tensor] = []
    with_hook = lm.model.get_submodule(lm.arch.norm).register_forward_hook(
        lambda _m, _a, out: seen.append(out)
    )
    expected = lm.model(IDS).logits
    with_hook.remove()
    torch.testing.assert_close(lm.logits(seen[0]), expected, rtol=1e-5, atol=1e-5)


def test_structure_says_what_the_row_says(tiny_model: Any, family: str) -> None:
    found = detect(tiny_model(family))
    assert replace(found, family=ARCHITECTURES[family].family) == ARCHITECTURES[family]
    assert found.family == family


def test_structure_holds_in_bfloat16(tiny_model: Any) -> None:
    for family in ("llama", "gemma3_text", "gpt2", "olmo2"):
        model = tiny_model(family).to(torch.bfloat16)
        assert detect(model).sandwich == ARCHITECTURES[family].sandwich


def test_an_unknown_type_is_understood_by_its_structure(tiny_model: Any) -> None:
    model = tiny_model("qwen2")
    model.config.model_type = "brand_new"
    arch = architecture_of(model)
    assert (arch.family, arch.layers, arch.down) == ("brand_new", "model.layers", "mlp.down_proj")


def test_two_mlps_in_a_block_are_refused(tiny_model: Any) -> None:
    model = tiny_model("llama")
    model.config.model_type = "brand_new"
    for block in model.model.layers:
        block.second = nn.Sequential(nn.Linear(32, 8), nn.Linear(8, 32))
    with pytest.raises(ModelError, match=r"exactly one MLP.*add a row 'brand_new' to ARCHITECTURES"):
        architecture_of(model)


def test_a_model_without_blocks_is_refused(tiny_model: Any) -> None:
    model = tiny_model("llama")
    model.config.model_type = "brand_new"
    model.model.layers = nn.ModuleList([])
    with pytest.raises(ModelError, match=r"list of blocks.*were not found.*add a row 'brand_new'"):
        architecture_of(model)


def granite(**options: float) -> Any:
    config = AutoConfig.for_model(
        "granite",
        vocab_size=400,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        intermediate_size=80,
        initializer_range=0.3,
        **options,
    )
    return AutoModelForCausalLM.from_config(config).eval()


def test_a_logit_scale_is_known_or_refused() -> None:
    assert detect(granite()).family == "granite"
    scaled = granite(logits_scaling=4.0)
    assert architecture_of(scaled).family == "granite"
    scaled.register_forward_hook(lambda module, given, output: replace(output, logits=3 * output.logits))
    with pytest.raises(ModelError, match="logit scale"):
        architecture_of(scaled)


def test_a_multiplied_mlp_counts_as_sandwich() -> None:
    """A residual-stream value cannot be written into the matrix as it is."""
    assert not architecture_of(granite()).sandwich
    assert architecture_of(granite(residual_multiplier=0.2)).sandwich


def test_a_row_that_does_not_fit_is_refused(tiny_model: Any) -> None:
    model = tiny_model("llama")
    model.config.model_type = "gpt2"
    with pytest.raises(ModelError, match="'gpt2' is not understood: the row of its family does not fit"):
        architecture_of(model)
