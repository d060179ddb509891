"""JSON Lines, in and out: every line is checked against a schema, and what is wrong is said in one line."""

import json
from collections.abc import Iterable, Mapping
from importlib.resources.abc import Traversable
from typing import Any

from mlake.data.faults import Shape, faults, shown
from mlake.disk import encoded
from mlake.errors import DataError

__all__ = ["Row", "read_rows", "read_text", "rows_of", "written"]

Row = dict[str, Any]
"""One line, as ``json.loads`` gives it."""


def read_text(path: Traversable) -> str:
    """The text of a file.

    Raises:
        DataError: It is not there, cannot be read, or is no UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}") from error
    except UnicodeDecodeError:
        raise DataError(f"{path} is no UTF-8 text; save it as UTF-8") from None


def read_rows(path: Traversable, shape: Shape) -> list[Row]:
    """The rows of a file of JSON Lines; empty lines are passed over.

    Args:
        path: The file.
        shape: The schema of a row, an object.

    Raises:
        DataError: The file cannot be read, or a line is no JSON or not of that shape.
    """
    return rows_of(read_text(path), str(path), shape)


def rows_of(text: str, where: str, shape: Shape) -> list[Row]:
    """The rows of a text of JSON Lines, as ``read_rows`` gives them.

    Args:
        text: The text.
        where: What messages call it.
        shape: The schema of a row, an object.

    Raises:
        DataError: A line is no JSON or not of that shape.
    """
    lines = enumerate(text.split("\n"), start=1)
    return [_row(line, f"{where} line {number}", shape) for number, line in lines if line.strip()]


def _row(line: str, where: str, shape: Shape) -> Row:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{where} is no JSON ({error}): {shown(line)}") from None
    for field, fault in faults(row, shape):
        raise DataError(f"{where}: {field or 'the line'} {fault}")
    return dict(row)


def written(rows: Iterable[Mapping[str, Any]]) -> bytes:
    """Rows as JSON Lines, in their order and that of their fields."""
    return encoded("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
