"""EDITORS: a method is a row. And the settings that depend on the model: a family is a row.

Rows leave ``layers`` empty: which blocks are edited depends on the model and is filled in here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from types import UnionType
from typing import Any, Literal, get_args, get_origin

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

_SANDWICH = {"site": "down", "rate_unit": "rms", "clamp": 3.0, "contexts": 1}
_SANDWICH_RIDGE = 1 / 15
_SANDWICH_PRESERVE = 0.3
"""Chosen on Gemma-3-270M, on facts that no report uses; ``docs/methods.md`` says what was measured."""

_VALUE = {field.name for field in fields(ValueSettings)}
_OWN = {field.name for field in fields(LocateThenEdit)} - {"name", "value"}
_COUNTS = {"steps", "corpus_tokens"}


def editor(name: str, lm: LM | None = None, /, **settings: Any) -> LocateThenEdit:
    """An editing method, ready for a model.

    Args:
        name: A row of ``EDITORS``.
        lm: The model, whose family fills in what is not set; without it only the name and the settings
            are checked.
        **settings: Overrides by field name, of ``LocateThenEdit`` or of ``ValueSettings``.

    Raises:
        UnknownNameError: No such method or setting.
        EditError: A value of the wrong type, or a number that is too small.
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
    """What the model's family asks for; layers that a row names itself stay."""
    table = _DEPTHS.get(lm.arch.family, _LLAMA)
    single = row.sequential or lm.arch.sandwich
    found: dict[str, Any] = {} if row.layers else {"layers": table.layers(len(lm.layers), single=single)}
    if lm.arch.sandwich:
        found |= _SANDWICH
        if row.metric == "moment" and row.ridge:
            found |= {"ridge": row.ridge * _SANDWICH_RIDGE, "preserve": _SANDWICH_PRESERVE}
    return found


def _typed(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings as the fields want them: tuples for lists, floats for whole numbers."""
    out: dict[str, Any] = {}
    for key, value in settings.items():
        kind = (ValueSettings if key in _VALUE else LocateThenEdit).__dataclass_fields__[key].type
        out[key] = _cast(key, value, kind)
    return out


def _cast(key: str, value: Any, kind: Any) -> Any:
    if isinstance(value, list):
        value = tuple(value)
    if kind == tuple[int, ...] and type(value) is int:
        value = (value,)
    if kind is float and type(value) is int:
        value = float(value)
    if not _fits(value, kind):
        raise EditError(f"setting {key} takes {_named(kind)}, got {value!r}")
    low = 1 if key in _COUNTS else 0
    if isinstance(value, int | float) and not low <= value < float("inf"):
        raise EditError(f"setting {key} takes a number from {low} up, got {value!r}")
    return value


def _fits(value: Any, kind: Any) -> bool:
    """Whether a value is of a field's type; a truth value is no number."""
    origin, parts = get_origin(kind), get_args(kind)
    if origin is Literal:
        return value in parts
    if origin is UnionType:
        return any(_fits(value, part) for part in parts)
    if origin is tuple:
        return isinstance(value, tuple) and all(_fits(part, parts[0]) for part in value)
    return type(value) is kind


def _named(kind: Any) -> str:
    if get_origin(kind) is Literal:
        return " or ".join(repr(part) for part in get_args(kind))
    if get_origin(kind) is UnionType:
        return " or ".join(_named(part) for part in get_args(kind))
    if get_origin(kind) is tuple:
        return f"a list of {_named(get_args(kind)[0])}"
    return {int: "a whole number", float: "a number", str: "text", bool: "true or false"}.get(kind, str(kind))
