"""Types of what a run folder holds, checked where it is read."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mlake.errors import RunError
from mlake.evaluation.units import place_of
from mlake.records import Probe

__all__ = ["check_plan", "check_probe", "check_spec"]


def check_spec(path: Path, spec: Mapping[str, Any]) -> None:
    """Check the fields of ``spec.json`` that are no single values; those of older runs may be missing.

    Raises:
        RunError: One is of another type.
    """
    good = {
        "edit_langs": _texts(spec.get("edit_langs", [])),
        "test_langs": _texts(spec.get("test_langs", [])),
        "editor": isinstance(spec.get("editor", {}), dict),
        "facts": [type(one) for one in _items(spec.get("facts", [0, 0]))] == [int, int],
    }
    for name, sound in good.items():
        if not sound:
            raise RunError(f"{path} is damaged: {name} is of another type; copy it from a run of that kind")


def check_plan(path: Path, plan: Mapping[str, Any]) -> None:
    """Check the units and notes of ``plan.json``.

    Raises:
        RunError: They are missing, or of another type.
    """
    units = plan.get("units")
    if not isinstance(units, dict) or not _texts(plan.get("notes")):
        raise RunError(f"{path} is damaged: it has no units or notes; delete it and run again")
    for name, count in units.items():
        try:
            sound = type(count) is int and count >= 0 and not {"", ".", ".."}.intersection(name.split("/"))
            place_of(name)
        except ValueError:
            sound = False
        if not sound:
            raise RunError(f"{path} is damaged: {name!r} with {count!r} is no unit; delete it and run again")


def check_probe(probe: Probe) -> None:
    """Check the types of a question.

    Raises:
        TypeError: A field is of another type.
    """
    single = (probe.id, probe.kind, probe.lang, probe.text, "" if probe.fact is None else probe.fact)
    several = (*probe.accept, *probe.reject, *probe.options, *probe.relations, *probe.needs)
    for value in (*single, *several, *(part for triple in probe.triples for part in triple)):
        if not isinstance(value, str):
            raise TypeError(f"{value!r} is no text")


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
