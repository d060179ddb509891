"""Retention over a sequence: what is left of the first edit while more and more come on top of it."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mlake.report.figures.grid import Grid, colour_bar
from mlake.report.figures.heatmap import draw_cell
from mlake.report.figures.picture import Picture
from mlake.report.figures.runs import font_notes, lacking
from mlake.report.figures.style import SMALL
from mlake.report.findings.lifelong import Lifelong, lifelong_table, lifelongs
from mlake.report.rundata import RunData, model_name

__all__ = ["lifelong_figure"]

_NAME = "lifelong"
_TITLE = "What is left of the first edit while more come on top of it"
_WIDE, _HIGH, _GAP = 0.36, 0.24, 0.3
_BESIDE = ("all", "other\nfacts")


def lifelong_figure(runs: Sequence[RunData]) -> Picture:
    """A line of cells for each sequence of edits, one a step; what is left of the most stands on top.

    Beside them: what is right of all facts after the last step, and which other facts are kept then.

    Args:
        runs: Runs of any models and methods.

    Raises:
        RunError: In no run does an edit come on top of another, or the answers of one cannot be read.
    """
    found = lifelongs(runs)
    if not found:
        raise lacking(_NAME, "edits that come on top of each other", "run with --sequence batches")
    data = lifelong_table(runs)
    named = dict.fromkeys(one.run.spec.get("model") for one in found)
    data = replace(data, title=_TITLE, notes=(*data.notes, *font_notes(named)))
    return Picture(_NAME, _TITLE, data, partial(_draw, found))


def _draw(found: Sequence[Lifelong]) -> Figure:
    models = list(dict.fromkeys(model_name(one.run.spec) for one in found))
    panels = [[one for one in found if model_name(one.run.spec) == model] for model in models]
    steps = max(len(one.first) for one in found)
    heights = [_HIGH * len(panel) for panel in panels]
    grid = Grid(
        widths=(_WIDE * (steps + _GAP + len(_BESIDE)),), heights=heights, left=1.3, right=0.95, below=0.6
    )
    figure = grid.figure()
    for line, (model, panel) in enumerate(zip(models, panels, strict=True)):
        axes = grid.panel(figure, line, 0)
        _draw_panel(axes, sorted(panel, key=_left, reverse=True), steps)
        axes.set_title(model)
    colour_bar(figure, "right answers (%)")
    return figure


def _left(one: Lifelong) -> tuple[float, float]:
    return one.first[-1].value or 0.0, one.every.value or 0.0


def _draw_panel(axes: Axes, panel: Sequence[Lifelong], steps: int) -> None:
    beside = [steps + _GAP + place for place in range(len(_BESIDE))]
    for top, one in enumerate(panel):
        lefts = [*map(float, range(len(one.first))), *beside]
        for left, share in zip(lefts, (*one.first, one.every, one.kept), strict=True):
            draw_cell(axes, (left, float(top)), share.value, size=SMALL - 1)
    axes.set_xlim(0, beside[-1] + 1)
    axes.set_ylim(len(panel), 0)
    places = [*range(steps), *beside]
    axes.set_xticks(np.array(places) + 0.5, [*map(str, range(1, steps + 1)), *_BESIDE])
    axes.set_yticks(np.arange(len(panel)) + 0.5, [_name(one, panel) for one in panel])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_xlabel("edits so far", loc="left")


def _name(one: Lifelong, panel: Sequence[Lifelong]) -> str:
    """The method, and the languages edited in where they differ."""
    return one.label if len({other.edit for other in panel}) == 1 else f"{one.label}, {', '.join(one.edit)}"
