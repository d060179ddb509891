"""Tiny models on pretend devices, each beside the same model on the CPU."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest
from tests.editing.conftest import cache, statements

from .pretend import FIRST, accelerator, moved, split

__all__ = ["cache", "statements"]  # fixtures here as well

FAMILIES = ("llama", "gemma3_text", "gpt2")


class Pair(NamedTuple):
    """The same model twice.

    Attributes:
        there: On pretend devices.
        here: On the CPU.
    """

    there: Any
    here: Any


@pytest.fixture(autouse=True)
def pretend_accelerator() -> Iterator[None]:
    """Every test here has a pretend accelerator."""
    with accelerator():
        yield


@pytest.fixture
def placed(tiny_lm: Callable[..., Any]) -> Callable[..., Pair]:
    """``placed(family, how, dtype=None)``: a model of four blocks, ``whole`` on one device or ``split``."""

    def make(family: str, how: str, dtype: Any = None) -> Pair:
        there, here = tiny_lm(family, layers=4), tiny_lm(family, layers=4)
        if dtype is not None:
            there.model.to(dtype)
            here.model.to(dtype)
        if how == "whole":
            moved(there.model, FIRST)
        else:
            split(there)
        return Pair(there, here)

    return make


@pytest.fixture(params=[(family, how) for family in FAMILIES for how in ("whole", "split")], ids="-".join)
def any_pair(request: pytest.FixtureRequest, placed: Callable[..., Pair]) -> Pair:
    """A Llama, a sandwich and a GPT-2, each whole on one device and split over two."""
    return placed(*request.param)


@pytest.fixture(params=[("llama", "split"), ("gemma3_text", "split"), ("gpt2", "whole")], ids="-".join)
def pair(request: pytest.FixtureRequest, placed: Callable[..., Pair]) -> Pair:
    """The same families, one way each."""
    return placed(*request.param)
