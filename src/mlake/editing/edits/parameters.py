"""Edits of any parameters by name: low-rank changes and new values. MEND and fine-tuning make them."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save
from torch import Tensor, nn

from mlake.disk import write_atomic
from mlake.editing.factors import Factors
from mlake.errors import EditError
from mlake.models.lm import LM

__all__ = ["PARAMETERS_FORMAT", "ParameterEdit", "parameters_read"]

PARAMETERS_FORMAT = "mlake-parameters/1"


@dataclass(frozen=True, eq=False)
class ParameterEdit:
    """A change of parameters, by their name in ``lm.model.named_parameters()``.

    Attributes:
        factors: Parameter to a low-rank change that is added to it, in the layout in which the model
            stores it: ``left (rows, r)`` and ``right (columns, r)``.
        values: Parameter to its new value, in any floating type.
        report: What the method has to say. JSON values.
    """

    factors: Mapping[str, Factors] = field(default_factory=dict)
    values: Mapping[str, Tensor] = field(default_factory=dict)
    report: Mapping[str, Any] = field(default_factory=dict)

    @contextmanager
    def applied(self, lm: LM) -> Iterator[LM]:
        """The model with this edit in force; restored bit for bit afterwards, also after an exception.

        Raises:
            EditError: The edit does not fit the model, or is not finite.
        """
        parameters = dict(lm.model.named_parameters())
        originals: dict[str, Tensor] = {}
        try:
            with torch.no_grad():
                for name in (*self.factors, *self.values):
                    parameter = _named(parameters, name)
                    new = self._new(name, parameter)
                    originals.setdefault(name, parameter.detach().clone())
                    parameter.copy_(new)
            yield lm
        finally:
            with torch.no_grad():
                for name, original in originals.items():
                    parameters[name].copy_(original)

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

    def save(self, path: str | Path) -> None:
        """Write the edit as safetensors, atomically.

        Raises:
            EditError: The file cannot be written.
        """
        tensors = {f"value:{name}": value.contiguous() for name, value in self.values.items()}
        for name, factors in self.factors.items():
            tensors[f"left:{name}"] = factors.left.contiguous()
            tensors[f"right:{name}"] = factors.right.contiguous()
        head = {"format": PARAMETERS_FORMAT, "report": dict(self.report)}
        content = save(tensors, {"mlake": json.dumps(head, sort_keys=True, ensure_ascii=False)})
        try:
            write_atomic(Path(path), content)
        except OSError as error:
            raise EditError(f"cannot write the edit to {path}: {error}") from error


def parameters_read(tensors: Mapping[str, Tensor], report: Mapping[str, Any]) -> ParameterEdit:
    """The edit that ``ParameterEdit.save`` wrote.

    Raises:
        KeyError: A tensor is missing.
        ValueError: A tensor has another name than an edit's.
    """
    factors: dict[str, Factors] = {}
    values: dict[str, Tensor] = {}
    for key, tensor in tensors.items():
        part, _, name = key.partition(":")
        if part == "value":
            values[name] = tensor
        elif part == "left":
            factors[name] = Factors(tensor, tensors[f"right:{name}"])
        elif part != "right":
            raise ValueError(f"unknown tensor {key!r}")
    return ParameterEdit(factors, values, report)


def _named(parameters: Mapping[str, nn.Parameter], name: str) -> nn.Parameter:
    if name not in parameters:
        raise EditError(f"the edit changes {name!r}, which the model lacks; was it made for another model?")
    return parameters[name]


def _misfit(name: str, new: Tensor, parameter: Tensor) -> EditError:
    return EditError(
        f"edit of {name} has shape {tuple(new.shape)}, the model's is {tuple(parameter.shape)}; "
        "was it made for another model?"
    )
