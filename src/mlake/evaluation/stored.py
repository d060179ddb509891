"""Types of what a run folder holds, checked where it is read."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mlake.errors import RunError
from mlake.evaluation.units import place_of
from mlake.records import Probe

__all__ = ["check_plan", "check_probe", "check_spec"]


_WORDS = (
    "model", "model_revision", "dtype", "template", "data", "data_revision", "data_sha256", "method",
    "version",
)  # fmt: skip
_TRIED = ("trained", "untrained")
_COUNTS = ("batch_size", "locality", "seed", "max_new_tokens")


def check_spec(path: Path, spec: Mapping[str, Any]) -> None:
    """Check the types of what ``spec.json`` holds; those that runs do not have to choose may be missing.

    Raises:
        RunError: One is of another type, or missing.
    """
    good = {
        "edit_langs": _texts(spec.get("edit_langs")),
        "test_langs": _texts(spec.get("test_langs")),
        "editor": isinstance(spec.get("editor"), dict),
        "facts": [type(one) for one in _items(spec.get("facts"))] == [int, int],
        "kinds": _texts(spec.get("kinds", [])),
        "sequence": isinstance(spec.get("sequence"), str | None),
        "stop": isinstance(spec.get("stop"), str | None),
        "server": isinstance(spec.get("server"), dict | None),
    }
    good |= {name: isinstance(spec.get(name), str) for name in _WORDS}
    good |= {name: type(spec.get(name, 0)) is int for name in _COUNTS}
    good |= {f"editor.{name}": sound for name, sound in _editor(_fields(spec.get("editor"))).items()}
    for name, sound in good.items():
        if not sound:
            raise RunError(
                f"{path} is damaged: {name} is missing or of another type; copy it from a run of that kind"
            )


def check_plan(path: Path, plan: Mapping[str, Any]) -> None:
    """Check the units and notes of ``plan.json``.

    Raises:
        RunError: They are missing, or of another type.
    """
    units, batches = plan.get("units"), plan.get("batches", [])
    if not isinstance(units, dict) or not _texts(plan.get("notes")):
        raise RunError(f"{path} is damaged: it has no units or notes; delete it and run again")
    if not isinstance(batches, list) or not all(map(_texts, batches)):
        raise RunError(f"{path} is damaged: its batches are no lists of facts; delete it and run again")
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


def _editor(editor: Mapping[str, Any]) -> dict[str, bool]:
    """Whether the settings of a method that reports read are of their types."""
    trained = editor.get("trained")
    points = _fields(trained).get("validation") or {}
    numbers = [_fields(_fields(points).get(name)).get(key) for name in _TRIED for key in ("success", "kept")]
    return {
        "key": isinstance(editor.get("key"), str | None),
        "source": isinstance(editor.get("source"), str | None),
        "trained": trained is None or isinstance(trained, str | dict),
        "trained.validation": not points
        or (
            all(type(one) in (int, float) for one in numbers)
            and "batch_size" in _fields(_fields(trained).get("settings"))
        ),
    }


def _fields(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
