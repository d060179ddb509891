"""Tidy rows as tables: Markdown for a report, aligned plain text for a terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

from mlake.report.statistics.bootstrap import RESAMPLES, SEED
from mlake.report.tidy import UNEDITED, Matrix, TidyRow, matrix
from mlake.safe import escape, plain
from mlake.scorers.table import signature

__all__ = ["KIND_TITLES", "accuracy_table", "matrix_text", "signature_line"]

KIND_TITLES = {
    "direct": "Direct questions",
    "multihop": "Two-hop questions",
    "multihop_before": "Two-hop questions, answers before the edit",
    "bridge": "Second hops alone",
    "paraphrase": "Rephrased questions",
    "locality": "Questions about other facts",
    "choice": "Multiple choice",
    "negation": "Negated questions (lower is better)",
}
_NONE = "–"


def accuracy_table(rows: Sequence[TidyRow], kind: str, scorer: str) -> str:
    """Markdown: a row for each language edited in, a column for each asked in, percent with interval."""
    chosen = matrix(rows, kind, scorer)
    head, *body = (
        f"| {' | '.join(map(escape, line))} |\n"
        for line in (["edited in", *chosen.tests], *_body(chosen, digits=1, joint=", "))
    )
    return "".join([head, f"| --- |{' ---: |' * len(chosen.tests)}\n", *body])


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
        "interval": f"95 % percentile bootstrap over facts, {RESAMPLES} resamples, seed {SEED}",
        "mlake": spec.get("version"),
    }
    return " · ".join(f"{name}: {escape(value)}" for name, value in parts.items()) + "\n"


def matrix_text(rows: Sequence[TidyRow], scorer: str = "contains", kind: str = "direct") -> str:
    """The accuracy table as aligned plain text, intervals in whole percent to fit a terminal.

    Raises:
        UnknownNameError: No scorer has this name.
    """
    chosen = matrix(rows, kind, scorer)
    title = f"{KIND_TITLES.get(kind, kind)}, {signature(scorer)}, % [95 % interval over facts]"
    if not chosen.cells:
        return f"{title}\nno answers\n"
    first, *rest = zip(*_body(chosen, digits=0, joint="–"), strict=True)
    columns = [_aligned(["", "edited in", *map(plain, first)])]
    for place, (test, cells) in enumerate(zip(chosen.tests, rest, strict=True)):
        columns.append(_aligned(["" if place else "asked in", plain(test), *_at_point(cells)]))
    return "\n".join([title, *("  ".join(line).rstrip() for line in zip(*columns, strict=True))]) + "\n"


def _aligned(cells: Sequence[str]) -> list[str]:
    width = max(map(len, cells))
    return [f"{cell:<{width}}" for cell in cells]


def _at_point(cells: Sequence[str]) -> list[str]:
    """Cells shifted so that the numbers before the intervals end at one place."""
    heads = [len(cell.split(" ")[0]) for cell in cells]
    return [" " * (max(heads) - head) + cell for head, cell in zip(heads, cells, strict=True)]


def _body(chosen: Matrix, *, digits: int, joint: str) -> list[list[str]]:
    """One line for each language edited in, and one that counts the answers a cell."""
    lines = []
    for edit in chosen.edits:
        cells = (chosen.cells.get((edit, test)) for test in chosen.tests)
        lines.append([edit or UNEDITED, *(_cell(cell, digits, joint) for cell in cells)])
    return [*lines, ["n", *(_count(chosen, test) for test in chosen.tests)]]


def _cell(row: TidyRow | None, digits: int, joint: str) -> str:
    if row is None or row["value"] is None:
        return _NONE
    value = f"{100 * row['value']:.1f}"
    if row["low"] is None or row["high"] is None:
        return f"{value} [{_NONE}]"
    return f"{value} [{100 * row['low']:.{digits}f}{joint}{100 * row['high']:.{digits}f}]"


def _count(chosen: Matrix, test: str) -> str:
    counts = [row["n"] for (_, lang), row in chosen.cells.items() if lang == test]
    least, most = min(counts), max(counts)
    return str(most) if least == most else f"{least}–{most}"
