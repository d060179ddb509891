"""Changes that are always undone to the end, also when Ctrl-C is pressed meanwhile."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import _GeneratorContextManager, contextmanager
from types import FrameType
from typing import Any

__all__ = ["undone"]

_AGAIN = 0.02  # seconds
_LEAVING = _GeneratorContextManager.__exit__.__code__


@contextmanager
def undone(undo: Callable[[], object], do: Callable[[], object] = lambda: None) -> Iterator[None]:
    """A block after which ``undo`` runs to its end, also after an exception or when Ctrl-C is pressed then.

    An interrupt inside the block is raised there; one after it, once ``undo`` is through. Only the main
    thread is ever interrupted, so in others nothing is put off.

    Args:
        undo: Goes back, from wherever the block was left.
        do: Runs first, and to its end.
    """
    if threading.current_thread() is not threading.main_thread():
        try:
            do()
            yield
        finally:
            undo()
        return
    guard = _Guard()
    try:
        try:
            guard.enter()
            do()
            guard.open()
            yield
        finally:
            guard.raises = False
    finally:
        try:
            undo()
        finally:
            guard.leave()


_IN_FORCE: "list[_Guard]" = []
"""Blocks that are entered, the innermost last."""


class _Guard:
    """Stands in for the handler of interrupts.

    Attributes:
        raises: Whether an interrupt is raised at once.
    """

    def __init__(self) -> None:
        self.raises = False
        self._caught = False
        self._before: Any = signal.getsignal(signal.SIGINT)

    def enter(self) -> None:
        """Take the handler's place, unless interrupts are ignored or end the process."""
        if callable(self._before):
            _IN_FORCE.append(self)
            signal.signal(signal.SIGINT, self._handle)

    def open(self) -> None:
        """Raise interrupts from now on, and one that was put off at once."""
        self.raises = True
        if self._caught:
            self._caught = False
            signal.raise_signal(signal.SIGINT)

    def leave(self) -> None:
        """Put the former handler back, and let it have an interrupt that was put off."""
        if self in _IN_FORCE:  # else a block around it was left before it
            del _IN_FORCE[_IN_FORCE.index(self) :]
            signal.signal(signal.SIGINT, self._before)
        if self._caught:
            signal.raise_signal(signal.SIGINT)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if not self.raises:
            self._caught = True
        elif _leaving(frame):  # the block has ended, and the way back has not begun
            threading.Timer(_AGAIN, signal.raise_signal, [number]).start()
        else:
            self.raises = False
            self._before(number, frame)


def _leaving(frame: FrameType | None) -> bool:
    """Whether a context manager is being left: an interrupt would keep it from its way back."""
    while frame is not None:
        if frame.f_code is _LEAVING:
            return True
        frame = frame.f_back
    return False
