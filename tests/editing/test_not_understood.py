"""Models whose parts are not understood: asked and trained whole, refused by what edits parts."""

from typing import Any

import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM

from mlake.editing import EDITORS, editor
from mlake.errors import ModelError
from mlake.models import LM
from mlake.models.generate import answers
from mlake.models.room import _fitting

SIZES = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 80,
    "max_position_embeddings": 256,
    "bos_token_id": 0,
    "eos_token_id": 1,
    "pad_token_id": 1,
}
OTHERS: dict[str, dict[str, Any]] = {
    "bloom": {},
    "gpt_oss": {"num_local_experts": 4, "num_experts_per_tok": 2, "num_key_value_heads": 2, "head_dim": 8},
    "mixtral": {"num_local_experts": 4, "num_key_value_heads": 2},
    "olmoe": {"num_experts": 4, "num_experts_per_tok": 2},
    "opt": {"ffn_dim": 80, "word_embed_proj_dim": 32},
    "qwen2_moe": {
        "num_key_value_heads": 2,
        "num_experts": 4,
        "num_experts_per_tok": 2,
        "moe_intermediate_size": 16,
        "shared_expert_intermediate_size": 48,
    },
    "qwen3_moe": {
        "num_key_value_heads": 2,
        "head_dim": 8,
        "num_experts": 4,
        "num_experts_per_tok": 2,
        "moe_intermediate_size": 16,
    },
}


EXPERTS = ("gpt_oss", "mixtral", "olmoe", "qwen2_moe", "qwen3_moe")
ABLE = {"ice", "ike", "remake", "serac", "stableke"}
"""Methods that need not know where a model keeps its parts."""


@pytest.mark.parametrize("kind", EXPERTS)
def test_a_mixture_of_experts_says_that_it_is_one(tiny_lm: Any, kind: str) -> None:
    tokenizer = tiny_lm().tokenizer
    config = AutoConfig.for_model(kind, vocab_size=len(tokenizer), **SIZES, **OTHERS[kind])
    lm = LM.of(AutoModelForCausalLM.from_config(config), tokenizer)
    assert "it is a mixture of experts" in str(lm.structure)


@pytest.mark.parametrize("kind", OTHERS)
def test_what_is_not_understood_is_asked_but_not_edited(tiny_lm: Any, kind: str, statements: Any) -> None:
    tokenizer = tiny_lm().tokenizer
    config = AutoConfig.for_model(kind, vocab_size=len(tokenizer), **SIZES, **OTHERS[kind])
    torch.manual_seed(0)
    lm = LM.of(AutoModelForCausalLM.from_config(config), tokenizer, name=kind)
    assert not lm.understood and "LM('" in repr(lm)
    asked = ["What is the capital of France?", "法国的首都是哪里？", "Who?"]
    together = answers(lm, asked, max_new_tokens=5)
    assert together == [answers(lm, [one], max_new_tokens=5)[0] for one in asked]
    tuned = editor("stableke", lm, epochs=1).edit(lm, statements[:1])
    with tuned.applied(lm) as edited:
        assert len(answers(edited, asked, max_new_tokens=2)) == 3
    assert tuned.neurons(lm) == {}
    assert _fitting(lm, 8, 2**30) > 0
    for method in EDITORS.keys() - ABLE:
        with pytest.raises(ModelError, match=f"model type '{kind}' is not understood: .*--method none"):
            editor(method, lm)
    for method in ABLE - {"stableke"}:
        assert editor(method, lm, retriever="tfidf").name == method
