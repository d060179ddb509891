"""One line of a facts file: what is wrong with it is collected, so that all of a file is told at once."""

import json
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from mlake.data.own.faults import Shape, faults, named, shown
from mlake.errors import FactsError

__all__ = ["Line", "Problems", "line_of", "parse_line"]

_SHOWN = 20


class Problems:
    """Problems of one file or folder, raised together.

    Attributes:
        source: What error messages call the file.
    """

    def __init__(self, source: str) -> None:
        self.source = source
        self._found: list[str] = []

    def add(self, problem: str) -> None:
        """Notes a problem."""
        self._found.append(" ".join(problem.split()))

    def raise_any(self) -> None:
        """Raises what was noted.

        Raises:
            FactsError: There was a problem.
        """
        if self._found:
            more = len(self._found) - _SHOWN
            check = f"`mlake data check {shlex.quote(self.source)} --json` lists all"
            rest = f"; and {more} more; {check}" if more > 0 else ""
            raise FactsError(f"{self.source}: " + "; ".join(self._found[:_SHOWN]) + rest, self._found)


@dataclass(frozen=True, slots=True)
class Line:
    """A JSON object whose fields may be wrong: what is of the wrong type is noted and reads as absent.

    Attributes:
        values: The object.
        where: Where it stands in the file, such as ``line 3``.
        problems: Where problems go.
        within: Where in the line the object stands, such as ``probes[0].``; empty for the line itself.
        names: What the file calls a field, where it has another name there.
        word: What the file calls a field in general.
    """

    values: Mapping[str, Any]
    where: str
    problems: Problems
    within: str = ""
    names: Mapping[str, str] = field(default_factory=dict)
    word: str = "field"

    def problem(self, name: str, what: str) -> None:
        """Notes a problem with one field."""
        path = self.within + name
        self.problems.add(f"{self.where} {self.word} {shown(self.names.get(path, path))}: {what}")

    def check(self, shape: Shape) -> None:
        """Notes what its schema says is wrong with it."""
        for path, what in faults(self.values, shape):
            self.problem(path, what)

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
        values = json.loads(raw)
    except (ValueError, RecursionError) as error:
        problems.add(f"{where} is no JSON ({error})")
        return None
    return line_of(values, where, problems)


def line_of(values: object, where: str, problems: Problems) -> Line | None:
    """What ``json.loads`` gave as a line; None, with the problem noted, if it is no object of text."""
    if not isinstance(values, dict):
        problems.add(f"{where} must be a JSON object, got {named(values)}")
        return None
    try:
        json.dumps(values, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        problems.add(f"{where} holds half a character (a lone surrogate)")
        return None
    except RecursionError:
        problems.add(f"{where} is nested too deeply")
        return None
    return Line(values, where, problems)
