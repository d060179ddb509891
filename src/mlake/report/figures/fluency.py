"""Figure 6: how an edit changes the way a model writes, in every language asked in."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from mlake.languages.sets import is_own
from mlake.report.figures.grid import balanced, legend_below
from mlake.report.figures.picture import Picture
from mlake.report.figures.runs import ROW_COLUMNS, Shown, font_notes, head, lacking, row_cells, shown
from mlake.report.figures.style import PAGE, language_colour
from mlake.report.rundata import RunData
from mlake.report.table import Table
from mlake.report.tidy import Matrix, available, matrix

__all__ = ["MEASURES", "figure6"]

MEASURES = {
    "fluency": "fluency, by a judge",
    "entropy": "n-gram entropy (bits)",
    "repetition": "repeated trigrams (share)",
    "nll": "NLL, unedited model (nats/token)",
    "language": "in the language asked in (share)",
}
"""Scorers that say how an answer is written, with their axes' names; the judge's is the paper's."""

_TITLE = "How answers are written before and after an edit, by language edited in and asked in"
_LONG = "writing"
_ACROSS = 3
_GROUP = 0.84  # of the space between two languages asked in


@dataclass(frozen=True, slots=True)
class _Panel:
    """One measure of one run."""

    shown: Shown
    measure: str
    matrix: Matrix
    kind: str


def figure6(runs: Sequence[RunData]) -> Picture:
    """Fluency before and after an edit, by language edited in and asked in (paper, Figure 6).

    A panel for each run and each of ``MEASURES`` that was taken. Long answers are shown (kind ``writing``);
    where there are none, answers to direct questions, or to the first kind of question that a measure has.

    Args:
        runs: Runs of any models and methods.

    Raises:
        RunError: No run has a measure of an edited model.
    """
    every = shown("figure6", runs)
    panels = [panel for measure in MEASURES for one in every for panel in _panels(one, measure)]
    if not panels:
        raise lacking("figure6", f"any of the measures {', '.join(MEASURES)}", "measure fluency first")
    data = Table(
        name="figure6",
        title=_TITLE,
        columns=("model", "method", *ROW_COLUMNS),
        rows=tuple(
            (panel.shown.full, panel.shown.title, *row_cells(row))
            for panel in panels
            for row in panel.matrix.cells.values()
        ),
        notes=(*_notes(panels), *font_notes(dict.fromkeys(one.run.spec.get("model") for one in every))),
    )
    return Picture("figure6", _TITLE, data, partial(_draw, panels))


def _panels(one: Shown, measure: str) -> Iterator[_Panel]:
    kinds = available(one.run.rows, measure)
    for kind in [one for one in kinds if one == _LONG] or kinds[:1]:
        found = matrix(one.run.rows, kind, measure)
        if any(edit is not None for edit in found.edits):
            yield _Panel(one, measure, found, kind)


def _notes(panels: Sequence[_Panel]) -> Iterator[str]:
    """What is said of answers that are too short to repeat themselves."""
    if any(panel.kind != _LONG for panel in panels):
        yield (
            "short answers are shown where a run has no long ones, and can hardly repeat themselves; "
            f"run with --kinds {_LONG} beside others"
        )


def _draw(panels: Sequence[_Panel]) -> Figure:
    lines: list[list[_Panel]] = []
    for _, group in groupby(panels, lambda panel: panel.measure):
        line = list(group)
        across = balanced(len(line), _ACROSS)
        lines += [line[at : at + across] for at in range(0, len(line), across)]
    across = max(map(len, lines))
    figure = Figure(figsize=(min(PAGE, 0.6 + 3.1 * across), 0.5 + 1.45 * len(lines)), layout="constrained")
    FigureCanvasAgg(figure)
    title = head(figure, (panel.shown for panel in panels))
    grid = figure.subplots(len(lines), across, squeeze=False)
    for line, row in zip(lines, grid, strict=True):
        for axes in row[len(line) :]:
            axes.set_visible(False)
        for place, (panel, axes) in enumerate(zip(line, row, strict=False)):
            _draw_panel(axes, panel)
            axes.set_ylim(*_limits(panels, panel.measure))
            axes.set_title(title(panel.shown))
            if place == 0:
                axes.set_ylabel(MEASURES[panel.measure].replace(" (", "\n(").replace(", ", ",\n"))
    for axes in grid[-1]:
        axes.set_xlabel("asked in")
    _legend(figure, panels)
    return figure


def _limits(panels: Sequence[_Panel], measure: str) -> tuple[float, float]:
    """Ends of the axis of a measure, the same in all its panels."""
    ends = [
        value
        for panel in panels
        if panel.measure == measure
        for row in panel.matrix.cells.values()
        for value in (row["low"], row["value"], row["high"])
        if value is not None
    ]
    margin = 0.08 * (max(ends) - min(ends)) or 0.1
    return min(ends) - margin, max(ends) + margin


def _draw_panel(axes: Axes, panel: _Panel) -> None:
    edits = [edit for edit in panel.matrix.edits if edit is not None]
    step = _GROUP / len(edits)
    for place, test in enumerate(panel.matrix.tests):
        before = panel.matrix.cells.get((None, test))
        if before is not None and before["value"] is not None:
            ends = (place - _GROUP / 2, place + _GROUP / 2)
            if before["low"] is not None and before["high"] is not None:
                axes.fill_between(ends, before["low"], before["high"], color="#dddddd", lw=0)
            axes.plot(ends, [before["value"]] * 2, color="#555555", lw=1.0)
    for number, edit in enumerate(edits):
        _draw_edit(axes, panel.matrix, edit, (number - (len(edits) - 1) / 2) * step)
    axes.set_xticks(range(len(panel.matrix.tests)), panel.matrix.tests)
    axes.tick_params(axis="x", length=0)
    axes.grid(True, axis="y")


def _draw_edit(axes: Axes, panel: Matrix, edit: str, shift: float) -> None:
    """The points of one language edited in, the one asked in the same language larger."""
    colour = language_colour(edit)
    found = [(place + shift, panel.cells.get((edit, test))) for place, test in enumerate(panel.tests)]
    points = [(place, row) for place, row in found if row is not None]
    bars = [
        (place, row["low"], row["high"])
        for place, row in points
        if row["low"] is not None and row["high"] is not None
    ]
    if bars:
        axes.vlines(*zip(*bars, strict=True), color=colour, lw=0.8)
    for marker, size, own in (("o", 3.2, False), ("D", 4.5, True)):
        chosen = [(place, row["value"]) for place, row in points if is_own(edit, row["test_lang"]) == own]
        if chosen:
            axes.plot(*zip(*chosen, strict=True), marker, color=colour, ms=size, mew=0)


def _legend(figure: Figure, panels: Sequence[_Panel]) -> None:
    langs = dict.fromkeys(edit for panel in panels for edit in panel.matrix.edits if edit is not None)
    entries = [
        Line2D([], [], marker="o", ls="", color=language_colour(lang), label=f"edited in {lang}")
        for lang in langs
    ]
    own = "edited in the language asked in"
    entries.append(Line2D([], [], marker="D", ls="", color="#777777", label=own))
    entries.append(Line2D([], [], color="#555555", label="unedited"))
    legend_below(figure, entries)
