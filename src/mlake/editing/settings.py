"""Settings of a method by name: checked and put into its row, also those of the row's inner settings."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from types import UnionType
from typing import Any, Literal, TypeVar, get_args, get_origin

from mlake.editing.method import Method, settings_named
from mlake.errors import EditError, UnknownNameError

__all__ = ["overridden", "setting_of"]

_COUNTS = {"steps", "corpus_tokens", "epochs", "texts", "text_batch"}
_M = TypeVar("_M", bound=Method)


def overridden(row: _M, settings: Mapping[str, Any]) -> _M:
    """A method with some settings changed.

    Args:
        row: The method; fields that are dataclasses themselves hold more settings.
        settings: Values by field name. Lists become tuples, whole numbers floats where a field wants it.

    Raises:
        UnknownNameError: No such setting.
        EditError: A value of the wrong type, or a number that is too small.
    """
    types = {f.name: f.type for f in fields(row) if f.name in settings_named(row)}
    inner = {name: getattr(row, name) for name in types if is_dataclass(getattr(row, name))}
    own = {name: kind for name, kind in types.items() if name not in inner}
    places = dict.fromkeys(own, "") | {f.name: name for name, part in inner.items() for f in fields(part)}
    kinds = own | {f.name: f.type for part in inner.values() for f in fields(part)}
    chosen: dict[str, dict[str, Any]] = {name: {} for name in ("", *inner)}
    for key, value in settings.items():
        if key not in kinds:
            raise UnknownNameError(f"setting of {row.name}", key, kinds)
        chosen[places[key]][key] = _cast(key, value, kinds[key])
    parts = {name: replace(part, **chosen[name]) for name, part in inner.items()}
    return replace(row, **parts, **chosen[""])


def setting_of(method: Method, name: str) -> Any:
    """The value of a setting, of the method itself or of its inner settings.

    Raises:
        UnknownNameError: No such setting.
    """
    places = [method, *(getattr(method, one) for one in settings_named(method))]
    for place in places:
        if is_dataclass(place) and name in {one.name for one in fields(place)}:
            return getattr(place, name)
    raise UnknownNameError(f"setting of {method.name}", name, settings_named(method))


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
