"""An unmodified Hugging Face model, its tokenizer, and what mlake must know about them."""

from dataclasses import dataclass, field
from reprlib import repr as shorter
from typing import Any, Self

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from mlake.errors import ModelError
from mlake.models.architectures import (
    Architecture,
    architecture_of,
    attention_out,
    head_is_whole,
    head_logits,
)
from mlake.models.hooks import hold_masks_finite
from mlake.models.passes import Passes
from mlake.models.prompts import PromptStyle, style_for
from mlake.models.quantised import quantisation, quantised_weights

__all__ = ["LM", "UNPINNED"]

UNPINNED = "unknown"
"""Revision of a model whose weights nothing pins."""


@dataclass(frozen=True)
class LM:
    """A causal language model ready to be asked and edited.

    Attributes:
        name: What the user called it: hub id, folder, GGUF file or ``demo``.
        revision: What pins its weights: a hub commit, or a hash of the weight files; else ``UNPINNED``.
        model: The Hugging Face model, in eval mode, its parameters frozen.
        tokenizer: Its fast tokenizer (spans need character offsets).
        structure: Where the model keeps its parts, or why that is not understood.
        style: How a question becomes a prompt.
        passes: What the forward pass under way is of; shared by all that are made of the same model.
    """

    name: str
    revision: str
    model: Any
    tokenizer: Any
    structure: Architecture | ModelError
    style: PromptStyle
    passes: Passes = field(default_factory=Passes, repr=False)

    @classmethod
    def of(
        cls,
        model: Any,
        tokenizer: Any,
        *,
        name: str = UNPINNED,
        revision: str = UNPINNED,
        template: str | None = None,
        stop: str | None = None,
    ) -> Self:
        """A model and tokenizer that are in memory already, whatever made them.

        Nothing is copied: the model itself is put into eval mode and its parameters are frozen. On a GPU
        torch is told, for the whole process, to leave cuDNN's attention alone.

        Args:
            model: A causal language model of ``transformers`` with its weights on a device.
            tokenizer: Its fast tokenizer.
            name: What runs and reports call it.
            revision: What pins its weights. Answers and key moments are kept for later runs only if it is
                given; give another one whenever the weights are others.
            template: Prompt template with one ``{question}``, instead of the tokenizer's own.
            stop: Where answers end, one of ``mlake.templates.STOPS``; None for what suits the prompt.

        Raises:
            UnknownNameError: No stop rule has this name.
            ModelError: It is no causal language model that mlake understands, its weights are not in
                memory, or its tokenizer gives no character offsets.

        Examples:
            >>> held = mlake.load_model("demo")
            >>> mlake.LM.of(held.model, held.tokenizer, name="mine", revision="step-9")
            LM('mine', step-9, ...)
        """
        _check(model, tokenizer, name)
        model.eval().requires_grad_(False)
        style = style_for(tokenizer, template, stop)
        lm = cls(name, revision, model, tokenizer, _structure(model, name), style)
        if lm.dtype == torch.float64 and lm.understood:
            hold_masks_finite(lm.layers)
        if lm.device.type == "cuda":
            # Padded prefixes make cuDNN's attention give NaN (torch 2.11, H200); torch's others do not.
            torch.backends.cuda.enable_cudnn_sdp(False)
        return lm

    def __repr__(self) -> str:
        size = f"{self.precision} on {self.device}"
        if self.understood:
            size = f"{self.arch.family}, {len(self.layers)} layers, {size}"
        return f"LM({shorter(self.name)}, {self.revision[:16]}, {size})"

    @property
    def at_hand(self) -> bool:
        """Whether its weights are in memory here. If not, it can only be asked."""
        return True

    def check_editable(self, what: str) -> None:
        """Refuse to edit it where its weights are out of reach, or kept in fewer bits.

        Args:
            what: What would edit it.

        Raises:
            ModelError: They are.
        """
        how = quantisation(self.model)
        if how is not None:
            raise quantised_weights(self.name, how, what)

    def record(self) -> dict[str, Any]:
        """What is recorded of it beside measurements, by the fields of a run's spec; JSON values."""
        return {
            "model": self.name,
            "model_revision": self.revision,
            "dtype": self.precision,
            "template": self.style.template,
            "stop": self.style.recorded_stop,
        }

    @property
    def understood(self) -> bool:
        """Whether it is known where the model keeps its parts; if not, it can only be asked and trained."""
        return isinstance(self.structure, Architecture)

    @property
    def arch(self) -> Architecture:
        """Where the model keeps its parts.

        Raises:
            ModelError: That is not understood.
        """
        if isinstance(self.structure, ModelError):
            raise self.structure
        return self.structure

    @property
    def layers(self) -> nn.ModuleList:
        """The model's blocks."""
        return self.model.get_submodule(self.arch.layers)  # type: ignore[no-any-return]

    @property
    def device(self) -> torch.device:
        """Device of the input embedding; inputs go there."""
        return self.model.get_input_embeddings().weight.device  # type: ignore[no-any-return]

    @property
    def dtype(self) -> torch.dtype:
        """Data type of the weights."""
        return self.model.get_input_embeddings().weight.dtype  # type: ignore[no-any-return]

    @property
    def precision(self) -> str:
        """Data type of the weights in words, and how they are quantised, if they are."""
        how = quantisation(self.model)
        kind = str(self.dtype).removeprefix("torch.")
        return kind if how is None else f"{kind}, {how}"

    @property
    def pad_id(self) -> int:
        """Token id that fills padding; its value never matters, since padding is masked."""
        for token in (self.tokenizer.pad_token_id, self.tokenizer.eos_token_id, self.tokenizer.bos_token_id):
            if token is not None:
                return int(token)
        return 0

    @property
    def positions(self) -> int | None:
        """Most tokens that it can read; None where nothing bounds them."""
        limit: int | None = getattr(self.model.config.get_text_config(), "max_position_embeddings", None)
        return limit

    def finite(self, values: Tensor) -> Tensor:
        """What the model computed, as it is.

        Raises:
            ModelError: It is not finite, so nothing can be read off it.
        """
        if not torch.isfinite(values).all():
            kind = str(self.dtype).removeprefix("torch.")
            raise ModelError(
                f"{self.name!r} in {kind} computes NaN or infinity where numbers were expected; load it with "
                "--dtype bf16 or fp32, and check its weights and the edit in force"
            )
        return values

    def mlp(self, layer: int) -> nn.Module:
        """The MLP of a block."""
        return self.layers[layer].get_submodule(self.arch.mlp)

    def down(self, layer: int) -> nn.Module:
        """The down-projection of a block."""
        return self.layers[layer].get_submodule(self.arch.down)

    def attention_out(self, layer: int) -> nn.Module:
        """The last linear map of a block's attention.

        Raises:
            ModelError: None is found.
        """
        return attention_out(self.model, self.arch, layer)

    def weight(self, layer: int) -> nn.Parameter:
        """The down-projection's weight as the model stores it: ``(d_out, d_in)``, or transposed."""
        return self.down(layer).weight  # type: ignore[return-value]

    def matrix(self, layer: int) -> Tensor:
        """A view of the down-projection's weight as ``(d_out, d_in)`` for every family."""
        weight = self.weight(layer)
        return weight.T if self.arch.transposed else weight

    def logits(self, hidden: Tensor) -> Tensor:
        """Next-token logits from final hidden states, with the model's own scale and capping.

        Args:
            hidden: Output of the base model (after the last norm), ``(..., d_model)``.

        Returns:
            Logits in float32 or wider, ``(..., vocabulary)``.
        """
        return head_logits(self.model, hidden)


