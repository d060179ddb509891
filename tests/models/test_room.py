"""The bound of a batch: never more than memory holds, and the same for about the same memory."""

from typing import Any

import pytest
import torch
from transformers import DynamicCache

from mlake.models import room
from mlake.models.room import _fitting, _kept, free_memory, room_for

GIB = 2**30


def test_kept_is_what_the_cache_of_keys_and_values_holds(tiny_lm: Any, family: str) -> None:
    lm = tiny_lm(family)
    cache = DynamicCache(config=lm.model.config.get_text_config())
    with torch.no_grad():
        lm.model.base_model(input_ids=torch.arange(10).view(2, 5), past_key_values=cache, use_cache=True)
    held = sum(layer.keys.numel() + layer.values.numel() for layer in cache.layers)
    assert _kept(lm) == held / 10


def test_bound_is_a_power_of_two_that_follows_memory(tiny_lm: Any) -> None:
    lm = tiny_lm("llama")
    bounds = [_fitting(lm, 32, free) for free in (0, 2**20, 2**24, 2**26, 80 * GIB)]
    assert bounds == sorted(bounds)
    assert (bounds[0], bounds[-1]) == (1, 2**16)
    assert len(set(bounds)) == 5
    assert all(bound.bit_count() == 1 for bound in bounds)
    assert _fitting(lm, 32, 80 * GIB) == _fitting(lm, 32, 78 * GIB)
    for free, bound in zip((2**20, 2**24, 2**26), bounds[1:4], strict=True):
        rows = bound // 33
        assert bound * _kept(lm) * 8 + rows * 400 * 8 < free / 2


def test_wide_logits_and_narrow_weights_count(tiny_lm: Any) -> None:
    lm = tiny_lm("llama")
    assert _fitting(lm, 1, 2**24) < _fitting(lm, 32, 2**24), "as many logits for fewer tokens"
    before = _fitting(lm, 32, 2**24)
    lm.model.to(torch.bfloat16)
    assert _fitting(lm, 32, 2**24) > before


def test_memory_counts_on_cuda_alone(tiny_lm: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    lm = tiny_lm("llama")
    assert room_for(lm, 32) == 8192 and free_memory(lm) is None
    weights = [torch.empty(0, device="meta")]
    monkeypatch.setattr(lm.model, "parameters", lambda: weights)
    assert room_for(lm, 32) == 8192

    class Weight:
        def __init__(self, index: int):
            self.device = torch.device("cuda", index)

    free = {0: 80 * GIB, 1: 2**24}
    monkeypatch.setattr(room, "_free", lambda device: free[device.index])
    monkeypatch.setattr(lm.model, "parameters", lambda: [Weight(0), Weight(1), Weight(0)])
    assert free_memory(lm) == 2**24 and room_for(lm, 32) == _fitting(lm, 32, 2**24)


def test_what_torch_holds_without_use_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (100, 1000))
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda device: 50)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda device: 20)
    assert room._free(torch.device("cuda")) == 130
