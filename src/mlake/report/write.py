"""The report of a run: one folder with Markdown, figures and the numbers behind them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mlake.disk import encoded, write_files
from mlake.kinds import question_kind
from mlake.report.figures import heatmap
from mlake.report.matrix_text import matrix_markdown, reasons_markdown, signature_line
from mlake.report.table import Cell, Table
from mlake.report.tidy import TidyRow, available
from mlake.safe import escape
from mlake.scorers.refused import unscored
from mlake.scorers.table import measure, measures

__all__ = ["write_report"]

_HEADLINE = "contains"
_READING = """\
- A row is the language in which the facts were edited into the model, a column the language in which it was
  asked afterwards. *unedited* is the same model before any edit: what it scores, no edit achieved.
- Cells are means, in percent where no other unit is given, with a 95 % interval. *n* is the number of
  answers in a cell, *effective n* how many independent ones would tell as much, since answers about one fact
  stand or fall together. `–` means not asked, and `[–]` that a single fact gives no interval, or that all
  values are the same in a measure that has no ends.
- `contains` is strict: a text that gives the old answer next to the new one does not count. `paper` counts
  any text with the new answer or an alias as a substring, also inside other words.
- Under the first table of a kind of question stands what kept answers from counting: cut off at the token
  limit, in another language, refused. Cells of 5 % or more are named; `tidy.json` and `tidy.csv` have the
  shares of every cell.
- On questions about other facts, high `unchanged` means that the edit left them alone. `old` there is the
  answer that nobody meant to change.
"""


def write_report(
    folder: str | Path, spec: Mapping[str, Any], rows: Sequence[TidyRow], tables: Sequence[Table] = ()
) -> list[Path]:
    """Write ``report.md``, ``tidy.json`` and ``.csv``, ``heatmap.png`` and ``.pdf`` if there is what to draw.

    Each file appears whole or not at all; the same numbers give the same bytes.

    Args:
        folder: Where to; made if need be.
        spec: The run's settings.
        rows: Tidy rows.
        tables: What else is to be shown.

    Returns:
        The files written.

    Raises:
        RunError: The folder cannot be written.
    """
    folder = Path(folder)
    files: dict[str, bytes] = {}
    if available(rows, _HEADLINE):
        files["heatmap.png"] = heatmap(spec, rows, "png")
        files["heatmap.pdf"] = heatmap(spec, rows, "pdf")
    lines = ",\n".join(json.dumps(row, ensure_ascii=False, allow_nan=False) for row in rows)
    files["tidy.json"] = encoded(f"[\n{lines}\n]\n")
    files["tidy.csv"] = encoded(_csv(rows))
    files["report.md"] = encoded("\n".join(_sections(spec, rows, tables, drawn="heatmap.png" in files)))
    write_files(folder, files)
    return [folder / name for name in files]


def _sections(
    spec: Mapping[str, Any], rows: Sequence[TidyRow], tables: Sequence[Table], *, drawn: bool
) -> Iterator[str]:
    yield "# What the edits carried over\n"
    headline = available(rows, _HEADLINE)
    if headline:
        yield f"{question_kind(headline[0]).heading}, `{_HEADLINE}`: {_said(headline[0], _HEADLINE)}\n"
        yield matrix_markdown(rows, headline[0], _HEADLINE)
        yield reasons_markdown(rows, headline[0])
        yield signature_line(spec, _HEADLINE)
    if drawn:
        yield "![Heat map: edited in by asked in](heatmap.png)\n"
    for table in tables:
        yield table.markdown()
    for note in unscored(spec.get("test_langs", ())):
        yield f"{escape(note)}.\n"
    yield f"## How to read it\n\n{_READING}"
    explained: set[str] = set()
    for scorer in measures():
        for kind in available(rows, scorer):
            yield f"## {question_kind(kind).heading}: `{scorer}`\n\n{_said(kind, scorer)}\n"
            yield matrix_markdown(rows, kind, scorer)
            if kind not in explained:
                explained.add(kind)
                yield reasons_markdown(rows, kind)
            yield signature_line(spec, scorer)
    yield "## Settings\n"
    yield "".join(f"- {escape(name)}: {escape(_shown(value))}\n" for name, value in spec.items())


def _csv(rows: Sequence[TidyRow]) -> str:
    columns = tuple(TidyRow.__annotations__)
    return Table("tidy", "", columns, tuple(map(_cells, rows))).csv()


def _cells(row: Mapping[str, Any]) -> tuple[Cell, ...]:
    return tuple(row.values())


def _said(kind: str, scorer: str) -> str:
    """What a measure says of these questions, in which unit, and which way is better."""
    one = measure(scorer)
    facts = [] if one.percent else [f"in {one.unit}"]
    if one.better and not question_kind(kind).lower_is_better:
        facts.append(f"{one.better} is better")
    return one.meaning + (f" ({', '.join(facts)})" if facts else "")


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
