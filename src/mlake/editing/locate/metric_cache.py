"""Metrics that stay the same from batch to batch: computed once in a process, for one model at a time."""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from typing import Any, NamedTuple, TypeVar
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from mlake.editing.locate.update import Metric

__all__ = ["HELD", "Held", "Moments", "solving_device"]

_M = TypeVar("_M", bound=Metric)
_MATRICES = 5  # C, its factor, and what LAPACK takes beside them to find eigenvectors


class Moments(NamedTuple):
    """Second moments of keys.

    Attributes:
        of: Layer to C, ``(d_in, d_in)``.
        source: What they are moments of, where later batches have the same ones; else None.
    """

    of: Callable[[int], Tensor]
    source: Hashable = None


class Held:
    """Metrics of the model that was edited last; the least recently used make room.

    They are let go with the model. A factor of 11008 dimensions takes 0.97 GB, the five layers of a 7B
    Llama 4.85 GB.
    """

    def __init__(self) -> None:
        self._models: WeakKeyDictionary[nn.Module, OrderedDict[Hashable, Any]] = WeakKeyDictionary()

    def has(self, model: nn.Module, keys: Iterable[Hashable]) -> bool:
        """Whether the metrics of all these keys are held."""
        return set(keys) <= set(self._models.get(model, ()))

    def get(self, model: nn.Module, key: Hashable, make: Callable[[], _M], *, room: int) -> _M:
        """The metric of a key.

        Args:
            model: The model it is of; metrics of any other are let go.
            key: All that it depends on.
            make: Computes it where it is not held.
            room: How many to hold at most, this one included.
        """
        if model not in self._models:
            self._models = WeakKeyDictionary({model: OrderedDict()})
        kept = self._models[model]
        if key not in kept:
            while len(kept) >= room:  # before the new one is made: both at once may not fit
                kept.popitem(last=False)
            kept[key] = make()
        kept.move_to_end(key)
        found: _M = kept[key]
        return found

    def put(self, model: nn.Module, key: Hashable, metric: Metric) -> None:
        """Replace a metric that ``get`` gave by one that knows more."""
        self._models[model][key] = metric


HELD = Held()


def solving_device(device: torch.device, width: int) -> torch.device:
    """Where a layer's metric is computed and held: with its weights on CUDA, otherwise on the CPU.

    A value step has run by then, so what torch has not reserved is free for good.

    Args:
        device: Where the layer's weights are; only CUDA and the CPU have double precision for sure.
        width: ``d_in``.
    """
    if device.type == "cuda" and torch.cuda.mem_get_info(device)[0] >= _MATRICES * 8 * width**2:
        return device
    return torch.device("cpu")
