"""One line of a facts file, which its schema has checked: what is of the wrong type reads as absent.

Blanks at the edges of questions, subjects and answers do not belong to them: an edit that ends in one could
never be said to have taken.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from mlake.data.checked import Checked, Problems, object_of
from mlake.data.faults import shown

__all__ = ["Line", "line_of", "padded", "parse_json", "parse_line"]


_TRIMMED = frozenset(
    {"question", "subject", "old_answer", "new_answer", "old_aliases", "new_aliases"}
    | {"text", "accept", "reject"}
    | {"o_answer", "e_answer", "o_answer_aliases", "e_answer_aliases"}
)
"""Fields of lines, questions and rows of the release whose texts are asked for or looked for."""


@dataclass(frozen=True, slots=True)
class Line(Checked):
    """A JSON object; ``check`` notes what is wrong with it."""

    def text(self, name: str, default: str = "") -> str:
        """A string."""
        value = self.values.get(name)
        return _trimmed(name, value) if isinstance(value, str) else default

    def optional(self, name: str) -> str | None:
        """A string, or None where it is null or absent."""
        value = self.values.get(name)
        return _trimmed(name, value) if isinstance(value, str) else None

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
        return tuple(_trimmed(name, value) for value in self.items(name) if isinstance(value, str))

    def objects(self, name: str) -> "Iterator[tuple[int, Line]]":
        """The objects of a list with their places in it."""
        for at, value in enumerate(self.items(name)):
            if isinstance(value, dict):
                yield at, replace(self, values=value, within=f"{self.within}{name}[{at}].")


def parse_line(raw: str, where: str, problems: Problems) -> Line | None:
    """Parses one line; None, with the problem noted, if it is no JSON object of encodable text."""
    try:
        values = parse_json(raw)
    except (ValueError, RecursionError) as error:
        problems.add(f"{where} is no JSON ({error})")
        return None
    return line_of(values, where, problems)


def parse_json(text: str) -> Any:
    """A JSON value.

    Raises:
        ValueError: It is no JSON, or a key stands twice in an object.
        RecursionError: It is nested too deeply.
    """
    return json.loads(text, object_pairs_hook=_unique)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object, in which the last of two values would win in silence."""
    values = dict(pairs)
    if len(values) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"key {shown(twice)} stands twice in an object; keep one")
    return values


def padded(value: object, name: str = "") -> bool:
    """Whether a text in a JSON value, which stands in the field of this name, has blanks to be taken off."""
    if isinstance(value, str):
        return value != _trimmed(name, value)
    if isinstance(value, Mapping):
        return any(padded(item, key) for key, item in value.items())
    return isinstance(value, list) and any(padded(item, name) for item in value)


def _trimmed(name: str, text: str) -> str:
    return text.strip() if name in _TRIMMED else text


def line_of(values: object, where: str, problems: Problems) -> Line | None:
    """What ``json.loads`` gave as a line; None, with the problem noted, if it is no object of text."""
    found = object_of(values, where, problems)
    return None if found is None else Line(found, where, problems)
