"""What training moves: all parameters of the model, or thin factors beside its linear maps.

Either is a block in which the model may be trained; when it is left, by an exception too, the model is
bit for bit what it was. The optimiser moves float32 copies where the model is in a half precision.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from transformers.pytorch_utils import Conv1D

from mlake.editing.factors import Factors
from mlake.editing.locate.rows import wide
from mlake.errors import EditError
from mlake.interrupts import undone
from mlake.models.hooks import hooked
from mlake.models.lm import LM

__all__ = ["AllWeights", "LowRank", "Weights", "training_all", "training_low_rank"]

_FP16_SCALE = 1024.0
_WIDE = (torch.float32, torch.float64)


class Weights(Protocol):
    """Something that can be trained."""

    @property
    def moved(self) -> Sequence[Tensor]:
        """What the optimiser moves, in float32 or wider."""

    @property
    def scale(self) -> float:
        """What the loss is multiplied by before the backward pass."""

    def gather(self) -> None:
        """After a backward pass: put the gradients beside what is moved, without the scale."""

    def spread(self) -> None:
        """After a step: put what was moved into the model."""

    def found(self) -> tuple[Mapping[str, Factors], Mapping[str, Tensor]]:
        """What training has changed: low-rank factors and new values by parameter name, on the CPU."""


@dataclass(eq=False)
class AllWeights:
    """Every parameter of the model.

    Attributes:
        parameters: Name to parameter; tied parameters stand here once.
        originals: Name to the value before training, on the CPU.
        moved: The parameters themselves, or float32 copies of those in half precision.
        scale: Above 1 in float16, whose smallest gradients would vanish.
    """

    parameters: Mapping[str, nn.Parameter]
    originals: Mapping[str, Tensor]
    moved: Sequence[Tensor]
    scale: float

    def gather(self) -> None:
        """Move gradients to the copies; parameters that are moved themselves keep theirs."""
        for parameter, moved in zip(self.parameters.values(), self.moved, strict=True):
            if moved is not parameter and parameter.grad is not None:
                moved.grad = parameter.grad.float() / self.scale
                parameter.grad = None

    @torch.no_grad()
    def spread(self) -> None:
        """Round the copies into the model, and forget the gradients."""
        for parameter, moved in zip(self.parameters.values(), self.moved, strict=True):
            moved.grad = None
            if moved is not parameter:
                parameter.copy_(moved)

    @torch.no_grad()
    def found(self) -> tuple[Mapping[str, Factors], Mapping[str, Tensor]]:
        """New values in the model's own data type, of parameters that changed."""
        now = {name: parameter.detach().cpu() for name, parameter in self.parameters.items()}
        values = {
            name: new.clone() for name, new in now.items() if not torch.equal(new, self.originals[name])
        }
        return {}, values


@contextmanager
def training_all(lm: LM) -> Iterator[AllWeights]:
    """A block in which all parameters may be trained."""
    parameters = dict(lm.model.named_parameters())
    originals = {name: one.detach().to("cpu", copy=True) for name, one in parameters.items()}
    flags = {name: one.requires_grad for name, one in parameters.items()}
    scale = _FP16_SCALE if lm.dtype == torch.float16 else 1.0

    @torch.no_grad()
    def restore() -> None:
        for name, one in parameters.items():
            one.requires_grad_(flags[name])
            one.grad = None
            one.copy_(originals[name])

    with undone(restore):
        for one in parameters.values():
            one.requires_grad_(True)
        moved = [one if one.dtype in _WIDE else one.detach().float() for one in parameters.values()]
        yield AllWeights(parameters, originals, moved, scale)


@dataclass(eq=False)
class LowRank:
    """Two thin factors beside each linear map of the blocks (LoRA, Hu et al. 2022, with α = r).

    Attributes:
        names: Name of each map's weight.
        factors: Factors of each map's update in the layout in which the model stores it.
        scale: 1: gradients are float32 or wider.
    """

    names: Sequence[str]
    factors: Sequence[Factors]
    scale: float = 1.0

    @property
    def moved(self) -> Sequence[Tensor]:
        """All factors."""
        return [one for factors in self.factors for one in factors]

    def gather(self) -> None:
        """Nothing to do: the factors have their gradients."""

    def spread(self) -> None:
        """Forget the gradients; the model reads the factors as they are."""
        for one in self.moved:
            one.grad = None

    def found(self) -> tuple[Mapping[str, Factors], Mapping[str, Tensor]]:
        """The factors."""
        pairs = zip(self.names, self.factors, strict=True)
        return {name: Factors(*(one.detach().cpu().clone() for one in both)) for name, both in pairs}, {}


@contextmanager
def training_low_rank(lm: LM, rank: int, seed: int) -> Iterator[LowRank]:
    """A block in which factors of this rank are trained beside every linear map of the blocks.

    Raises:
        EditError: The blocks hold no linear map.
    """
    random = torch.Generator().manual_seed(seed)
    found: dict[str, Factors] = {}
    with ExitStack() as stack:
        for block, name, module in _maps(lm):
            transposed = isinstance(module, Conv1D)
            factors = _drawn(module.weight, transposed, rank, random)
            hook = partial(_added, factors, transposed)
            stack.enter_context(hooked(partial(module.register_forward_hook, hook)))
            found[f"{lm.arch.layers}.{block}.{name}.weight"] = factors
        if not found:
            raise EditError(
                f"the blocks of {lm.name!r} hold no linear map to add to; use stableke, which trains all"
            )
        yield LowRank(list(found), list(found.values()))


def _maps(lm: LM) -> Iterator[tuple[int, str, Any]]:
    for number, block in enumerate(lm.layers):
        for name, module in block.named_modules():
            if isinstance(module, nn.Linear | Conv1D):
                yield number, name, module


def _drawn(weight: Tensor, transposed: bool, rank: int, random: torch.Generator) -> Factors:
    """Factors of an update that is 0: inputs are mapped at random, outputs not yet.

    ``nn.Linear`` stores ``(d_out, d_in)``, ``Conv1D`` ``(d_in, d_out)``.
    """
    kind = torch.float64 if weight.dtype == torch.float64 else torch.float32
    bound = 1 / weight.shape[0 if transposed else 1] ** 0.5
    left, right = (torch.zeros(size, rank, dtype=kind) for size in weight.shape)
    (left if transposed else right).uniform_(-bound, bound, generator=random)
    return Factors(left.to(weight.device).requires_grad_(), right.to(weight.device).requires_grad_())


def _added(factors: Factors, transposed: bool, _: nn.Module, args: tuple[Tensor], output: Tensor) -> Tensor:
    """What a map returns, plus what its factors make of the same input."""
    into, out = factors if transposed else reversed(factors)  # (d_in, r), (d_out, r)
    change = (wide(args[0]) @ into) @ out.T
    return output + change.to(output.dtype)
