"""One line of a facts file, which its schema has checked: what is of the wrong type reads as absent."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from mlake.data.checked import Checked, Problems, object_of
from mlake.data.faults import shown

__all__ = ["Line", "line_of", "parse_line", "unique"]


@dataclass(frozen=True, slots=True)
class Line(Checked):
    """A JSON object; ``check`` notes what is wrong with it."""

    def text(self, name: str, default: str = "") -> str:
        """A string."""
        value = self.values.get(name)
        return value if isinstance(value, str) else default

    def optional(self, name: str) -> str | None:
        """A string, or None where it is null or absent."""
        value = self.values.get(name)
        return value if isinstance(value, str) else None

    def flag(self, name: str, default: bool) -> bool:
        """A boolean."""
        value = self.values.get(name)
        return value if isinstance(value, bool) else default

    def count(self, name: str, default: int) -> int:
        """A whole number."""
        value = self.values.get(name)
        return int(value) if isinstance(value, int | float) and value == value // 1 else default

    def items(self, name: str) -> list[Any]:
        """A list."""
        value = self.values.get(name)
        return value if isinstance(value, list) else []

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of strings."""
        return tuple(value for value in self.items(name) if isinstance(value, str))

    def objects(self, name: str) -> "Iterator[tuple[int, Line]]":
        """The objects of a list with their places in it."""
        for at, value in enumerate(self.items(name)):
            if isinstance(value, dict):
                yield at, replace(self, values=value, within=f"{self.within}{name}[{at}].")


def parse_line(raw: str, where: str, problems: Problems) -> Line | None:
    """Parses one line; None, with the problem noted, if it is no JSON object of encodable text."""
    try:
        values = json.loads(raw, object_pairs_hook=unique)
    except (ValueError, RecursionError) as error:
        problems.add(f"{where} is no JSON ({error})")
        return None
    return line_of(values, where, problems)


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object, in which the last of two values would win in silence."""
    values = dict(pairs)
    if len(values) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"key {shown(twice)} stands twice in an object; keep one")
    return values


def line_of(values: object, where: str, problems: Problems) -> Line | None:
    """What ``json.loads`` gave as a line; None, with the problem noted, if it is no object of text."""
    found = object_of(values, where, problems)
    return None if found is None else Line(found, where, problems)