def _structure(model: Any, name: str) -> Architecture | ModelError:
    """Where a model keeps its parts, or why they cannot be used though its answers can be read.

    Raises:
        ModelError: Neither its parts nor its answers are understood.
    """
    found: Architecture | ModelError
    try:
        found = architecture_of(model)
    except ModelError as error:
        if not head_is_whole(model):
            raise
        found = error
    how = quantisation(model)
    return found if how is None else quantised_weights(name, how)


def _check(model: Any, tokenizer: Any, name: str) -> None:
    """Refuse what cannot be asked or edited, in words that say what to hand over instead."""
    causal = isinstance(model, PreTrainedModel) and model.can_generate()
    if not causal or model.config.is_encoder_decoder:
        raise ModelError(
            f"expected a causal language model of transformers, got {type(model).__name__}; load it with "
            "AutoModelForCausalLM, and merge an adapter into it first"
        )
    if any(weight.is_meta for weight in model.parameters()):
        raise ModelError(
            f"weights of {name!r} are on the meta device, out of reach of edits; load all of them into the "
            "memory of a CPU or GPU"
        )
    if not getattr(tokenizer, "is_fast", False):
        raise ModelError(
            f"{name!r} has no fast tokenizer, which spans need, got {type(tokenizer).__name__}; load it with "
            "AutoTokenizer from a folder that holds a tokenizer.json"
        )
