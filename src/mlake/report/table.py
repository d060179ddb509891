"""A table as a value: made once, written as Markdown, LaTeX or CSV."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mlake.safe import escape, plain
from mlake.scorers.table import signature

__all__ = ["Cell", "Table"]

Cell = str | int | float | None
"""A value as it is meant; formats decide how it is shown. None shows as a dash."""

_NONE = "–"
_LONG_TEXT = 40
"""Characters from which a column of text is broken into lines in LaTeX."""

_LONG_TABLE = 40
"""Rows from which a table is broken over pages in LaTeX."""

_NOISE = 1e-9
"""Below it a number is what rounding has left of zero."""

_FORMULA = tuple("=+-@＝＋－＠")
_LATEX = {
    "\\": r"\textbackslash{}", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}",
    "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", '"': r"\textquotedbl{}",
    "`": r"\textasciigrave{}",
    **{mark: f"\\{mark}" for mark in "{}$&#_%"},
    **{mark: f"{{{mark}}}" for mark in "[]*"},  # the line break before a row takes these as its own
}  # fmt: skip
_PREAMBLE = """\
% Needs \\usepackage{adjustbox,booktabs,textcomp}, and longtable where the table is one.
% Japanese and Chinese need XeLaTeX with \\usepackage{xeCJK} or LuaLaTeX with \\usepackage{luatexja-fontspec},
% and a font that has both, such as \\setCJKmainfont{Noto Serif CJK JP} (\\setmainjfont with luatexja).
"""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under named columns.

    Attributes:
        name: Stable name, also of its files, such as ``table1``.
        title: What it shows, in one line.
        columns: Heading of each column.
        rows: One cell a column each.
        notes: What a reader must know to trust the numbers, one line each.
        measures: Names of the measures that the numbers come from.
    """

    name: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()
    measures: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(f"{self.name}: {len(self.columns)} columns, but a row of {len(row)} cells")

    @property
    def signed(self) -> tuple[str, ...]:
        """The notes, and one that gives the version of each measure that they do not give.

        Raises:
            UnknownNameError: There is no such measure.
        """
        lacking = [
            one for one in map(signature, self.measures) if not any(one in note for note in self.notes)
        ]
        return (*self.notes, f"measures: {', '.join(lacking)}") if lacking else self.notes

    def markdown(self) -> str:
        """Title, table and notes as Markdown; text from models and data shows as it is."""
        rules = ["---:" if numeric else "---" for numeric in self._numeric()]
        lines = [list(map(escape, self.columns)), rules]
        lines += [[escape(_shown(cell)) for cell in row] for row in self.rows]
        parts = [f"**{escape(self.title)}**\n", "".join(f"| {' | '.join(line)} |\n" for line in lines)]
        if self.signed:
            parts.append("".join(f"- {escape(note)}\n" for note in self.signed))
        return "\n".join(parts)

    def latex(self) -> str:
        """The table in the style of ``booktabs``, with what it needs in a comment on top.

        Long text is broken into lines, a long table over pages (``longtable``).
        """
        kind = "longtable" if len(self.rows) > _LONG_TABLE else "tabular"
        spec = "".join(self._alignments())
        head = [r"\toprule", _latex_row(self.columns), r"\midrule"]
        body = [_latex_row(map(_shown, row)) for row in self.rows]
        label = re.sub(r"[^A-Za-z0-9-]+", "-", self.name)
        caption = rf"\caption{{{_latex(self.title)}}}\label{{tab:{label}}}"
        notes = [rf"\par\noindent {{\footnotesize {_latex(note)}}}" for note in self.signed]
        begin, end = rf"\begin{{{kind}}}{{{spec}}}", rf"\end{{{kind}}}"
        if kind == "longtable":
            lines = [r"{\small", begin, rf"{caption}\\", *head, r"\endhead", *body, r"\bottomrule", end]
            lines += [*notes, "}"]
        else:
            lines = [r"\begin{table}", r"\centering\small", caption]
            lines += [r"\begin{adjustbox}{max width=\linewidth}", begin, *head, *body, r"\bottomrule", end]
            lines += [r"\end{adjustbox}", *notes, r"\end{table}"]
        return _PREAMBLE + "\n".join(lines) + "\n"

    def csv(self) -> str:
        """Columns and rows as CSV (RFC 4180, numbers unrounded, nothing for None); no title, no notes.

        A last column ``measures`` gives the versions of the measures in each row, where there are any.
        Text is on one line, and has an apostrophe in front where a spreadsheet would take it for a formula.
        Numbers are never changed.
        """
        buffer = io.StringIO()
        writer = csv.writer(buffer, lineterminator="\r\n")
        by = ("; ".join(map(signature, self.measures)),) if self.measures else ()
        for row in ((*self.columns, *("measures" for _ in by)), *((*row, *by) for row in self.rows)):
            writer.writerow([_unarmed(cell) if isinstance(cell, str) else cell for cell in row])
        return buffer.getvalue()

    def _numeric(self) -> list[bool]:
        """Whether each column holds numbers, or nothing."""
        columns: Sequence[Sequence[Cell]] = list(zip(*self.rows, strict=True)) or [()] * len(self.columns)
        return [bool(own) and not any(isinstance(cell, str) for cell in own) for own in columns]

    def _alignments(self) -> list[str]:
        """LaTeX column types: numbers flush right, text flush left, long text in columns of equal width."""
        widths = [max((len(_shown(cell)) for cell in own), default=0) for own in zip(*self.rows, strict=True)]
        broken = sum(width > _LONG_TEXT for width in widths)
        wide = rf"p{{{0.8 / max(broken, 1):.2f}\linewidth}}"
        pairs = zip(self._numeric(), widths or [0] * len(self.columns), strict=True)
        return ["r" if numeric else wide if width > _LONG_TEXT else "l" for numeric, width in pairs]


def _shown(cell: Cell) -> str:
    """A cell as text: two decimals, or two digits where these would hide a small number."""
    if cell is None:
        return _NONE
    if not isinstance(cell, float):
        return str(cell)
    if abs(cell) < _NOISE:
        return "0.00"
    return f"{cell:.2g}" if abs(cell) < 0.005 else f"{cell:.2f}"


def _latex(text: str) -> str:
    return "".join(_LATEX.get(mark, mark) for mark in plain(text))


def _latex_row(cells: Iterable[str]) -> str:
    return " & ".join(map(_latex, cells)) + r" \\"


def _unarmed(text: str) -> str:
    text = plain(text)
    return f"'{text}" if text.startswith(_FORMULA) else text
