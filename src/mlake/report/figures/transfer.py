"""Figures 3 and 5: what an edit in one language does to answers in every language, as matrices."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from textwrap import fill

from matplotlib.figure import Figure

from mlake.report.figures.grid import Grid, balanced, colour_bar, upright
from mlake.report.figures.heatmap import draw_panel, panel_height, row_label
from mlake.report.figures.picture import Picture
from mlake.report.figures.runs import HOPS, ROW_COLUMNS, Shown, font_notes, lacking, row_cells, shown
from mlake.report.figures.style import PAGE, SMALL
from mlake.report.rundata import RunData
from mlake.report.table import Table
from mlake.report.tidy import Matrix, matrix

__all__ = ["figure3", "figure5"]

_ACROSS = 4  # matrices side by side
_TITLE = 24  # characters a line over a matrix
_SIDE = 0.06  # inches a character beside a matrix


@dataclass(frozen=True, slots=True)
class _Panel:
    """One matrix with its names."""

    shown: Shown
    kind: str
    matrix: Matrix


def figure3(runs: Sequence[RunData], scorer: str = "contains") -> Picture:
    """Transfer: share of new answers by language edited in and language asked in (paper, Figure 3).

    One matrix for each run and kind of question (direct, two-hop), the unedited model on top.

    Args:
        runs: Runs of any models and methods.
        scorer: ``contains``, or ``paper`` for the paper's rule.

    Raises:
        RunError: No run has such answers.
    """
    title = "New answers by language edited in and language asked in"
    return _matrices("figure3", title, "new answers (%)", runs, scorer, whole=True)


def figure5(runs: Sequence[RunData]) -> Picture:
    """Share of answers that an edit leaves identical, by language edited in and asked in (paper, Figure 5).

    Args:
        runs: Runs of any models and methods.

    Raises:
        RunError: No run has answers of an edited model.
    """
    title = "Answers identical to those of the unedited model, by language edited in and language asked in"
    return _matrices("figure5", title, "identical answers (%)", runs, "unchanged", whole=False)


def _matrices(
    name: str, title: str, unit: str, runs: Sequence[RunData], scorer: str, *, whole: bool
) -> Picture:
    """Matrices side by side; ``whole``: colours go up to 100 %, else to the next ten above what is there."""
    panels = list(_panels(shown(name, runs), scorer))
    if not panels:
        raise lacking(name, f"direct or two-hop answers under an edit with {scorer!r} scores", "finish a run")
    models = dict.fromkeys(str(one.shown.run.spec.get("model")) for one in panels)
    data = Table(
        name=name,
        title=title,
        columns=("model", "method", *ROW_COLUMNS),
        rows=tuple(
            (one.shown.full, one.shown.title, *row_cells(row))
            for one in panels
            for row in one.matrix.cells.values()
        ),
        notes=font_notes(models),
    )
    highest = max(row["value"] or 0.0 for one in panels for row in one.matrix.cells.values())
    most = 1.0 if whole else max(0.1, math.ceil(round(10 * highest, 6)) / 10)
    return Picture(name, title, data, partial(_draw, panels, unit, most))


def _panels(every: Sequence[Shown], scorer: str) -> Iterator[_Panel]:
    """Matrices a row of the figure: by model and kind, methods side by side."""
    for model in dict.fromkeys(one.model for one in every):
        for kind in HOPS:
            for one in every:
                found = matrix(one.run.rows, kind, scorer)
                if one.model == model and any(edit is not None for edit in found.edits):
                    yield _Panel(one, kind, found)


def _lines(panels: Sequence[_Panel]) -> list[list[_Panel]]:
    """Panels line by line: a model in one line if they fit, else a kind of question, else parts of it."""
    lines = []
    for _, group in groupby(panels, lambda one: one.shown.model):
        model = list(group)
        parts = [model]
        if len(model) > _ACROSS:
            parts = [list(part) for _, part in groupby(model, lambda one: one.kind)]
        for part in parts:
            across = balanced(len(part), _ACROSS)
            lines += [part[at : at + across] for at in range(0, len(part), across)]
    return lines


def _name(one: _Panel) -> str:
    return fill(f"{one.shown.title}, {HOPS[one.kind]}", _TITLE, break_on_hyphens=False)


def _wider(panel: Matrix) -> int:
    """By how many characters the widest name of a row is wider than ``none``."""
    lines = [line for edit in panel.edits for line in row_label(edit, "none").splitlines()]
    return max(0, max(map(len, lines)) - len("none"))


def _draw(panels: Sequence[_Panel], unit: str, most: float) -> Figure:
    lines = _lines(panels)
    columns = range(max(map(len, lines)))
    widths = [max(len(line[at].matrix.tests) for line in lines if len(line) > at) for at in columns]
    cell = min(0.34, (PAGE - 1.6 - 0.4 * (len(widths) - 1)) / sum(widths))
    names = [[_name(one) for one in line] for line in lines]
    heights = [cell * max(panel_height(one.matrix) for one in line) for line in lines]
    sides = [upright(line[0].shown.model, height) for line, height in zip(lines, heights, strict=True)]
    beside = _SIDE * max(_wider(one.matrix) for one in panels)
    grid = Grid(
        widths=[cell * width for width in widths],
        heights=heights,
        left=0.65 + beside + 0.14 * max(side.count("\n") for side in sides),
        between=0.4 + beside,
        above=0.25 + 0.11 * max(name.count("\n") for line in names for name in line),
        right=0.95,
    )
    figure = grid.figure()
    for at, line in enumerate(lines):
        for place, one in enumerate(line):
            axes = grid.panel(figure, at, place)
            draw_panel(axes, one.matrix, size=min(SMALL, 26 * cell), frame=4 * cell, most=most)
            axes.set_xlim(0, widths[place])  # cells are of one size in all panels
            axes.set_anchor("NW")
            axes.set_yticks(axes.get_yticks(), [row_label(edit, "none") for edit in one.matrix.edits])
            axes.set_title(names[at][place], fontsize=SMALL)
            axes.set_xlabel("asked in", x=len(one.matrix.tests) / widths[place] / 2)
            if place == 0:
                middle = 1 - heights[at] / cell / panel_height(one.matrix) / 2  # of the line of panels
                axes.set_ylabel(f"{sides[at]}\nedited in", y=middle)
    colour_bar(figure, unit, most)
    return figure
