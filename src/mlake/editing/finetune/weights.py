"""What training moves: parameters of the model, or thin factors beside its linear maps.

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

from mlake.editing.edits.edit import Edit
from mlake.editing.edits.parameters import ParameterEdit
from mlake.editing.factors import Factors
from mlake.editing.finetune.places import Where, maps, parameters
from mlake.editing.locate.rows import wide
from mlake.interrupts import undone
from mlake.models.hooks import hooked
from mlake.models.lm import LM

__all__ = ["LowRank", "Weights", "Whole", "training_low_rank", "training_some"]

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

    def edit(self, report: Mapping[str, Any]) -> Edit:
        """What training has changed, on the CPU."""


@dataclass(eq=False)
class Whole:
    """Parameters of the model.

    Attributes:
        parameters: Name to parameter; tied parameters stand here once.
        originals: Name to the value before training, on the CPU.
        moved: The parameters themselves, or float32 copies of those in half precision.
        scale: Above 1 in float16, whose smallest gradients would vanish.
        box: The most by which any entry may differ from its original; 0 for no bound.
    """

    parameters: Mapping[str, nn.Parameter]
    originals: Mapping[str, Tensor]
    moved: Sequence[Tensor]
    scale: float
    box: float = 0.0

    def gather(self) -> None:
        """Move gradients to the copies; parameters that are moved themselves keep theirs."""
        for parameter, moved in zip(self.parameters.values(), self.moved, strict=True):
            if moved is not parameter and parameter.grad is not None:
                moved.grad = parameter.grad.float() / self.scale
                parameter.grad = None

    @torch.no_grad()
    def spread(self) -> None:
        """Take what was moved back into the box, round copies into the model, and forget the gradients."""
        for (name, parameter), moved in zip(self.parameters.items(), self.moved, strict=True):
            moved.grad = None
            if self.box:
                _bound(moved, self.originals[name], self.box)
            if moved is not parameter:
                parameter.copy_(moved)
                if self.box:
                    _bound(parameter, self.originals[name], self.box)

    @torch.no_grad()
    def found(self) -> tuple[Mapping[str, Factors], Mapping[str, Tensor]]:
        """New values in the model's own data type, of parameters that changed."""
        now = {name: parameter.detach().cpu() for name, parameter in self.parameters.items()}
        values = {
            name: new.clone() for name, new in now.items() if not torch.equal(new, self.originals[name])
        }
        return {}, values

    def edit(self, report: Mapping[str, Any]) -> ParameterEdit:
        """New values."""
        return ParameterEdit(*self.found(), report)


def _bound(values: Tensor, original: Tensor, box: float) -> None:
    """Bring values no further than ``box`` from an original, also where the bound itself is rounded."""
    start = original.to(values.device).double()
    near = values.double().clamp(start - box, start + box).to(values.dtype)
    beyond = (near.double() - start).abs() > box
    values.copy_(torch.where(beyond, torch.nextafter(near, original.to(values)), near))


@contextmanager
def training_some(
    lm: LM, where: Where = "all", layers: Sequence[int] = (), *, box: float = 0.0
) -> Iterator[Whole]:
    """A block in which the parameters at a place may be trained, each within a bound, if there is one.

    Gradients are computed down to the lowest of them and no further.

    Raises:
        EditError: The model has nothing there.
        ModelError: The model's blocks are not understood.
    """
    some = parameters(lm, where, layers)
    originals = {name: one.detach().to("cpu", copy=True) for name, one in some.items()}
    flags = {name: one.requires_grad for name, one in some.items()}
    scale = _FP16_SCALE if lm.dtype == torch.float16 else 1.0

    @torch.no_grad()
    def restore() -> None:
        for name, one in some.items():
            one.requires_grad_(flags[name])
            one.grad = None
            one.copy_(originals[name])

    with undone(restore):
        for one in some.values():
            one.requires_grad_(True)
        moved = [one if one.dtype in _WIDE else one.detach().float() for one in some.values()]
        yield Whole(some, originals, moved, scale, box)


@dataclass(eq=False)
class LowRank:
    """Two thin factors beside linear maps of the blocks (LoRA, Hu et al. 2022).

    Attributes:
        names: Name of each map's weight.
        factors: Factors of each map's update in the layout in which the model stores it.
        gain: What their product is multiplied by, α / r.
        scale: 1: gradients are float32 or wider.
    """

    names: Sequence[str]
    factors: Sequence[Factors]
    gain: float = 1.0
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
        """The factors, the gain in the first of each two."""
        pairs = zip(self.names, self.factors, strict=True)
        return {
            name: Factors((self.gain * left.detach()).cpu(), right.detach().cpu().clone())
            for name, (left, right) in pairs
        }, {}

    def edit(self, report: Mapping[str, Any]) -> ParameterEdit:
        """Factors."""
        return ParameterEdit(*self.found(), report)


@contextmanager
def training_low_rank(
    lm: LM, rank: int, seed: int, *, alpha: float = 0.0, where: Where = "all", layers: Sequence[int] = ()
) -> Iterator[LowRank]:
    """A block in which factors of this rank are trained beside the linear maps of the blocks at a place.

    Args:
        lm: The model.
        rank: r.
        seed: Seed of their start.
        alpha: α; 0 stands for r.
        where: The place.
        layers: Blocks of it; none takes all blocks.

    Raises:
        EditError: The blocks hold no linear map there.
    """
    random = torch.Generator().manual_seed(seed)
    gain = alpha / rank if alpha else 1.0
    found: dict[str, Factors] = {}
    with ExitStack() as stack:
        for name, module in maps(lm, where, layers):
            transposed = isinstance(module, Conv1D)
            factors = _drawn(module.weight, transposed, rank, random)
            hook = partial(_added, factors, transposed, gain)
            stack.enter_context(hooked(partial(module.register_forward_hook, hook)))
            found[f"{name}.weight"] = factors
        yield LowRank(list(found), list(found.values()), gain)


def _drawn(weight: Tensor, transposed: bool, rank: int, random: torch.Generator) -> Factors:
    """Factors of an update that is 0: inputs are mapped at random, outputs not yet.

    ``nn.Linear`` stores ``(d_out, d_in)``, ``Conv1D`` ``(d_in, d_out)``.
    """
    kind = torch.float64 if weight.dtype == torch.float64 else torch.float32
    bound = 1 / weight.shape[0 if transposed else 1] ** 0.5
    left, right = (torch.zeros(size, rank, dtype=kind) for size in weight.shape)
    (left if transposed else right).uniform_(-bound, bound, generator=random)
    return Factors(left.to(weight.device).requires_grad_(), right.to(weight.device).requires_grad_())


def _added(
    factors: Factors, transposed: bool, gain: float, _: nn.Module, args: tuple[Tensor], output: Tensor
) -> Tensor:
    """What a map returns, plus what its factors make of the same input."""
    into, out = factors if transposed else reversed(factors)  # (d_in, r), (d_out, r)
    change = (wide(args[0]) @ into) @ out.T * gain
    return output + change.to(output.dtype)
