"""What is searched: the values of each setting that a method names, on a grid, so that work is shared."""

import math
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from mlake.editing.method import Choice, Method, Range
from mlake.editing.settings import setting_of
from mlake.errors import EditError

__all__ = ["Axis", "axes_of"]

_DIGITS = 2


@dataclass(frozen=True, slots=True)
class Axis:
    """The values of one setting.

    Attributes:
        name: The setting.
        values: JSON values to try.
        ordered: Whether they ascend.
        cheap: Whether another value costs little, see ``Range``.
    """

    name: str
    values: tuple[Any, ...]
    ordered: bool
    cheap: bool


def axes_of(row: Method, fitted: Method, depth: int, fixed: Collection[str]) -> tuple[Axis, ...]:
    """The settings to search, each with the values to try; the present value is one of them.

    Args:
        row: The method's row, which names them.
        fitted: The method as it is by default for the model.
        depth: Blocks of the model.
        fixed: Settings that a user has set.

    Raises:
        EditError: Nothing is left to search.
    """
    axes = tuple(
        _axis(name, one, setting_of(fitted, name), depth)
        for name, one in row.search().items()
        if name not in fixed
    )
    if not axes:
        named = f"; its settings that can be searched are set: {', '.join(sorted(fixed))}" if fixed else ""
        raise EditError(f"{row.name} has no settings to search{named}; choose another method")
    return axes


def _axis(name: str, one: Range | Choice, now: Any, depth: int) -> Axis:
    if isinstance(one, Choice):
        values = dict.fromkeys((*one.values, now))
        return Axis(name, tuple(values), ordered=False, cheap=one.cheap)
    if one.scale == "depth" and type(now) is int:
        lasts = {round(share * (depth - 1)) for share in _spread(one)}
        return Axis(name, tuple(sorted({now, *lasts})), ordered=True, cheap=one.cheap)
    if one.scale == "depth":
        windows = {tuple(now), *_windows(one, len(now), depth)}
        found = sorted(windows, key=lambda some: (some[-1], len(some)))
        return Axis(name, tuple(map(list, found)), ordered=True, cheap=one.cheap)
    points = {_rounded(value, now) for value in _spread(one)}
    if isinstance(now, str):  # a word that stands for a number that is found elsewhere
        return Axis(name, (now, *sorted(points)), ordered=False, cheap=one.cheap)
    return Axis(name, tuple(sorted(points | {now})), ordered=True, cheap=one.cheap)


def _spread(one: Range) -> list[float]:
    """The values from end to end."""
    shares = [at / (one.points - 1) for at in range(one.points)]
    if one.scale == "log":
        return [one.low * (one.high / one.low) ** share for share in shares]
    return [one.low + (one.high - one.low) * share for share in shares]


def _rounded(value: float, now: Any) -> float:
    """A number as a person would write it; a whole one where the setting wants one."""
    digits = _DIGITS - 1 - math.floor(math.log10(abs(value))) if value else 0
    return int(round(value, digits)) if type(now) is int else round(value, digits)


def _windows(one: Range, width: int, depth: int) -> list[tuple[int, ...]]:
    """Blocks that end at each of the depths: one alone, and as many together as by default."""
    lasts = {round(share * (depth - 1)) for share in _spread(one)}
    return [
        tuple(range(last - size + 1, last + 1))
        for last in lasts
        for size in {1, width}
        if last - size + 1 >= 0
    ]
