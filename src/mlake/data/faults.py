"""Checks a JSON value against a JSON Schema, of which it knows the few keywords that mlake's schemas use."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from mlake.errors import closest
from mlake.languages import meant

__all__ = ["FILLED", "OBJECT", "TEXT", "TEXTS", "TRIPLES", "Shape", "faults", "named", "shown", "unknown"]

Shape = dict[str, Any]
"""A JSON Schema of those keywords."""

TEXT: Shape = {"type": "string"}
FILLED: Shape = {"type": "string", "pattern": r"\S"}
TEXTS: Shape = {"type": "array", "items": TEXT}
TRIPLES: Shape = {
    "type": "array",
    "items": {"title": "[subject, relation, object]", **TEXTS, "minItems": 3, "maxItems": 3},
}
OBJECT: Shape = {"type": "object", "properties": {}, "required": []}
"""An object of any fields."""

_SHOWN = 60  # characters of a value that a message repeats


def faults(value: object, shape: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    """What is wrong with a value by its schema.

    Args:
        value: What ``json.loads`` gave.
        shape: The schema.
        path: Where the value stands; empty for the whole.

    Yields:
        The field, such as ``probes[0].text``, and what is wrong with it.
    """
    types = shape["type"] if isinstance(shape["type"], list) else [shape["type"]]
    if not any(_is(value, one) for one in types):
        yield (
            path,
            f"must be {' or '.join(_TYPES[one][1] for one in types if one != 'null')}, got {named(value)}",
        )
    elif isinstance(value, dict):
        yield from _object_faults(value, shape, f"{path}." if path else "")
    elif isinstance(value, list):
        yield from _list_faults(value, shape, path)
    elif isinstance(value, str):
        if "pattern" in shape and not re.search(shape["pattern"], value):
            yield path, "is empty"
        elif "enum" in shape and value not in shape["enum"]:
            listed = shape.get("examples", shape["enum"])
            yield path, unknown(shape["title"], value, filter(None, listed))
    elif value is not None and value < shape.get("minimum", value):  # type: ignore[operator]
        yield path, f"must not be negative, got {shown(value)}"


def _object_faults(
    value: Mapping[str, Any], shape: Mapping[str, Any], before: str
) -> Iterator[tuple[str, str]]:
    known = shape["properties"]
    for name in shape["required"]:
        if name not in value:
            yield before + name, "is missing"
    for name, item in value.items():
        if name in known:
            yield from faults(item, known[name], before + name)
        elif not shape.get("additionalProperties", True):
            near = get_close_matches(name, known, n=1)
            yield before + name, "is not known" + (f"; did you mean {near[0]!r}?" if near else "")


def _list_faults(value: Sequence[object], shape: Mapping[str, Any], path: str) -> Iterator[tuple[str, str]]:
    if len(value) < shape.get("minItems", 0) or len(value) > shape.get("maxItems", len(value)):
        yield path, f"must be {shape['title']}, got {len(value)} items" if "title" in shape else "is empty"
        return
    for at, item in enumerate(value):
        yield from faults(item, shape["items"], f"{path}[{at}]")


_TYPES: dict[str, tuple[tuple[type, ...], str]] = {
    "string": ((str,), "a string"),
    "integer": ((int, float), "a whole number"),
    "boolean": ((bool,), "true or false"),
    "array": ((list,), "a list"),
    "object": ((dict,), "an object"),
    "null": ((type(None),), "null"),
}


def _is(value: object, kind: str) -> bool:
    """JSON's types: true is no number, and 1.0 is a whole one."""
    if kind == "integer" and isinstance(value, bool | float):
        return isinstance(value, float) and value.is_integer()
    return isinstance(value, _TYPES[kind][0])


def unknown(what: str, name: str, known: Iterable[str]) -> str:
    """What a message says of a name that is in no table, with the one that may be meant."""
    listed = list(known)
    near = meant(name) if what == "language" else closest(name, listed)
    hint = f"; did you mean {near!r}?" if near else ""
    return f"unknown {what} {shown(name)}, known: {', '.join(listed)}{hint}"


def named(value: object) -> str:
    """The type of a JSON value, for people."""
    return next((name for kind, (_, name) in _TYPES.items() if _is(value, kind)), "a number")


def shown(value: object) -> str:
    """A value as a message repeats it: what a terminal would obey is escaped, and long ones are cut."""
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
