"""EDITORS: a method is a row. And the settings that depend on the model: a family is a row.

``layers`` of the rows is empty: which blocks are edited depends on the model and is filled in here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from mlake.editing.locate import LocateThenEdit
from mlake.editing.value import ValueSettings
from mlake.errors import EditError, UnknownNameError
from mlake.models.lm import LM

__all__ = ["EDITORS", "editor"]

EDITORS: dict[str, LocateThenEdit] = {
    row.name: row
    for row in (
        # Meng et al. 2022, with the settings the MLaKE paper used: no second moment.
        LocateThenEdit("rome", metric="identity", site="down", sequential=True, met_at_plain=True),
        # Gupta et al. 2024 (Rebuilding ROME): the mean key throughout.
        LocateThenEdit("r-rome", metric="identity", site="down", sequential=True),
        # Gupta et al. 2024 (A unified framework for model editing): ROME's objective for a batch.
        LocateThenEdit("emmet", metric="moment", key_mean="halves"),
        # Meng et al. 2023.
        LocateThenEdit("memit", metric="moment", ridge=15_000.0, key_mean="halves"),
        # Fang et al. 2025.
        LocateThenEdit("alphaedit", metric="null_space", ridge=10.0, key_mean="halves"),
    )
}


@dataclass(frozen=True, slots=True)
class _Depth:
    """Which blocks were edited in a published model; other depths are scaled.

    Attributes:
        depth: Blocks of the published model.
        one: Block of methods that edit one.
        many: First and last block of methods that edit several.
    """

    depth: int
    one: int
    many: tuple[int, int]

    def layers(self, depth: int, *, single: bool) -> tuple[int, ...]:
        """The blocks for a model of this depth."""
        if single:
            return (min(round(self.one * depth / self.depth), depth - 1),)
        first = round(self.many[0] * depth / self.depth)
        last = min(first + self.many[1] - self.many[0], depth - 1)
        return tuple(range(first, last + 1))


_LLAMA = _Depth(32, 5, (4, 8))
_DEPTHS: dict[str, _Depth] = {"GPT-2": _Depth(48, 17, (13, 17)), "GPT-J": _Depth(28, 5, (3, 8))}

_SANDWICH = {"site": "down", "rate_unit": "rms", "clamp": 3.0}
"""Chosen on Gemma-3-270M, on facts that no report uses (``docs/methods.md`` has the measurements)."""

_VALUE = {field.name for field in fields(ValueSettings)}
_OWN = {field.name for field in fields(LocateThenEdit)} - {"name", "value"}


def editor(name: str, lm: LM | None = None, **settings: Any) -> LocateThenEdit:
    """An editing method, ready for a model.

    Args:
        name: A row of ``EDITORS``.
        lm: The model, whose family fills in what is not set; without it only the name and the settings
            are checked.
        **settings: Overrides by field name, of ``LocateThenEdit`` or of ``ValueSettings``.

    Raises:
        UnknownNameError: No such method or setting.
        EditError: A value of the wrong type.
    """
    if name not in EDITORS:
        raise UnknownNameError("method", name, EDITORS)
    row = EDITORS[name]
    for key in settings:
        if key not in _VALUE | _OWN:
            raise UnknownNameError(f"setting of {name}", key, _VALUE | _OWN)
    chosen = {**(_fitting(row, lm) if lm else {}), **_typed(settings)}
    value = replace(row.value, **{k: v for k, v in chosen.items() if k in _VALUE})
    return replace(row, value=value, **{k: v for k, v in chosen.items() if k in _OWN})


def _fitting(row: LocateThenEdit, lm: LM) -> dict[str, Any]:
    depth = len(lm.layers)
    table = _DEPTHS.get(lm.arch.family, _LLAMA)
    single = row.sequential or lm.arch.sandwich
    found: dict[str, Any] = {"layers": table.layers(depth, single=single)}
    if lm.arch.sandwich:
        found |= _SANDWICH
        if row.name == "memit":
            found |= {"ridge": 3000.0}
    return found


def _typed(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings as the fields want them: tuples for lists, floats for whole numbers."""
    out: dict[str, Any] = {}
    for key, value in settings.items():
        kind = (ValueSettings if key in _VALUE else LocateThenEdit).__dataclass_fields__[key].type
        out[key] = _cast(key, value, str(kind))
    return out


def _cast(key: str, value: Any, kind: str) -> Any:
    if isinstance(value, list):
        value = tuple(value)
    wanted: dict[str, tuple[type, ...]] = {
        "float": (int, float), "int": (int,), "bool": (bool,), "str": (str,), "tuple[int, ...]": (tuple, int)
    }  # fmt: skip
    allowed = wanted.get(kind)
    if allowed and (not isinstance(value, allowed) or (isinstance(value, bool) and kind != "bool")):
        raise EditError(f"setting {key} takes {kind}, got {value!r}")
    if kind == "float":
        return float(value)
    return (value,) if kind == "tuple[int, ...]" and isinstance(value, int) else value
