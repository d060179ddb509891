"""Pages of Markdown made from the templates of this folder."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from mlake.construct.release.columns import Column, Table
from mlake.safe import escape

__all__ = ["page"]


def page(template: str, **values: Any) -> str:
    """A page.

    Args:
        template: Name of a file in ``templates``.
        values: What it shows; text from data is shown as it is.
    """
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=False,
        finalize=_shown,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    helpers: dict[str, Callable[..., _Markdown]] = {"table": _table, "columns": _columns}
    return environment.get_template(template).render(**helpers, **values)


class _Markdown(str):
    """Text that is Markdown already."""


def _shown(value: Any) -> str:
    return value if isinstance(value, _Markdown) else escape(value)


def _table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> _Markdown:
    heading, *body = (f"| {' | '.join(escape(cell) for cell in cells)} |" for cells in (head, *rows))
    return _Markdown("\n".join([heading, f"|{' --- |' * len(head)}", *body]))


def _columns(tables: Mapping[str, Table], *, licence: bool) -> _Markdown:
    """Every column of every table, with its licence where that is wanted."""
    rows = [
        [table.name, name, _type(column), column.about, *([column.licence] if licence else [])]
        for table in tables.values()
        for name, column in _leaves(table.columns)
    ]
    return _table(["table", "column", "type", "what it holds", *(["licence"] if licence else [])], rows)


def _leaves(columns: Sequence[Column], above: str = "") -> Iterator[tuple[str, Column]]:
    """Columns without fields and their full names; what is the same for each language stands there once."""
    for _, alike in groupby(columns, lambda column: column.fields or column.name):
        column, *others = alike
        shown = f"{column.name}…{others[-1].name}" if others else column.name
        name = f"{above}{shown}{'[]' if column.many else ''}"
        if column.fields:
            yield from _leaves(column.fields, f"{name}.")
        else:
            yield name.removesuffix("[]"), column


def _type(column: Column) -> str:
    return f"list of {column.type}" if column.many else column.type
