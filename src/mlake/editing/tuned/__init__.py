"""Settings found for a model and method by measurement: a TOML file each, as ``mlake tune`` writes it.

Another one is one more file in this folder: its lines are settings, its table ``made`` says of which method
and model, by revision, and how they were found. They take the place of what the model's family suggests.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

__all__ = ["MADE", "Tuned", "packaged", "read_tuned", "tuned_settings"]

MADE = "made"
"""Name of the table that says what a file of settings is from."""


@dataclass(frozen=True, slots=True)
class Tuned:
    """Settings in a file.

    Attributes:
        settings: The settings, by name.
        made: What they were found for and how: ``method``, ``model``, ``revision``, ``source``, and more for
            people; empty where the file does not say.
    """

    settings: Mapping[str, Any]
    made: Mapping[str, Any] = field(default_factory=dict)

    @property
    def source(self) -> str:
        """How they were found, in one line."""
        return str(self.made.get("source", ""))


def read_tuned(text: str) -> Tuned:
    """What a TOML text holds.

    Raises:
        ValueError: It is no TOML, or ``made`` is no table.
    """
    table = tomllib.loads(text)
    made = table.pop(MADE, {})
    if not isinstance(made, dict):
        raise ValueError(f"{MADE} is no table")
    return Tuned({key.replace("-", "_"): value for key, value in table.items()}, made)


@cache
def packaged(folder: Traversable | None = None) -> Mapping[tuple[str, str], Tuned]:
    """Method and revision of the model to the settings that come with mlake.

    Args:
        folder: Where the files are; this package by default.
    """
    place = files(__package__) if folder is None else folder
    found = [
        read_tuned(one.read_text(encoding="utf-8")) for one in place.iterdir() if one.name.endswith(".toml")
    ]
    return {(one.made["method"], one.made["revision"]): one for one in found}


def tuned_settings(method: str, revision: str) -> Tuned | None:
    """The packaged settings of a method for a model; None where none were found.

    Args:
        method: Name of the method.
        revision: What pins the model's weights.
    """
    return packaged().get((method, revision))
