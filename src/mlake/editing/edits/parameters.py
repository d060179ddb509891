"""Edits of any parameters by name: low-rank changes and new values. MEND and fine-tuning make them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar, Self

import torch
from torch import Tensor, nn

from mlake.editing.edits.edit import Edit
from mlake.editing.edits.neurons import parameter_neurons
from mlake.editing.factors import Factors, checked
from mlake.errors import EditError
from mlake.interrupts import undone
from mlake.models.lm import LM

__all__ = ["ParameterEdit"]

_MOST_BYTES = 2**28  # a matrix of a model of 7B is kept, its weights are not


@dataclass(frozen=True, eq=False)
class ParameterEdit(Edit):
    """A change of parameters, by their name in ``lm.model.named_parameters()``.

    Attributes:
        factors: Parameter to a low-rank change that is added to it, in the layout in which the model
            stores it: ``left (rows, r)`` and ``right (columns, r)``.
        values: Parameter to its new value, in any floating type.
        report: What the method has to say. JSON values.
        carried: What its method goes on from in a later edit, by names of the method's own.
    """

    format: ClassVar[str] = "mlake-parameters/1"
    mergeable: ClassVar[bool] = True

    factors: Mapping[str, Factors] = field(default_factory=dict)
    values: Mapping[str, Tensor] = field(default_factory=dict)
    report: Mapping[str, Any] = field(default_factory=dict)
    carried: Mapping[str, Tensor] = field(default_factory=dict)

    @contextmanager
    def applied(self, lm: LM, /) -> Iterator[LM]:
        """The model with this edit in force; restored bit for bit afterwards, also after an exception.

        Raises:
            EditError: The edit does not fit the model, or is not finite.
        """
        self.warn_of_another_model(lm)
        parameters = dict(lm.model.named_parameters())
        originals: dict[str, Tensor] = {}
        with undone(partial(_restore, parameters, originals)):
            with torch.no_grad():
                for name in (*self.factors, *self.values):
                    parameter = _named(parameters, name)
                    new = self._new(name, parameter)
                    originals.setdefault(name, parameter.detach().clone())
                    parameter.copy_(new)
            yield lm

    def __repr__(self) -> str:
        return f"ParameterEdit(low-rank changes: {len(self.factors)}, whole parameters: {len(self.values)})"

    def _new(self, name: str, parameter: nn.Parameter) -> Tensor:
        """The edited parameter in its own data type; sums are rounded once."""
        if name in self.values:
            wide = self.values[name].to(parameter.device)
        else:
            delta = self.factors[name].to(parameter.device).dense()
            if delta.shape != parameter.shape:
                raise _misfit(name, delta, parameter)
            wide = delta + parameter.to(torch.promote_types(delta.dtype, parameter.dtype))
        if wide.shape != parameter.shape:
            raise _misfit(name, wide, parameter)
        new = wide.to(parameter.dtype)
        if not torch.isfinite(new).all():
            kind = str(parameter.dtype).removeprefix("torch.")
            raise EditError(f"the edit of {name} holds NaN or infinity in {kind}; it was not applied")
        return new

    def tensors(self) -> dict[str, Tensor]:
        """``value:<name>``, ``left:<name>``, ``right:<name>`` and ``carried:<name>``."""
        found = {f"value:{name}": value for name, value in self.values.items()}
        found |= {f"carried:{name}": value for name, value in self.carried.items()}
        for name, factors in self.factors.items():
            found |= {f"left:{name}": factors.left, f"right:{name}": factors.right}
        return found

    @classmethod
    def of(cls, tensors: Mapping[str, Tensor], report: Mapping[str, Any], /) -> Self:
        """The edit that ``tensors`` gave."""
        factors: dict[str, Factors] = {}
        values: dict[str, Tensor] = {}
        carried: dict[str, Tensor] = {}
        for key, tensor in tensors.items():
            part, _, name = key.partition(":")
            if part == "value":
                values[name] = checked(tensor)
            elif part == "carried":
                carried[name] = checked(tensor, finite=True)
            elif part == "left":
                factors[name] = Factors.checked(tensor, tensors[f"right:{name}"])
            elif part != "right" or f"left:{name}" not in tensors:
                raise ValueError(f"unknown tensor {key!r}")
        return cls(factors, values, report, carried)

    @property
    def kept(self) -> bool:
        """False where its new values take much room, as those of a whole model do."""
        return sum(value.nbytes for value in self.values.values()) <= _MOST_BYTES

    @property
    def replaces(self) -> bool:
        """True where it holds new values."""
        return bool(self.values)

    def neurons(self, lm: LM, /) -> dict[int, Tensor]:
        """Change of the weights of each neuron in all matrices of the MLP, and in their biases."""
        return parameter_neurons(lm, self.factors, self.values)


@torch.no_grad()
def _restore(parameters: Mapping[str, nn.Parameter], originals: Mapping[str, Tensor]) -> None:
    for name, original in originals.items():
        parameters[name].copy_(original)


def _named(parameters: Mapping[str, nn.Parameter], name: str) -> nn.Parameter:
    if name not in parameters:
        raise EditError(f"the edit changes {name!r}, which the model lacks; was it made for another model?")
    return parameters[name]


def _misfit(name: str, new: Tensor, parameter: Tensor) -> EditError:
    return EditError(
        f"edit of {name} has shape {tuple(new.shape)}, the model's is {tuple(parameter.shape)}; "
        "was it made for another model?"
    )
