"""A pretend accelerator: tensors that live on the CPU, say that they do not, and mix as badly as CUDA's do.

torch knows the device type ``lazy`` in every build, and nothing in a CPU build computes on it. Here it
stands for an accelerator with as many devices as one likes: ``lazy:0`` and ``lazy:1``. No global state of
torch is needed for it, and gradients flow across its devices.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any, Self
from unittest.mock import patch

import torch
from accelerate import dispatch_model
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

FIRST, SECOND = torch.device("lazy", 0), torch.device("lazy", 1)

_CPU = torch.device("cpu")
_ATEN = torch.ops.aten
_COPYING = {_ATEN._to_copy.default, _ATEN.copy_.default}
_INDEXING = {
    _ATEN.index.Tensor, _ATEN.index_put.default, _ATEN.index_put_.default, _ATEN._index_put_impl_.default
}  # fmt: skip
_FUSING = "torch.optim.optimizer._get_fused_kernels_supported_devices"


class Pretend(Tensor):
    """A tensor on a pretend device.

    Attributes:
        inner: What it holds, on the CPU.
    """

    inner: Tensor  # type: ignore[assignment]

    @staticmethod
    def __new__(cls, inner: Tensor, device: torch.device) -> Self:
        made = Tensor._make_wrapper_subclass(
            cls, inner.shape, inner.stride(), inner.storage_offset(), dtype=inner.dtype, device=device
        )
        made.inner = inner
        return made

    def __repr__(self, **_: Any) -> str:  # type: ignore[override]
        return f"Pretend({self.inner!r}, device={self.device})"

    def tolist(self) -> Any:
        """As a list; torch refuses subclasses."""
        return self.inner.tolist()

    @classmethod
    def __torch_dispatch__(  # type: ignore[override]
        cls, op: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        return _run(op, args, kwargs or {})


class _Everywhere(TorchDispatchMode):
    """Factories and copies make pretend tensors, though they are handed none."""

    def __torch_dispatch__(self, op: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return _run(op, args, kwargs or {})


@contextmanager
def accelerator() -> Iterator[None]:
    """A block in which there is a pretend accelerator."""
    fused = patch(_FUSING, lambda: ["cpu", "cuda", "lazy"])
    autocast = patch("torch.is_autocast_enabled", lambda *_: False)  # torch 2.11 knows none for this type
    only_lift = torch._C._only_lift_cpu_tensors()
    # torch.tensor(…, device=…) otherwise copies to the device where no mode sees it.
    torch._C._set_only_lift_cpu_tensors(True)
    try:
        with _Everywhere(), fused, autocast:
            yield
    finally:
        torch._C._set_only_lift_cpu_tensors(only_lift)


def _run(op: Any, args: Any, kwargs: Mapping[str, Any]) -> Any:
    operands = list(_tensors((*args, *kwargs.values())))
    wished = None if kwargs.get("device") is None else torch.device(kwargs["device"])
    if not any(isinstance(one, Pretend) for one in operands) and (wished is None or wished.type != "lazy"):
        return op(*args, **kwargs)
    written = _written(op, args, kwargs)
    device = args[0].device if op in _COPYING else _common(op, args, operands, written)
    device = wished or device
    generator = kwargs.get("generator")
    if generator is not None and generator.device.type != device.type:
        raise RuntimeError(f"{op}: expected a generator on {device}, but found one on {generator.device}")
    placed = {"device": _CPU} if wished is not None else {}
    result = op(*_bare(args), **{key: _bare(value) for key, value in kwargs.items()} | placed)
    if written and isinstance(result, Tensor):
        return written[0]  # an operation in place gives back what it was given
    return result if device == _CPU else _dressed(result, device)


def _bare(value: Any) -> Any:
    if isinstance(value, Pretend):
        return value.inner
    return type(value)(map(_bare, value)) if type(value) in (list, tuple) else value


def _dressed(value: Any, device: torch.device) -> Any:
    if isinstance(value, Tensor):
        return Pretend(value, device)
    return type(value)(_dressed(one, device) for one in value) if type(value) in (list, tuple) else value


def _tensors(values: Iterable[Any]) -> Iterator[Tensor]:
    for value in values:
        if isinstance(value, Tensor):
            yield value
        elif type(value) in (list, tuple):
            yield from _tensors(value)


def _written(op: Any, args: Any, kwargs: Mapping[str, Any]) -> list[Any]:
    """The operands that an operation changes."""
    found = [args[at] if at < len(args) else kwargs.get(name) for at, name in _written_at(op)]
    return [one for one in found if one is not None]


@cache
def _written_at(op: Any) -> list[tuple[int, str]]:
    every = enumerate(op._schema.arguments)
    return [(at, one.name) for at, one in every if one.alias_info and one.alias_info.is_write]


def _common(op: Any, args: Any, operands: Sequence[Tensor], written: Sequence[Any]) -> torch.device:
    """The device that an operation works on.

    Raises:
        RuntimeError: CUDA would not take these operands together.
    """
    found = {one.device for one in operands if one.ndim or isinstance(one, Pretend)}
    found |= {one.device for one in _tensors(written)}
    if op in _INDEXING and isinstance(args[0], Pretend):  # indices may be on the CPU
        found = {
            one.device for one in _tensors((args[0], *args[2:3])) if one.ndim or isinstance(one, Pretend)
        }
        found |= {one.device for one in _tensors(args[1]) if isinstance(one, Pretend)}
    if len(found) > 1:
        places = ", ".join(sorted(f"{tuple(one.shape)} on {one.device}" for one in operands))
        raise RuntimeError(f"{op}: expected all tensors to be on the same device, but found {places}")
    return next(iter(found), _CPU)


def moved(model: nn.Module, device: torch.device) -> None:
    """Move a model as ``model.to`` does on CUDA: tied parameters stay tied."""
    made: dict[int, Any] = {}
    with torch.no_grad():
        for module in model.modules():
            for table in (module._parameters, module._buffers):
                for name, one in table.items():
                    if one is not None:
                        table[name] = made.setdefault(id(one), _on(one, device))


def _on(tensor: Tensor, device: torch.device) -> Tensor:
    there = tensor.detach().to(device)
    return nn.Parameter(there, tensor.requires_grad) if isinstance(tensor, nn.Parameter) else there


def split(lm: Any) -> None:
    """Embedding and the first half of the blocks on one device, the rest on another, as accelerate does it.

    A head that is tied to the embedding stays with it.
    """
    base = lm.arch.layers.rpartition(".")[0]
    places = {f"{base}.{name}": FIRST for name, _ in lm.model.get_submodule(base).named_children()}
    del places[lm.arch.layers]
    half = len(lm.layers) // 2
    places |= {f"{lm.arch.layers}.{at}": FIRST if at < half else SECOND for at in range(len(lm.layers))}
    places[lm.arch.norm] = SECOND
    tied = lm.model.get_output_embeddings().weight is lm.model.get_input_embeddings().weight
    places["lm_head"] = FIRST if tied else SECOND
    dispatch_model(lm.model, places, main_device=FIRST, skip_keys=lm.model._skip_keys_device_placement)
