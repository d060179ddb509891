"""Recipes: a run written down as the flags of ``mlake run`` in a TOML file."""

import tomllib
from collections.abc import Iterable
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from mlake.errors import DataError, UnknownNameError

__all__ = ["read_recipe", "recipes"]


def recipes() -> tuple[str, ...]:
    """Names of the packaged recipes."""
    return tuple(sorted(_packaged()))


def read_recipe(name: str, known: Iterable[str]) -> dict[str, Any]:
    """The flags of a recipe, as they would stand on the command line.

    Args:
        name: A packaged recipe, or the path of a TOML file.
        known: Names of the flags, with underscores.

    Returns:
        Flag names with underscores, and their values. A list became one text with commas; the table
        ``set`` became a list of names and values.

    Raises:
        UnknownNameError: No such recipe, or a key that is no flag.
        DataError: The file cannot be read or is no TOML.
    """
    source = _packaged().get(name) or Path(name)
    if isinstance(source, Path) and not source.is_file() and source.suffix != ".toml":
        raise UnknownNameError("recipe", name, recipes())
    try:
        table = tomllib.loads(source.read_bytes().decode("utf-8"))
    except OSError as error:
        raise DataError(f"cannot read recipe {name}: {error.strerror}") from error
    except ValueError as error:
        raise DataError(f"recipe {name} is no TOML: {error}") from error
    flags = tuple(known)
    return {_flag(key, flags): _value(key, value) for key, value in table.items()}


def _packaged() -> dict[str, Traversable]:
    return {
        item.name.removesuffix(".toml"): item
        for item in files("mlake.recipes").iterdir()
        if item.name.endswith(".toml")
    }


def _flag(key: str, known: tuple[str, ...]) -> str:
    flag = key.replace("-", "_")
    if flag not in known:
        raise UnknownNameError("recipe key", flag, known)
    return flag


def _value(key: str, value: Any) -> str | list[tuple[str, Any]]:
    if key == "set":
        if not isinstance(value, dict):
            raise DataError(f"recipe key 'set' must be a table such as [set] steps = 25, got {value!r}")
        return list(value.items())
    if isinstance(value, dict):
        raise DataError(f"recipe key {key!r} must be a value, got a table")
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)
