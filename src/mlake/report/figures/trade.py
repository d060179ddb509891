"""Methods side by side: new answers in all languages against other facts kept."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from mlake.report.figures.grid import legend_below
from mlake.report.figures.labels import Point, label_points
from mlake.report.figures.picture import Picture
from mlake.report.figures.runs import font_notes, lacking
from mlake.report.figures.style import PAGE, language_colour
from mlake.report.findings.trade import Trade, trade_table, trades
from mlake.report.paper.compare import measured
from mlake.report.rundata import RunData, model_name

__all__ = ["trade_figure"]

_NAME = "methods"
_LETTERS = 6.5
_AXES = ("other facts kept", "all languages")
_TITLE = "New answers in all languages against other facts kept"
_MARK: dict[str, Any] = {"marker": "o", "ls": "", "ms": 5, "mec": "white", "mew": 0.6, "clip_on": False}


def trade_figure(runs: Sequence[RunData]) -> Picture:
    """A point for each run and language or set edited in: right and high is good.

    Args:
        runs: Runs of any models and methods.

    Raises:
        RunError: No run asked both about edited facts and about others that the unedited model knew.
    """
    points = [one for one in trades(runs) if all(one.shares[name].value is not None for name in _AXES)]
    if not points:
        what = "direct answers and ones about other facts that the unedited model knew"
        raise lacking(_NAME, what, "run with --locality, or on data with questions about other facts")
    data = trade_table(runs)
    named = dict.fromkeys(one.run.spec.get("model") for one in points)
    data = replace(data, title=_TITLE, notes=(*data.notes, *font_notes(named)))
    return Picture(_NAME, _TITLE, data, partial(_draw, points))


def _place(one: Trade) -> tuple[float, float]:
    kept, gained = (measured(one.shares[name]).percent or 0.0 for name in _AXES)
    return kept, gained


def _draw(points: Sequence[Trade]) -> Figure:
    models = list(dict.fromkeys(model_name(one.run.spec) for one in points))
    figure = Figure(figsize=(0.2 + PAGE / 2 * max(2, len(models)), 3.4), layout="constrained")
    FigureCanvasAgg(figure)
    (line,) = figure.subplots(1, len(models), squeeze=False, sharey=True)
    for axes, model in zip(line, models, strict=True):
        for one in _of(points, model):
            axes.plot(*_place(one), color=language_colour(one.edit), **_MARK)
        axes.set_title(model)
        axes.set_xlabel("other facts kept (%)")
        axes.set_xlim(0, 100)
        axes.set_ylim(0, 100)
        axes.grid(True)
    line[0].set_ylabel("new answers, all languages (%)")
    legend_below(figure, _colours(points))
    for axes, model in zip(line, models, strict=True):
        named = [Point(*_place(one), one.label) for one in _of(points, model)]
        label_points(figure, axes, named, _LETTERS)
    return figure


def _of(points: Sequence[Trade], model: str) -> list[Trade]:
    return [one for one in points if model_name(one.run.spec) == model]


def _colours(points: Sequence[Trade]) -> list[Line2D]:
    edits = dict.fromkeys(one.edit for one in points)
    return [
        Line2D([], [], marker="o", ls="", color=language_colour(one), label=f"edited in {one}")
        for one in edits
    ]
