"""One line of a facts file, field by field, with every problem collected instead of the first one raised."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, cast

from mlake.errors import DataError
from mlake.languages import LANGUAGES
from mlake.records import KINDS, Kind, Probe, Triple

__all__ = ["Line", "Problems"]

_SHOWN = 20
_FIELDS = (
    "fact", "row", "lang", "question", "subject", "subject_sure", "old_answer", "old_aliases", "new_answer",
    "new_aliases", "old_sentence", "new_sentence", "subject_id", "relation_id", "relation", "probes",
)  # fmt: skip
_PROBE_FIELDS = ("id", "kind", "lang", "text", "accept", "reject", "options", "relations", "triples", "needs")
_MISSING = object()


class Problems:
    """Problems of one file, raised together."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._found: list[str] = []

    def add(self, problem: str) -> None:
        """Notes a problem."""
        self._found.append(" ".join(problem.split()))

    def raise_any(self) -> None:
        """Raises what was noted.

        Raises:
            DataError: There was a problem.
        """
        if self._found:
            more = len(self._found) - _SHOWN
            rest = f"; and {more} more" if more > 0 else ""
            raise DataError(f"{self._source}: " + "; ".join(self._found[:_SHOWN]) + rest)


@dataclass(frozen=True)
class Line:
    """A JSON object with checked access: what is wrong goes to ``problems``, and a stand-in is returned.

    Attributes:
        values: The object.
        number: Line number in the file, from 1.
        problems: Where problems go.
        within: Where in the line the object stands, such as ``probes[0].``; empty for the line itself.
    """

    values: Mapping[str, Any]
    number: int
    problems: Problems
    within: str = ""

    @classmethod
    def parse(cls, raw: str, number: int, problems: Problems) -> "Line | None":
        """Parses one line; None, with the problem noted, if it is no JSON object of encodable text."""
        try:
            values = json.loads(raw)
            json.dumps(values, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            problems.add(f"line {number} holds half a character (a lone surrogate)")
            return None
        except (ValueError, RecursionError) as error:
            problems.add(f"line {number} is no JSON ({error})")
            return None
        if not isinstance(values, dict):
            problems.add(f"line {number} must be a JSON object, got {_kind(values)}")
            return None
        return cls(values, number, problems)

    def problem(self, name: str, what: str) -> None:
        """Notes a problem with one field."""
        self.problems.add(f"line {self.number} field {self.within + name!r}: {what}")

    def check_fields(self, known: tuple[str, ...] = _FIELDS) -> None:
        """Notes fields that are not known."""
        for name in self.values:
            if name not in known:
                near = get_close_matches(name, known, n=1)
                self.problem(name, "is not known" + (f"; did you mean {near[0]!r}?" if near else ""))

    def _value(self, name: str, kind: type, default: Any) -> Any:
        value = self.values.get(name, _MISSING)
        if value is _MISSING:
            if default is _MISSING:
                self.problem(name, "is missing")
                return kind()
            return default
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            self.problem(name, f"must be {_NAMES[kind]}, got {_kind(value)}")
            return kind()
        return value

    def text(self, name: str, default: str | object = _MISSING) -> str:
        """A string; required, and then not empty, unless there is a default."""
        value: str = self._value(name, str, default)
        if not value.strip() and default != "" and isinstance(self.values.get(name), str):
            self.problem(name, "is empty")
        return value

    def optional(self, name: str) -> str | None:
        """A string, or None where it is null or absent."""
        return None if self.values.get(name) is None else self.text(name, "")

    def flag(self, name: str, default: bool) -> bool:
        """A boolean."""
        return bool(self._value(name, bool, default))

    def count(self, name: str, default: int) -> int:
        """A whole number that is not negative."""
        value = int(self._value(name, int, default))
        if value < 0:
            self.problem(name, f"must not be negative, got {value}")
        return value

    def texts(self, name: str, *, required: bool = False) -> tuple[str, ...]:
        """A list of strings; empty where absent unless it is required."""
        values = self._value(name, list, _MISSING if required else [])
        if not all(isinstance(value, str) for value in values):
            self.problem(name, "must hold strings only")
            return ()
        if required and not values and isinstance(self.values.get(name), list):
            self.problem(name, "is empty")
        return tuple(values)

    def lang(self, default: str | object) -> str:
        """A language code."""
        code = self.text("lang", default)
        if code not in LANGUAGES:
            self.problem("lang", f"unknown language {code!r}, known: {', '.join(LANGUAGES)}")
        return code

    def probes(self, name: str, fact: str | None, lang: str) -> list[Probe]:
        """The probes listed in the line."""
        found = []
        for at, value in enumerate(self._value(name, list, [])):
            if isinstance(value, dict):
                found.append(Line(value, self.number, self.problems, f"{name}[{at}].")._probe(fact, lang, at))
            else:
                self.problem(f"{name}[{at}]", f"must be an object, got {_kind(value)}")
        return found

    def _probe(self, fact: str | None, lang: str, at: int) -> Probe:
        self.check_fields(_PROBE_FIELDS)
        kind = self.text("kind")
        if kind not in KINDS:
            self.problem("kind", f"unknown kind {kind!r}, known: {', '.join(KINDS)}")
        code = self.lang(lang or _MISSING)
        return Probe(
            id=self.text("id", f"{fact}/{code}/{kind}-{at}" if fact else _MISSING),
            fact=fact,
            kind=cast(Kind, kind),
            lang=code,
            text=self.text("text"),
            accept=self.texts("accept", required=True),
            reject=self.texts("reject"),
            options=self.texts("options"),
            relations=self.texts("relations"),
            triples=self._triples(),
            needs=self.texts("needs"),
        )

    def _triples(self) -> tuple[Triple, ...]:
        found = []
        for at, value in enumerate(self._value("triples", list, [])):
            if isinstance(value, list) and len(value) == 3 and all(isinstance(item, str) for item in value):
                found.append(Triple(*value))
            else:
                self.problem(f"triples[{at}]", "must be [subject, relation, object]")
        return tuple(found)


_NAMES: dict[type, str] = {
    str: "a string", int: "a whole number", bool: "true or false", list: "a list", dict: "an object",
    float: "a number", type(None): "null",
}  # fmt: skip


def _kind(value: object) -> str:
    return _NAMES.get(type(value), type(value).__name__)
