"""Tidy rows as tables: Markdown for a report, aligned plain text for a terminal."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from mlake.kinds import question_kind
from mlake.report.reasons import reasons
from mlake.report.statistics.intervals import ABOUT
from mlake.report.tidy import UNEDITED, Matrix, TidyRow, matrix
from mlake.safe import escape, plain
from mlake.scorers.row import Measure
from mlake.scorers.table import measure, signature

__all__ = ["matrix_markdown", "matrix_text", "reasons_markdown", "signature_line"]

_NONE = "–"
_COUNTS: dict[str, Literal["n", "effective"]] = {"n": "n", "effective n": "effective"}
_WIDTH = 100
"""Characters after which a line for a terminal goes on in the next."""


def matrix_markdown(rows: Sequence[TidyRow], kind: str, scorer: str) -> str:
    """Markdown: a row for each language edited in, a column for each asked in, means with interval.

    Raises:
        UnknownNameError: No scorer has this name.
    """
    chosen = matrix(rows, kind, scorer)
    head, *body = (
        f"| {' | '.join(map(escape, line))} |\n"
        for line in (["edited in", *chosen.tests], *_body(chosen, measure(scorer), digits=1, joint=", "))
    )
    return "".join([head, f"| --- |{' ---: |' * len(chosen.tests)}\n", *body])


def reasons_markdown(rows: Sequence[TidyRow], kind: str) -> str:
    """Markdown list of what kept answers from counting; empty where nothing is known of it."""
    return "".join(f"- {escape(line)}\n" for line in reasons(rows, kind))


def signature_line(spec: Mapping[str, Any], scorer: str) -> str:
    """Markdown line with everything that a reader needs to reproduce or compare a number.

    Raises:
        UnknownNameError: No scorer has this name.
    """
    parts = {
        "model": spec.get("model"),
        "model revision": spec.get("model_revision"),
        "data": spec.get("data"),
        "data sha256": str(spec.get("data_sha256"))[:12],
        "method": spec.get("method"),
        "batch size": spec.get("batch_size"),
        **({"sequence": spec["sequence"]} if "sequence" in spec else {}),
        "seed": spec.get("seed"),
        "scorer": signature(scorer),
        "interval": ABOUT,
        "mlake": spec.get("version"),
    }
    return " · ".join(f"{name}: {escape(value)}" for name, value in parts.items()) + "\n"


def matrix_text(rows: Sequence[TidyRow], scorer: str = "contains", kind: str = "direct") -> str:
    """The matrix as aligned plain text, intervals in whole percent to fit a terminal; below it ``reasons``.

    Raises:
        UnknownNameError: No scorer or no kind of question has this name.
    """
    chosen, shown = matrix(rows, kind, scorer), measure(scorer)
    unit = "%" if shown.percent else shown.unit
    title = f"{question_kind(kind).heading}, {shown.signature}, {unit} [95 % interval over facts]"
    if not chosen.cells:
        return f"{title}\nno answers\n"
    first, *rest = zip(*_body(chosen, shown, digits=0, joint="–"), strict=True)
    columns = [_aligned(["", "edited in", *map(plain, first)])]
    for place, (test, cells) in enumerate(zip(chosen.tests, rest, strict=True)):
        columns.append(_aligned(["" if place else "asked in", plain(test), *_at_point(cells)]))
    table = ("  ".join(line).rstrip() for line in zip(*columns, strict=True))
    return "\n".join([title, *table, *_wrapped(rows, kind)]) + "\n"


def _wrapped(rows: Sequence[TidyRow], kind: str) -> list[str]:
    return [
        textwrap.fill(
            plain(line), _WIDTH, subsequent_indent="  ", break_on_hyphens=False, break_long_words=False
        )
        for line in reasons(rows, kind)
    ]


def _aligned(cells: Sequence[str]) -> list[str]:
    width = max(map(len, cells))
    return [f"{cell:<{width}}" for cell in cells]


def _at_point(cells: Sequence[str]) -> list[str]:
    """Cells shifted so that the numbers before the intervals end at one place."""
    heads = [len(cell.split(" ")[0]) for cell in cells]
    return [" " * (max(heads) - head) + cell for head, cell in zip(heads, cells, strict=True)]


def _body(chosen: Matrix, shown: Measure, *, digits: int, joint: str) -> list[list[str]]:
    """One line for each language edited in, and two that count the answers per cell."""
    lines = []
    for edit in chosen.edits:
        cells = (chosen.cells.get((edit, test)) for test in chosen.tests)
        lines.append([edit or UNEDITED, *(_cell(cell, shown, digits, joint) for cell in cells)])
    for name, key in _COUNTS.items():
        counts = (
            [row[key] for (_, lang), row in chosen.cells.items() if lang == test] for test in chosen.tests
        )
        lines.append([name, *map(_range, counts)])
    return lines


def _cell(row: TidyRow | None, shown: Measure, digits: int, joint: str) -> str:
    if row is None or row["value"] is None:
        return _NONE
    factor, more = (100, 0) if shown.percent else (1, 1)  # other units span less, so they need a digit more
    value = f"{factor * row['value']:.{1 + more}f}"
    if row["low"] is None or row["high"] is None:
        return f"{value} [{_NONE}]"
    low, high = (f"{factor * end:.{digits + more}f}" for end in (row["low"], row["high"]))
    return f"{value} [{low}{joint}{high}]"


def _range(counts: Sequence[float]) -> str:
    least, most = f"{min(counts):.0f}", f"{max(counts):.0f}"
    return most if least == most else f"{least}–{most}"
