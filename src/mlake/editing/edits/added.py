"""Neurons beside an MLP: they are fed what the MLP is fed, and what they say is added behind its block."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple, Self

import torch
from torch import Tensor
from transformers.activations import ACT2FN

from mlake.disk import as_json, json_of
from mlake.editing.edits.edit import Edit
from mlake.editing.edits.rows import check_place
from mlake.editing.factors import checked
from mlake.models.hooks import changed_output, watched_input
from mlake.models.lm import LM

__all__ = ["NeuronEdit", "Neurons", "beside"]


class Neurons(NamedTuple):
    """What n neurons hold; each token is treated by itself.

    Attributes:
        into: What each takes in, ``(n, d_model)``.
        bias: What is added to that, ``(n,)``.
        gate: What each is multiplied by, ``(n, d_model)``; of no rows where the MLP has no gate.
        out: What each says, ``(n, d_model)``.
    """

    into: Tensor
    bias: Tensor
    gate: Tensor
    out: Tensor

    def said(self, fed: Tensor, activation: str) -> Tensor:
        """What they add, ``(…, d_model)``.

        Args:
            fed: What the MLP is fed, ``(…, d_model)``, in their type.
            activation: Name of the activation, as configurations of models have it.
        """
        active: Tensor = ACT2FN[activation](fed @ self.into.T + self.bias)
        return (active * (fed @ self.gate.T) if len(self.gate) else active) @ self.out


@dataclass(frozen=True, eq=False)
class NeuronEdit(Edit):
    """Neurons beside the MLP of one block, whose sum is added to the residual stream behind the block.

    A token that makes no neuron active is handed on as it is, bit for bit, where the activation is 0 there.

    Attributes:
        layer: The block.
        activation: Name of the activation, as configurations of models have it.
        held: The neurons.
        met: What the MLP is fed where they are meant, ``(m, d_model)``; later edits leave these alone. Of no
            rows where the method does not tell.
        report: What the method has to say. JSON values.
    """

    format: ClassVar[str] = "mlake-neurons/1"

    layer: int
    activation: str
    held: Neurons
    met: Tensor
    report: Mapping[str, Any] = field(default_factory=dict)

    @contextmanager
    def applied(self, lm: LM, /) -> Iterator[LM]:
        """The model with hooks at the block; without neurons there are none.

        Raises:
            EditError: The edit does not fit the model.
        """
        self.warn_of_another_model(lm)
        if not len(self.held.out):
            yield lm
            return
        check_place(lm, self.layer, self.held.out.shape[1])
        with beside(lm, self.layer, self.held, self.activation):
            yield lm

    def tensors(self) -> dict[str, Tensor]:
        """``into``, ``bias``, ``gate``, ``out``, ``met``, ``layer``, and ``activation`` as bytes of JSON."""
        name = torch.tensor(list(as_json(self.activation).encode()), dtype=torch.uint8)
        return {**self.held._asdict(), "met": self.met, "layer": torch.tensor(self.layer), "activation": name}

    @classmethod
    def of(cls, tensors: Mapping[str, Tensor], report: Mapping[str, Any], /) -> Self:
        """The edit that ``tensors`` gave."""
        activation, layer = json_of(bytes(tensors["activation"].tolist())), tensors["layer"]
        into, gate, out, met = (
            checked(tensors[name], 2, finite=True) for name in ("into", "gate", "out", "met")
        )
        bias = checked(tensors["bias"], 1, finite=True)
        if layer.dtype != torch.int64 or int(layer) < 0 or activation not in ACT2FN:
            raise ValueError("no block or no activation")
        fits = into.shape == out.shape and len(bias) == len(into) and met.shape[1] == out.shape[1]
        kinds = {one.dtype for one in (into, bias, gate, out)}
        if not fits or len(kinds) > 1 or (len(gate) and gate.shape != into.shape):
            raise ValueError("parts that do not fit each other")
        return cls(int(layer), activation, Neurons(into, bias, gate, out), met, report)


@contextmanager
def beside(lm: LM, layer: int, neurons: Neurons, activation: str) -> Iterator[None]:
    """Passes in this block have these neurons beside an MLP; arguments as attributes of ``NeuronEdit``."""
    said: list[Tensor] = []

    def see(fed: Tensor) -> None:
        own = Neurons(*(one.to(fed.device) for one in neurons))
        said[:] = [own.said(fed.to(own.out.dtype), activation)]

    def change(hidden: Tensor) -> Tensor:
        return hidden + said.pop().to(hidden)

    with watched_input(lm.mlp(layer), see), changed_output(lm.layers[layer], change):
        yield
