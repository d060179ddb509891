"""Ctrl-C at every step of a change and of its way back: the model is as it came, and no interrupt is lost."""

import contextlib
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from time import sleep
from types import FrameType
from typing import Any

import pytest
import torch

import mlake
from mlake.editing.edits.parameters import ParameterEdit
from mlake.editing.edits.weights import WeightEdit
from mlake.editing.factors import Factors
from mlake.editing.finetune.weights import training_low_rank, training_some
from mlake.interrupts import undone
from mlake.models.hooks import skipped, watched_output

FILES = (str(Path(mlake.__file__).parent), contextlib.__file__)
Block = Callable[[], AbstractContextManager[Any]]


class Pressed:
    """Presses Ctrl-C after so many lines of mlake and of what it leaves blocks with."""

    def __init__(self, steps: int) -> None:
        self.left = steps
        self.done = False

    def __call__(self, frame: FrameType, event: str, _: Any) -> Any:
        if self.done or not frame.f_code.co_filename.startswith(FILES):
            return None
        if event == "line":
            if self.left == 0:
                self.done = True
                signal.raise_signal(signal.SIGINT)
            self.left -= 1
        return self


def interrupted(block: Block, pressed: Pressed) -> bool:
    """Enters and leaves a block; whether an interrupt was raised, at once or a moment later."""
    try:
        sys.settrace(pressed)
        try:
            with block():
                pass
        finally:
            sys.settrace(None)
        for _ in range(1000 * pressed.done):  # the thread that presses again does not end a long sleep
            sleep(0.002)
    except KeyboardInterrupt:
        return True
    return False


def everywhere(block: Block, same: Callable[[], bool]) -> None:
    """Presses Ctrl-C at every line of entering and leaving a block, and checks what is left."""
    before = signal.getsignal(signal.SIGINT)
    steps = 0
    while True:
        pressed = Pressed(steps)
        assert interrupted(block, pressed) == pressed.done, f"the interrupt after {steps} lines is lost"
        torch.set_grad_enabled(True)  # torch's own blocks can be broken off halfway
        assert same(), f"interrupted after {steps} lines, something stays changed"
        assert signal.getsignal(signal.SIGINT) is before
        if not pressed.done:
            break
        steps += 1
    assert steps > 20


def unchanged(lm: Any) -> Callable[[], bool]:
    weights = {name: one.detach().clone() for name, one in lm.model.named_parameters()}
    hooks = hooks_of(lm)

    def same() -> bool:
        now = dict(lm.model.named_parameters())
        return hooks_of(lm) == hooks and all(torch.equal(now[name], weights[name]) for name in weights)

    return same


def hooks_of(lm: Any) -> Sequence[Any]:
    return [(name, len(one._forward_hooks), "forward" in vars(one)) for name, one in lm.model.named_modules()]


def weight_edit(lm: Any) -> Block:
    rows, columns = lm.matrix(0).shape
    edit = WeightEdit({layer: Factors(torch.ones(rows, 1), torch.ones(columns, 1)) for layer in (0, 1)})
    return lambda: edit.applied(lm)


def parameter_edit(lm: Any) -> Block:
    named = dict(lm.model.named_parameters())
    values = {name: torch.zeros_like(named[name]) for name in list(named)[:2]}
    return lambda: ParameterEdit(values=values).applied(lm)


BLOCKS: dict[str, Callable[[Any], Block]] = {
    "weights": weight_edit,
    "parameters": parameter_edit,
    "training": lambda lm: lambda: training_some(lm),
    "low rank": lambda lm: lambda: training_low_rank(lm, 1, 0),
    "hook": lambda lm: lambda: watched_output(lm.layers[0], lambda _: None),
    "forward": lambda lm: lambda: skipped(lm.layers[:1], as_tuple=False),
}


@pytest.mark.parametrize("name", BLOCKS)
def test_an_interrupt_at_any_line_leaves_the_model_as_it_came(tiny_lm: Callable[..., Any], name: str) -> None:
    lm = tiny_lm("llama")
    everywhere(BLOCKS[name](lm), unchanged(lm))


def test_an_interrupt_while_a_change_is_made_waits_for_its_end() -> None:
    seen: list[str] = []

    def do() -> None:
        signal.raise_signal(signal.SIGINT)
        seen.append("done")

    with pytest.raises(KeyboardInterrupt), undone(lambda: seen.append("undone"), do):
        seen.append("not reached")
    assert seen == ["done", "undone"]


def test_an_interrupt_in_the_block_is_raised_at_once() -> None:
    seen = []
    with pytest.raises(KeyboardInterrupt), undone(lambda: seen.append("undone")):
        signal.raise_signal(signal.SIGINT)
        seen.append("went on")
    assert seen == ["undone"]


def test_several_interrupts_on_the_way_back_wait_for_its_end() -> None:
    seen = []

    def undo() -> None:
        for step in range(3):
            signal.raise_signal(signal.SIGINT)
            seen.append(step)

    with pytest.raises(KeyboardInterrupt), undone(undo):
        pass
    assert seen == [0, 1, 2]


def test_an_error_in_the_block_is_raised_after_the_way_back() -> None:
    seen = []
    with pytest.raises(ValueError, match="in the block"), undone(lambda: seen.append("undone")):
        raise ValueError("in the block")
    assert seen == ["undone"]


@pytest.mark.parametrize("handler", [signal.SIG_IGN, signal.SIG_DFL])
def test_handlers_that_are_none_of_pythons_stay(handler: signal.Handlers) -> None:
    before = signal.signal(signal.SIGINT, handler)
    try:
        with undone(lambda: None):
            assert signal.getsignal(signal.SIGINT) is handler
    finally:
        signal.signal(signal.SIGINT, before)


def test_blocks_inside_each_other_are_all_left() -> None:
    seen: list[str] = []
    with (
        pytest.raises(KeyboardInterrupt),
        undone(lambda: seen.append("outer")),
        undone(lambda: seen.append("inner")),
        nullcontext(),
    ):
        signal.raise_signal(signal.SIGINT)
    assert seen == ["inner", "outer"]


def test_in_a_thread_nothing_is_put_off() -> None:
    seen: list[str] = []

    def work() -> None:
        with undone(lambda: seen.append("undone")):
            seen.append("done")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == ["done", "undone"]
