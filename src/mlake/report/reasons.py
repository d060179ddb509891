"""Why an accuracy may be low: answers that were cut off, in another language, or refused, in a few lines."""

from collections.abc import Iterator, Sequence

from mlake.report.tidy import UNEDITED, Matrix, TidyRow, matrix
from mlake.scorers.table import SHARES, signature

__all__ = ["FROM", "reasons"]

FROM = 0.05
"""Share of a cell's answers from which it is named, and difference between languages from which that is."""

_REMEDY = {"cut": ": more new tokens would compare these languages on equal terms"}
_UNKNOWN = "language_unknown"


def reasons(rows: Sequence[TidyRow], kind: str) -> list[str]:
    """What kept answers to a kind of question from counting, a line for each reason; empty without answers.

    A line names the cells in which the share is ``FROM`` or more, in percent of the cell's answers, and the
    languages of which nothing can be told. A further line says where a share differs clearly between two
    languages asked in: by ``FROM`` or more, their 95 % intervals apart.

    Args:
        rows: Tidy rows.
        kind: Name of a kind of question.
    """
    found = {name: matrix(rows, kind, name) for name in SHARES}
    asked = found["cut"].tests
    if not asked:
        return []
    lines = {name: _named(rows, kind, name, chosen, asked) for name, chosen in found.items()}
    small = [f"{SHARES[name]} ({signature(name)})" for name, line in lines.items() if not line]
    told = [line for line in lines.values() if line]
    if small:
        told.append(f"below {FROM:.0%} in every cell: ".replace("%", " %") + ", ".join(small))
    return [*told, *(note for name, chosen in found.items() for note in _differences(name, chosen))]


def _named(rows: Sequence[TidyRow], kind: str, name: str, chosen: Matrix, asked: Sequence[str]) -> str:
    """The cells with a share worth naming, by language edited in; what cannot be told."""
    parts = []
    for edit in chosen.edits:
        cells = ((test, chosen.cells.get((edit, test))) for test in chosen.tests)
        high = [f"{test} {_percent(row)}" for test, row in cells if row and (row["value"] or 0) >= FROM]
        if high:
            parts.append(f"{'edited in ' + edit if edit else UNEDITED}: {', '.join(high)}")
    silent = [test for test in asked if test not in chosen.tests]
    if silent:
        parts.append(f"cannot be told in {', '.join(silent)}")
    unknown = _pooled(matrix(rows, kind, _UNKNOWN)) if parts and name == "other_language" else None
    if unknown is not None:
        parts.append(f"of {100 * unknown:.0f} % of all answers it cannot be told ({signature(_UNKNOWN)})")
    return f"% {SHARES[name]} ({signature(name)}): {'; '.join(parts)}" if parts else ""


def _differences(name: str, chosen: Matrix) -> Iterator[str]:
    """Where a share differs most between two languages asked in, if that is clear."""
    clear = []
    for edit in chosen.edits:
        line = [row for (own, _), row in chosen.cells.items() if own == edit and row["value"] is not None]
        least = min(line, key=lambda row: row["value"] or 0.0)
        most = max(line, key=lambda row: row["value"] or 0.0)
        apart = (most["low"] or 0.0) > (1.0 if least["high"] is None else least["high"])
        difference = (most["value"] or 0.0) - (least["value"] or 0.0)
        if apart and difference >= FROM:
            clear.append((difference, edit, least, most))
    if clear:
        _, edit, least, most = max(clear, key=lambda one: one[0])
        shares = [f"{row['test_lang']} ({_percent(row)} %)" for row in (most, least)]
        yield (
            f"answers in {shares[0]} are more often {SHARES[name]} than in {shares[1]}, "
            f"{'edited in ' + edit if edit else UNEDITED}{_REMEDY.get(name, '')}"
        )


def _percent(row: TidyRow) -> str:
    return f"{100 * (row['value'] or 0.0):.0f}"


def _pooled(chosen: Matrix) -> float | None:
    """The share over all cells."""
    count = sum(row["n"] for row in chosen.cells.values())
    return sum(row["n"] * (row["value"] or 0.0) for row in chosen.cells.values()) / count if count else None
