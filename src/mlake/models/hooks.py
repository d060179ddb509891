"""Watching and changing a forward pass from outside; the model is as it was when a block is left."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import torch
from torch import Tensor, nn

from mlake.interrupts import undone

__all__ = [
    "changed_output",
    "first",
    "hold_masks_finite",
    "hooked",
    "only_at",
    "picked",
    "replaced_input",
    "skipped",
    "stopping_at",
    "watched_input",
    "watched_output",
]


def first(value: Any) -> Tensor:
    """The hidden states in what a module takes or returns: itself, or the first of a tuple."""
    hidden: Tensor = value[0] if isinstance(value, tuple) else value
    return hidden


class _Stopped(Exception):
    """Raised inside a forward pass to end it early."""


@contextmanager
def stopping_at(module: nn.Module) -> Iterator[None]:
    """End each forward pass when it reaches a module: nothing from there on is computed.

    Hooks that were registered on the module before still run.
    """

    def hook(*_: Any) -> None:
        raise _Stopped

    with hooked(lambda: module.register_forward_pre_hook(hook)), suppress(_Stopped):
        yield


@contextmanager
def skipped(blocks: Iterable[nn.Module], *, as_tuple: bool) -> Iterator[None]:
    """Let blocks pass their hidden states through unchanged.

    Args:
        blocks: Transformer blocks whose forward takes the hidden states first.
        as_tuple: Whether these blocks return a tuple, as some families' do.
    """

    def forward(hidden_states: Tensor, *_: Any, **__: Any) -> Any:
        return (hidden_states, None) if as_tuple else hidden_states

    with ExitStack() as stack:
        for block in blocks:
            stack.enter_context(_computing(block, forward))
        yield


@contextmanager
def only_at(module: nn.Module, at: Tensor) -> Iterator[None]:
    """Let a module that treats each token by itself, such as an MLP, compute some tokens; others get 0.

    Args:
        module: Takes and returns hidden states, ``(batch, length, d)``.
        at: Row and position of the tokens, ``(wanted, 2)``.
    """
    whole = module.forward

    def forward(hidden: Tensor) -> Tensor:
        some: Tensor = whole(picked(hidden, at)[None])[0]
        index = _flat(hidden, at)
        whole_size = hidden[..., 0].numel(), some.shape[-1]
        return some.new_zeros(whole_size).index_copy(0, index, some).view_as(hidden)

    with _computing(module, forward):
        yield


def picked(hidden: Tensor, at: Tensor) -> Tensor:
    """Some tokens' hidden states, ``(wanted, d)``.

    Args:
        hidden: Hidden states, ``(batch, length, d)``.
        at: Row and position of the tokens, ``(wanted, 2)``.
    """
    return hidden.flatten(0, 1).index_select(0, _flat(hidden, at))


def _flat(hidden: Tensor, at: Tensor) -> Tensor:
    return (at[:, 0] * hidden.shape[1] + at[:, 1]).to(hidden.device)


@contextmanager
def _computing(module: nn.Module, forward: Callable[..., Any]) -> Iterator[None]:
    """Give a module another way to compute its output."""
    own = module.__dict__.get("forward")

    def restore() -> None:
        if own is not None:
            module.forward = own
        elif "forward" in module.__dict__:
            del module.forward

    with undone(restore):
        module.forward = forward
        yield


def hooked(register: Callable[[], Any]) -> Any:
    """A block in which a hook is on a module.

    Args:
        register: Registers the hook and gives its handle.
    """
    handles: list[Any] = []
    return undone(lambda: [one.remove() for one in handles], lambda: handles.append(register()))


def watched_input(module: nn.Module, see: Callable[[Tensor], None]) -> Any:
    """Call ``see`` with the first input of each call of a module."""

    def hook(_: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        see(args[0] if args else kwargs["hidden_states"])

    return hooked(lambda: module.register_forward_pre_hook(hook, with_kwargs=True))


def watched_output(module: nn.Module, see: Callable[[Any], None]) -> Any:
    """Call ``see`` with what a module returns: hidden states, or a tuple that starts with them."""

    def hook(_: nn.Module, __: tuple[Any, ...], output: Any) -> None:
        see(output)

    return hooked(lambda: module.register_forward_hook(hook))


def replaced_input(module: nn.Module, hidden: Tensor) -> Any:
    """Give a module these hidden states instead of its own."""

    def hook(_: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if args:
            return (hidden, *args[1:]), kwargs
        return args, {**kwargs, "hidden_states": hidden}

    return hooked(lambda: module.register_forward_pre_hook(hook, with_kwargs=True))


def changed_output(module: nn.Module, change: Callable[[Tensor], Tensor]) -> Any:
    """Replace the hidden states that a module returns by ``change`` of them."""

    def hook(_: nn.Module, __: tuple[Any, ...], output: Any) -> Any:
        return (change(output[0]), *output[1:]) if isinstance(output, tuple) else change(output)

    return hooked(lambda: module.register_forward_hook(hook))


def hold_masks_finite(blocks: Iterable[nn.Module]) -> None:
    """Keep attention masks within float32, for good.

    A float64 mask holds float64's lowest number. Eager attention takes its softmax in float32, where
    that is -inf, and padding that sees nothing becomes NaN, which spreads to all tokens of its row.
    """

    def hook(_: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        return tuple(map(_within_float32, args)), {k: _within_float32(v) for k, v in kwargs.items()}

    for block in blocks:
        block.register_forward_pre_hook(hook, with_kwargs=True)


def _within_float32(value: Any) -> Any:
    mask = isinstance(value, Tensor) and value.ndim == 4 and value.dtype == torch.float64
    return value.clamp_min(torch.finfo(torch.float32).min) if mask else value
