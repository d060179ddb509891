"""A model and tokenizer in memory: taken as they are, or refused in words that help."""

from copy import deepcopy
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForMaskedLM, AutoModelForSeq2SeqLM

from mlake.editing import editor
from mlake.errors import ModelError
from mlake.models import LM, ask, load
from mlake.models.lm import UNPINNED

QUESTIONS = ["What is the capital of France?", "フランスの首都は？"]


def test_a_model_in_memory_is_taken_without_a_copy(tiny_lm: Any) -> None:
    known = tiny_lm("qwen2")
    at = {name: weight.data_ptr() for name, weight in known.model.named_parameters()}
    known.model.train().requires_grad_(True)
    lm = LM.of(known.model, known.tokenizer)
    assert lm.model is known.model and lm.tokenizer is known.tokenizer
    assert {name: weight.data_ptr() for name, weight in lm.model.named_parameters()} == at
    assert not lm.model.training and not any(weight.requires_grad for weight in lm.model.parameters())
    assert (lm.name, lm.revision, lm.arch) == (UNPINNED, UNPINNED, known.arch)
    assert ask(lm, QUESTIONS, max_new_tokens=8) == ask(known, QUESTIONS, max_new_tokens=8)


def test_name_revision_and_template_are_what_is_given(tiny_lm: Any) -> None:
    known = tiny_lm()
    lm = LM.of(known.model, known.tokenizer, name="mine", revision="step-9", template="F: {question}")
    assert (lm.name, lm.revision, lm.style.template) == ("mine", "step-9", "F: {question}")


def test_load_takes_a_model_in_memory(tiny_lm: Any) -> None:
    known = tiny_lm()
    lm = load(known.model, known.tokenizer, revision="step-9", template="F: {question}")
    assert lm.model is known.model
    assert (lm.name, lm.revision, lm.style.template) == (UNPINNED, "step-9", "F: {question}")
    assert load(known.model, known.tokenizer).revision == UNPINNED


@pytest.mark.parametrize("options", [{"dtype": "bf16"}, {"device": "cpu"}])
def test_a_model_in_memory_keeps_its_dtype_and_device(tiny_lm: Any, options: dict[str, Any]) -> None:
    known = tiny_lm()
    with pytest.raises(ModelError, match="a model in memory keeps its dtype and device; leave both out"):
        load(known.model, known.tokenizer, **options)


def test_a_name_takes_no_tokenizer(tiny_lm: Any) -> None:
    with pytest.raises(ModelError, match="'demo' brings its own tokenizer; leave out the other"):
        load("demo", tiny_lm().tokenizer)


@pytest.mark.parametrize("tokenizer", [None, SimpleNamespace(is_fast=False)])
def test_a_tokenizer_without_offsets_is_refused(tiny_lm: Any, tokenizer: Any) -> None:
    with pytest.raises(ModelError, match=r"no fast tokenizer, which spans need, got \w+; load it with Auto"):
        LM.of(tiny_lm().model, tokenizer)


def test_weights_on_the_meta_device_are_refused(tiny_lm: Any) -> None:
    known = tiny_lm()
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(known.model.config)
    with pytest.raises(ModelError, match="weights of 'mine' are on the meta device, out of reach of edits"):
        LM.of(model, known.tokenizer, name="mine")


def test_quantised_weights_are_asked_but_never_edited(tiny_lm: Any) -> None:
    known = tiny_lm()
    whole = torch.zeros(32, 40, dtype=torch.uint8)
    known.down(1).weight = torch.nn.Parameter(whole, requires_grad=False)
    lm = LM.of(known.model, known.tokenizer, name="mine")
    assert lm.record()["dtype"] == "float64, whole numbers" and not lm.understood
    with pytest.raises(ModelError, match=r"those of 'mine' are quantised \(whole numbers\)"):
        assert lm.layers
    for method in ("rome", "stableke", "lora", "mend", "grace", "kn"):
        with pytest.raises(ModelError, match=f"^{method} needs weights as they are"):
            editor(method, lm)
    assert editor("ice", lm, retriever="tfidf").name == "ice"


def test_an_unknown_architecture_is_refused_where_it_is_needed(tiny_lm: Any) -> None:
    known = tiny_lm("gpt2")
    known.model.config.model_type = "unheard-of"
    for block in known.model.transformer.h:
        block.second = deepcopy(block.mlp)
    with pytest.raises(ModelError, match="model type 'unheard-of' is not understood"):
        assert LM.of(known.model, known.tokenizer).layers


def other(kind: str) -> Any:
    """A model that is no causal language model."""
    small = {"d_model": 16, "d_ff": 32, "d_kv": 8, "num_layers": 1, "num_heads": 2, "vocab_size": 50}
    if kind == "t5":
        return AutoModelForSeq2SeqLM.from_config(AutoConfig.for_model("t5", **small))
    small = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    return AutoModelForMaskedLM.from_config(AutoConfig.for_model("bert", vocab_size=50, **small))


@pytest.mark.parametrize("kind", ["t5", "bert"])
def test_other_kinds_of_models_are_refused(tiny_lm: Any, kind: str) -> None:
    with pytest.raises(
        ModelError, match=r"expected a causal language model of transformers, got (T5|Bert)For"
    ):
        LM.of(other(kind), tiny_lm().tokenizer)


def test_what_has_no_head_or_is_no_model_is_refused(tiny_lm: Any) -> None:
    known = tiny_lm()
    for model in (known.model.base_model, torch.nn.Linear(2, 2), known, None):
        with pytest.raises(ModelError, match="expected a causal language model of transformers, got"):
            LM.of(model, known.tokenizer)


def test_a_model_shows_as_one_line(tiny_lm: Any) -> None:
    known = tiny_lm()
    assert repr(known) == "LM('tiny-llama', 0000000000000000, Llama, 3 layers, float64 on cpu)"
    long = LM.of(known.model, known.tokenizer, name="folder/" * 100, revision="sha256:" + "0" * 64)
    assert len(repr(long)) < 200


def test_one_text_is_no_list_of_questions(tiny_lm: Any) -> None:
    with pytest.raises(
        ModelError, match=r"questions must be a list of texts, got the text 'Who\?'; put it in"
    ):
        ask(tiny_lm(), "Who?")


def test_a_model_on_a_gpu_is_run_without_cudnns_attention(
    tiny_lm: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    known, told = tiny_lm(), list[bool]()
    monkeypatch.setattr(torch.backends.cuda, "enable_cudnn_sdp", told.append)
    LM.of(known.model, known.tokenizer)
    assert told == []
    monkeypatch.setattr(LM, "device", torch.device("cuda"))
    LM.of(known.model, known.tokenizer)
    assert told == [False]
