"""Seconds and memory that a piece of work takes, and a row that sets two of them side by side."""

import ctypes
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import torch

Row = dict[str, Any]

_CLEAR = Path("/proc/self/clear_refs")
_STATUS = Path("/proc/self/status")


def clock(work: Callable[[], object], device: torch.device) -> float:
    """Seconds that one call takes, waiting for the device."""
    _wait(device)
    start = perf_counter()
    work()
    _wait(device)
    return perf_counter() - start


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


@dataclass(frozen=True)
class Cost:
    """What a piece of work took.

    Attributes:
        seconds: Its time.
        peak: Most bytes in use meanwhile, the weights included: allocated on a GPU, resident in the process
            on Linux; None where neither can be told.
    """

    seconds: float
    peak: int | None

    def each(self, count: float) -> "Cost":
        """The share of one of so many equal parts; the peak stays."""
        return Cost(self.seconds / count, self.peak)

    @staticmethod
    def of(parts: Iterable["Cost"]) -> "Cost":
        """Parts one after another."""
        parts = list(parts)
        peaks = [part.peak for part in parts if part.peak is not None]
        return Cost(sum(part.seconds for part in parts), max(peaks, default=None))


def measured(work: Callable[[], object], device: torch.device) -> Cost:
    """What one call takes."""
    known = _forget_peak(device)
    seconds = clock(work, device)
    return Cost(seconds, _peak(device) if known else None)


def compared(name: str, unit: str, reference: Cost, fast: Cost, **more: Any) -> Row:
    """A row of the obvious way and the fast one."""
    return {
        "name": name,
        "unit": unit,
        "reference": reference.seconds,
        "fast": fast.seconds,
        "ratio": reference.seconds / fast.seconds,
        "reference_peak_bytes": reference.peak,
        "peak_bytes": fast.peak,
        **more,
    }


def _forget_peak(device: torch.device) -> bool:
    """Start a new peak; whether that can be done here."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        return True
    if device.type != "cpu":
        return False
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)  # else what the work before has freed counts for this one
    try:
        _CLEAR.write_text("5")
    except OSError:
        return False
    return True


def _peak(device: torch.device) -> int | None:
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    lines = _STATUS.read_text().splitlines()
    return next((1024 * int(line.split()[1]) for line in lines if line.startswith("VmHWM")), None)
