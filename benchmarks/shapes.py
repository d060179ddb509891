"""Models of 7B shapes with random weights: nothing to download, and as fast as the real ones."""

from dataclasses import dataclass
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForCausalLM

from mlake.models.lm import LM
from mlake.models.load import DTYPES
from mlake.models.prompts import PLAIN

_SEED = 0
_SPREAD = 1.28


@dataclass(frozen=True)
class Shape:
    """The sizes of a published model.

    Attributes:
        family: Its type in transformers.
        layers: Number of blocks.
        width: Size of the residual stream.
        inner: Size inside an MLP.
        heads: Attention heads, of keys and values too.
        vocabulary: Rows of the embedding and of the head.
        template: Prompt template; None for the tokenizer's own.
    """

    family: str
    layers: int
    width: int
    inner: int
    heads: int
    vocabulary: int
    template: str | None


SHAPES: dict[str, Shape] = {
    "llama-7b": Shape("llama", 32, 4096, 11008, 32, 32_000, PLAIN),  # Llama 2, Vicuna 1.5: no chat template
    "qwen-7b": Shape("qwen2", 32, 4096, 11008, 32, 151_936, None),  # Qwen 1.5
}


def random_lm(name: str, tokenizer: Any, *, dtype: str, device: str, layers: int | None) -> LM:
    """A model of a shape, made on its device in its data type.

    Weights are normal with a deviation of 0.02 at a width of 4,096, as when a training begins, norms 1 and
    biases 0. Logits then have a deviation of about 1.3, and values can be optimised.

    Args:
        name: A row of ``SHAPES``.
        tokenizer: Any fast tokenizer; a vocabulary that it does not fit into grows.
        dtype: A name in ``DTYPES``.
        device: A torch device; ``auto`` is the GPU if there is one.
        layers: Fewer blocks than the shape has; None for all.
    """
    shape = SHAPES[name]
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    config = AutoConfig.for_model(
        shape.family,
        vocab_size=max(shape.vocabulary, len(tokenizer)),
        hidden_size=shape.width,
        intermediate_size=shape.inner,
        num_hidden_layers=layers or shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.heads,
        max_position_embeddings=4096,
        initializer_range=_SPREAD / shape.width**0.5,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=None,
        tie_word_embeddings=False,
    )
    torch.manual_seed(_SEED)
    with torch.device(device):
        model = AutoModelForCausalLM.from_config(config, dtype=DTYPES[dtype])
    # Pinned, so that second moments and their factors are kept between the batches of a run.
    revision = f"random:{_SEED}:{device}"
    return LM.of(model, tokenizer, name=name, revision=revision, template=shape.template)


def about_weights(lm: LM) -> dict[str, Any]:
    """What the machine's line says of a random model."""
    config, shape = lm.model.config, SHAPES[lm.name]
    return {
        "weights": f"random, seed {_SEED}",
        "layers": config.num_hidden_layers,
        "layers_of_shape": shape.layers,
        "vocabulary": config.vocab_size,
        "vocabulary_of_shape": shape.vocabulary,
    }
