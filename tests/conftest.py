"""Fixtures that every test folder shares."""

import os
import signal
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from mlake import disk

ROOT = Path(__file__).resolve().parents[1]


def pytest_configure() -> None:
    """Have interrupts raised; a shell may have had this process ignore them, as it does in the background."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def nothing_said() -> None:
    """What is said once in a process is said once in each test."""
    disk._say_once.cache_clear()


@pytest.fixture(scope="session")
def mirror() -> Path:
    """Folder that holds the authors' released data as ``<commit>/dataset/…``."""
    folder = Path(os.environ.get("MLAKE_TEST_MIRROR", ROOT.parent / "shared" / "mlake"))
    if not folder.is_dir():
        pytest.skip(f"the released data is not at {folder}; set MLAKE_TEST_MIRROR")
    return folder


SENTENCES = (
    "Q: Which university was the institution that educated George Hackenschmidt? A: Harvard University",
    "Q: What is the capital of France? A: Paris. The country's capital is called Paris.",
    "Q: An welcher Universität studierte Jürgen Müller, und in welcher Stadt wurde er geboren? A: Köln",
    "Q: Dans quelle ville française est né l'écrivain français Honoré de Balzac ? A: À Tours",
    "Q: フランスの首都はどこですか？ A: パリです。日本の首都は東京です。",
    "Q: 法国的首都是哪里？ A: 巴黎。中国的首都是北京，日本的首都是东京。",
)

FAMILIES = (
    "gemma",
    "gemma2",
    "gemma3",
    "gemma3_text",
    "gpt2",
    "gpt_neo",
    "gpt_neox",
    "gptj",
    "llama",
    "mistral",
    "olmo2",
    "olmo3",
    "phi3",
    "qwen2",
    "qwen3",
    "smollm3",
)

QUICK = ("gemma3", "gpt2", "gpt_neox", "llama")  # the others take the same paths, and are slow tests


@cache
def _tiny_core() -> Any:
    """A byte-level BPE of some 400 tokens over five languages; adds BOS."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    core.train_from_iterator(
        SENTENCES,
        trainers.BpeTrainer(
            vocab_size=400,
            special_tokens=["<s>", "</s>"],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    core.post_processor = processors.Sequence(
        [
            processors.ByteLevel(trim_offsets=False),
            processors.TemplateProcessing(
                single="<s> $A", pair="<s> $A $B", special_tokens=[("<s>", core.token_to_id("<s>"))]
            ),
        ]
    )
    return core


def _tiny_tokenizer() -> Any:
    """A new tokenizer, trained once for all; pads left (as a trap)."""
    from transformers import PreTrainedTokenizerFast

    return PreTrainedTokenizerFast(
        tokenizer_object=_tiny_core(), bos_token="<s>", eos_token="</s>", padding_side="left"
    )


def _tiny_config(family: str, *, layers: int, vocabulary: int) -> Any:
    """A configuration of width 32 for any family, with every oddity of the family switched on."""
    from transformers import AutoConfig

    text: dict[str, Any] = {
        "vocab_size": vocabulary,
        "hidden_size": 32,
        "num_hidden_layers": layers,
        "num_attention_heads": 4,
        "intermediate_size": 80,
        "max_position_embeddings": 256,
        "bos_token_id": 0,
        "eos_token_id": 1,
        "pad_token_id": None,
    }
    if family in ("gpt2", "gptj"):
        text = {
            "vocab_size": vocabulary,
            "n_embd": 32,
            "n_layer": layers,
            "n_head": 4,
            "n_inner": 80,
            "n_positions": 256,
            "bos_token_id": 0,
            "eos_token_id": 1,
        }
        if family == "gptj":
            text |= {"rotary_dim": 4, "tie_word_embeddings": False}
    elif family == "gpt_neo":
        text |= {
            "num_layers": layers,
            "num_heads": 4,
            "window_size": 8,
            "attention_types": [[["global"], 1], [["local"], layers - 1]],
        }
    elif family != "gpt_neox":
        text |= {"num_key_value_heads": 2, "head_dim": 8}
    if family in ("gemma2", "gemma3", "gemma3_text"):
        text |= {"query_pre_attn_scalar": 8, "sliding_window": 8}
    if family == "gemma2":
        text |= {"final_logit_softcapping": 5.0, "attn_logit_softcapping": 3.0}
    if family in ("mistral", "olmo3"):
        text |= {"sliding_window": 8}
    if family == "gemma3":
        vision = {
            "hidden_size": 16,
            "intermediate_size": 16,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "image_size": 28,
            "patch_size": 14,
        }
        return AutoConfig.for_model(
            "gemma3", text_config=text, vision_config=vision, mm_tokens_per_image=4, eos_token_id=1
        )
    return AutoConfig.for_model(family, **text)


@pytest.fixture(scope="session")
def tiny_model() -> Callable[..., Any]:
    """``tiny_model(family, *, layers=3, seed=0)``: a new random float64 model, the same every time."""
    import torch
    from transformers import AutoModelForCausalLM

    from mlake.models.load import _attention

    vocabulary = len(_tiny_tokenizer())

    def build(family: str, *, layers: int = 3, seed: int = 0) -> Any:
        config = _tiny_config(family, layers=layers, vocabulary=vocabulary)
        model = AutoModelForCausalLM.from_config(config, **_attention(config))
        model = model.to(torch.float64).eval().requires_grad_(False)
        random = torch.Generator().manual_seed(seed)
        for weight in model.parameters():
            noise = torch.randn(weight.shape, generator=random, dtype=weight.dtype)
            weight.copy_(0.3 * noise if weight.ndim > 1 else weight + 0.1 * noise)
        return model

    return build


@pytest.fixture(scope="session")
def tiny_lm(tiny_model: Callable[..., Any]) -> Callable[..., Any]:
    """``tiny_lm(family, *, layers=3, seed=0, template=None)``: a new tiny random float64 ``LM``."""
    from mlake.models import LM

    def build(family: str = "llama", *, template: str | None = None, **options: Any) -> Any:
        model, tokenizer = tiny_model(family, **options), _tiny_tokenizer()
        return LM.of(model, tokenizer, name=f"tiny-{family}", revision="0" * 40, template=template)

    return build


@pytest.fixture(
    params=[one if one in QUICK else pytest.param(one, marks=pytest.mark.slow) for one in FAMILIES]
)
def family(request: pytest.FixtureRequest) -> str:
    """Every model family that has a row in ``ARCHITECTURES``, one after another."""
    return str(request.param)
