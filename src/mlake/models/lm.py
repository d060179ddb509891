"""An unmodified Hugging Face model, its tokenizer, and what mlake must know about them."""

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from mlake.models.passes import Passes
from mlake.models.prompts import PromptStyle

__all__ = ["LM", "UNPINNED", "Architecture"]

UNPINNED = "unknown"
"""Revision of a model whose weights nothing pins."""


@dataclass(frozen=True, slots=True)
class Architecture:
    """Where a model family keeps the parts that editing needs; the only family knowledge in mlake.

    Attributes:
        family: Name of the family, as reports print it.
        layers: Path from the model to its list of blocks.
        mlp: Path from a block to its MLP.
        down: Path from a block to the MLP's down-projection, the matrix that locate-then-edit changes.
        norm: Path from the model to the norm before the head.
        transposed: True where the weight is stored ``(d_in, d_out)``, as GPT-2's Conv1D does.
        sandwich: True where a norm stands between the MLP and the residual stream (Gemma 2 and 3,
            OLMo 2). A value optimised in the residual stream cannot be written into the down-projection
            of such a family; it is optimised at the down-projection's own output instead.
    """

    family: str
    layers: str
    mlp: str
    down: str
    norm: str
    transposed: bool = False
    sandwich: bool = False


@dataclass(frozen=True)
class LM:
    """A causal language model ready to be asked and edited.

    Attributes:
        name: What the user called it: hub id, folder, GGUF file or ``demo``.
        revision: What pins its weights: a hub commit, or a hash of the weight files; else ``UNPINNED``.
        model: The Hugging Face model, in eval mode, its parameters frozen.
        tokenizer: Its fast tokenizer (spans need character offsets).
        arch: Where the model keeps its parts.
        style: How a question becomes a prompt.
        passes: What the forward pass under way is of; shared by all that are made of the same model.
    """

    name: str
    revision: str
    model: Any
    tokenizer: Any
    arch: Architecture
    style: PromptStyle
    passes: Passes = field(default_factory=Passes, repr=False)

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
    def pad_id(self) -> int:
        """Token id that fills padding; its value never matters, since padding is masked."""
        for token in (self.tokenizer.pad_token_id, self.tokenizer.eos_token_id, self.tokenizer.bos_token_id):
            if token is not None:
                return int(token)
        return 0

    def mlp(self, layer: int) -> nn.Module:
        """The MLP of a block."""
        return self.layers[layer].get_submodule(self.arch.mlp)

    def down(self, layer: int) -> nn.Module:
        """The down-projection of a block."""
        return self.layers[layer].get_submodule(self.arch.down)

    def weight(self, layer: int) -> nn.Parameter:
        """The down-projection's weight as the model stores it: ``(d_out, d_in)``, or transposed."""
        return self.down(layer).weight  # type: ignore[return-value]

    def matrix(self, layer: int) -> Tensor:
        """A view of the down-projection's weight as ``(d_out, d_in)`` for every family."""
        weight = self.weight(layer)
        return weight.T if self.arch.transposed else weight

    def logits(self, hidden: Tensor) -> Tensor:
        """Next-token logits from final hidden states, with the model's own capping.

        Args:
            hidden: Output of the base model (after the last norm), ``(..., d_model)``.

        Returns:
            Logits in float32 or wider, ``(..., vocabulary)``.
        """
        logits: Tensor = self.model.get_output_embeddings()(hidden)
        logits = logits if logits.dtype == torch.float64 else logits.float()
        cap = getattr(self.model.config.get_text_config(), "final_logit_softcapping", None)
        return logits if cap is None else cap * torch.tanh(logits / cap)
