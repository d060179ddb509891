"""Neurons beside an MLP as what is trained (CaliNet, Dong et al. 2022)."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from transformers.pytorch_utils import Conv1D

from mlake.editing.edits.added import NeuronEdit, Neurons, beside
from mlake.models.lm import LM

__all__ = ["Side", "training_side"]

_ACTIVATIONS = ("hidden_activation", "hidden_act", "activation_function")
"""Where configurations name the activation of the MLP."""


@dataclass(eq=False)
class Side:
    """Neurons like those of the MLP they stand beside.

    Attributes:
        layer: The block.
        activation: Name of the activation.
        neurons: The neurons; those that are trained have gradients.
        scale: 1: gradients are float32 or wider.
    """

    layer: int
    activation: str
    neurons: Neurons
    scale: float = 1.0

    @property
    def moved(self) -> Sequence[Tensor]:
        """All but the biases, which stay 0, and a gate that is not there."""
        return [one for one in self.neurons if one.requires_grad]

    def gather(self) -> None:
        """Nothing to do: the neurons have their gradients."""

    def spread(self) -> None:
        """Forget the gradients; the model reads the neurons as they are."""
        for one in self.moved:
            one.grad = None

    def edit(self, report: Mapping[str, Any]) -> NeuronEdit:
        """The neurons."""
        held = Neurons(*(one.detach().cpu().clone() for one in self.neurons))
        return NeuronEdit(self.layer, self.activation, held, held.out[:0], report)


@contextmanager
def training_side(lm: LM, count: int, layer: int, seed: int) -> Iterator[Side]:
    """A block in which so many neurons are trained beside a block's MLP; at the start they say nothing.

    They have the MLP's activation, and a gate where it has one.

    Args:
        lm: The model.
        count: Neurons.
        layer: The block.
        seed: Seed of what they take in at the start.
    """
    random = torch.Generator().manual_seed(seed)
    config = lm.model.config.get_text_config()
    kind, device = torch.promote_types(lm.dtype, torch.float32), lm.weight(layer).device
    bound = 1 / config.hidden_size**0.5

    def drawn(rows: int) -> Tensor:
        start = torch.empty(rows, config.hidden_size, dtype=kind).uniform_(-bound, bound, generator=random)
        return start.to(device).requires_grad_(rows > 0)

    into, gate = drawn(count), drawn(count if _gated(lm, layer) else 0)
    out = torch.zeros_like(into, requires_grad=True)
    neurons = Neurons(into, torch.zeros(count, dtype=kind, device=device), gate, out)
    names = (getattr(config, one, None) for one in _ACTIVATIONS)
    side = Side(layer, next((one for one in names if isinstance(one, str)), "gelu"), neurons)
    with beside(lm, layer, neurons, side.activation):
        yield side


def _gated(lm: LM, layer: int) -> bool:
    """Whether the down-projection is fed a product: the maps before it make more than it takes in."""
    down, width = lm.down(layer), lm.model.config.get_text_config().hidden_size
    maps = [one for one in lm.mlp(layer).modules() if isinstance(one, nn.Linear | Conv1D) and one is not down]
    made: int = sum(one.weight.numel() // width for one in maps)
    return made > lm.matrix(layer).shape[1]
