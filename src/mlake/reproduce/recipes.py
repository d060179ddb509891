"""The paper's tables and figures as recipes: what each needs run, and by which models."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from mlake.errors import UnknownNameError

__all__ = ["Recipe", "chosen", "recipes", "shared_runs"]

_PLACE = files("mlake.recipes") / "paper"
_TABLES = {"runs", "models"}


@dataclass(frozen=True, slots=True)
class Recipe:
    """A table or figure.

    Attributes:
        name: Such as ``table1``.
        title: What it shows.
        runs: Names of the shared runs it is made from.
        methods: Methods it shows; of a shared run's methods only these are run.
        models: Hub names of the paper's models.
        analyses: What is measured besides, with the model at hand.
    """

    name: str
    title: str
    runs: tuple[str, ...]
    methods: tuple[str, ...]
    models: tuple[str, ...]
    analyses: tuple[str, ...]


def recipes() -> dict[str, Recipe]:
    """All recipes by name, tables first, in the order of the paper."""
    models = _read("models")
    names = [item.name.removesuffix(".toml") for item in _PLACE.iterdir() if item.name.endswith(".toml")]
    found = {}
    for name in sorted(set(names) - _TABLES, key=_place):
        row = _read(name)
        lists = {key: tuple(row[key]) for key in ("runs", "methods", "analyses")}
        found[name] = Recipe(name, row["title"], models=tuple(models[row["models"]]), **lists)
    return found


def chosen(names: tuple[str, ...]) -> tuple[Recipe, ...]:
    """The recipes of these names; ``all`` is every one.

    Raises:
        UnknownNameError: No recipe has this name.
    """
    known = recipes()
    if "all" in names:
        return tuple(known.values())
    for name in names:
        if name not in known:
            raise UnknownNameError("table or figure", name, (*known, "all"))
    return tuple(known[name] for name in dict.fromkeys(names))


def shared_runs() -> Mapping[str, dict[str, Any]]:
    """The runs that recipes share: name to settings of ``mlake run`` and ``methods``."""
    return _read("runs")


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((_PLACE / f"{name}.toml").read_text(encoding="utf-8"))


def _place(name: str) -> tuple[bool, str, int]:
    """Tables, then figures, each by number; then the rest."""
    kind = name.rstrip("0123456789")
    number = int(name[len(kind) :] or 0)
    return not number, {"table": "1", "figure": "2"}.get(kind, kind), number
