"""Checked JSON, whoever wrote it: what is wrong is collected, so that all of a file is told at once.

Readers differ in when they check. Facts of one's own are held against a schema as a whole and read then
(``own.lines``); of others' files, of which no schema is published, each field is checked as it is read
(``neighbours.common``).
"""

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mlake.data.faults import Shape, faults, named, shown
from mlake.errors import DataError, FactsError

__all__ = ["Checked", "Problems", "object_of", "rows_of"]

_SHOWN = 20  # problems of a file that are named; the rest are counted


class Problems:
    """Problems of one file or folder, raised together.

    Attributes:
        source: What error messages call the file.
        remedy: What to do about them; empty for a user's own file, whose problems a command lists.
    """

    def __init__(self, source: str, remedy: str = "") -> None:
        self.source = source
        self.remedy = remedy
        self._found: list[str] = []

    def add(self, problem: str) -> None:
        """Notes a problem."""
        self._found.append(" ".join(problem.split()))

    def raise_any(self) -> None:
        """Raises what was noted.

        Raises:
            FactsError: There was a problem.
        """
        if not self._found:
            return
        said = self._found[:_SHOWN]
        more = len(self._found) - len(said)
        if more:
            said.append(f"and {more} more")
        if self.remedy:
            said.append(self.remedy)
        elif more:
            said.append(f"`mlake data check {shlex.quote(self.source)} --json` lists all")
        raise FactsError(f"{self.source}: {'; '.join(said)}", self._found)


@dataclass(frozen=True, slots=True)
class Checked:
    """A JSON object whose fields may be wrong.

    Attributes:
        values: The object.
        where: Where it stands in the file, such as ``line 3``.
        problems: Where problems go.
        within: Where in the line or row the object stands, such as ``probes[0].``; empty for the whole.
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


def object_of(values: object, where: str, problems: Problems) -> dict[str, Any] | None:
    """What ``json.loads`` gave as an object; None, with the problem noted, if it is no object of text."""
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
    return values


def rows_of(content: bytes, path: str) -> list[Any]:
    """The rows of a published JSON file, which are yet to be checked.

    Args:
        content: The file.
        path: What error messages call it.

    Raises:
        DataError: It is no UTF-8 JSON list.
    """
    try:
        values = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        reason = str(error).splitlines()[0]
        raise DataError(f"{path} is no UTF-8 JSON ({reason}); fetch it again") from None
    if not isinstance(values, list):
        raise DataError(f"{path} must hold a list of rows, got {named(values)}; fetch it again")
    return values
