"""Figure 2: how well a model knew the facts of a language against how well edits in it work."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from mlake.report.figures.grid import legend_below
from mlake.report.figures.picture import Picture
from mlake.report.figures.runs import HOPS, Shown, font_notes, lacking, own, shown, without_subject
from mlake.report.figures.style import PAGE, language_colour, method_marks
from mlake.report.rundata import RunData
from mlake.report.table import Cell, Table
from mlake.report.tidy import TidyRow

__all__ = ["figure2"]

_TITLE = "Accuracy of the unedited model and of edits in the same language"
_COLUMNS = (
    "model", "method", "kind", "lang",
    "unedited measure", "unedited n", "unedited effective n", "unedited", "unedited low", "unedited high",
    "edited measure", "edited n", "edited effective n", "edited", "edited low", "edited high",
)  # fmt: skip
_ASIDE = 0.012  # of the axis, between two methods: those of one language have the same unedited model
_NOTE = (
    "points of different methods are set beside each other, by 1.2 % of the axis, so that none hides another"
)
_OLD = {"contains": "old", "paper": "old_paper"}


@dataclass(frozen=True, slots=True)
class _Point:
    """One language under one run."""

    shown: Shown
    kind: str
    before: TidyRow
    after: TidyRow


def figure2(runs: Sequence[RunData], scorer: str = "contains") -> Picture:
    """Unedited against edited accuracy, a point for each language and method (paper, Figure 2).

    The unedited model answers what was true before the edit: the old answer of direct questions, the
    two-hop questions of before. Where a run has not asked these, its answers to the questions after the
    edit are taken. Edits are asked in the language edited in.

    Args:
        runs: Runs of any models and methods.
        scorer: ``contains``, or ``paper`` for the paper's rule.

    Raises:
        RunError: No run has both numbers for any language.
    """
    points = [
        point for one in shown("figure2", runs) for kind in HOPS for point in _points(one, kind, scorer)
    ]
    if not points:
        what = f"answers of the unedited and the edited model in one language with {scorer!r} scores"
        raise lacking("figure2", what, "run with the same languages in --edit-langs and --test-langs")
    data = Table(
        name="figure2",
        title=_TITLE,
        columns=_COLUMNS,
        rows=tuple(map(_cells, points)),
        notes=(_NOTE, *font_notes(dict.fromkeys(point.shown.run.spec.get("model") for point in points))),
    )
    return Picture("figure2", _TITLE, data, partial(_draw, points))


def _points(one: Shown, kind: str, scorer: str) -> Iterator[_Point]:
    places = [("multihop_before", scorer)] if kind == "multihop" else []
    for row in own(one.run, kind, scorer):
        for where in (*places, (kind, _OLD.get(scorer, "old")), (kind, scorer)):
            before = _unedited(one.run, where, row["test_lang"])
            if before is not None:
                yield _Point(one, kind, before, row)
                break


def _unedited(run: RunData, where: tuple[str, str], lang: str) -> TidyRow | None:
    for row in run.rows:
        if (row["kind"], row["scorer"], row["edit_lang"], row["test_lang"]) == (*where, None, lang):
            return row if row["value"] is not None else None
    return None


def _cells(point: _Point) -> tuple[Cell, ...]:
    numbers: list[Cell] = []
    for row in (point.before, point.after):
        numbers += [f"{row['kind']}: {row['scorer']}", row["n"], row["effective"]]
        numbers += [row["value"], row["low"], row["high"]]
    return (point.shown.full, point.shown.title, point.kind, _lang(point.after), *numbers)


def _lang(after: TidyRow) -> str:
    """The language asked in; what was edited in stands beside it where that is a set."""
    edit, lang = after["edit_lang"], after["test_lang"]
    return lang if edit == lang else f"{lang}, edited in {edit}"


def _draw(points: Sequence[_Point]) -> Figure:
    models = list(dict.fromkeys(point.shown.model for point in points))
    kinds = [kind for kind in HOPS if any(point.kind == kind for point in points)]
    figure = Figure(
        figsize=(0.2 + PAGE / 2 * len(kinds), 0.6 + 2.4 * len(models)),
        layout="constrained",
    )
    FigureCanvasAgg(figure)
    grid = figure.subplots(len(models), len(kinds), squeeze=False, sharex="col", sharey="col")
    marks = method_marks(point.shown.method for point in points)
    titles = list(dict.fromkeys(point.shown.title for point in points))
    for line, model in zip(grid, models, strict=True):
        for axes, kind in zip(line, kinds, strict=True):
            chosen = [point for point in points if (point.shown.model, point.kind) == (model, kind)]
            for point in chosen:
                order = titles.index(point.shown.title) - (len(titles) - 1) / 2
                aside = _ASIDE * order * _top(points, kind, "before")
                _draw_point(axes, point, marks[point.shown.method].marker, aside)
            axes.set_title(f"{model}, {HOPS[kind]} questions")
            for limit, side in ((axes.set_xlim, "before"), (axes.set_ylim, "after")):
                top = _top(points, kind, side)
                limit(-0.04 * top, 1.04 * top)
            axes.grid(True)
        line[0].set_ylabel("edited model, new answers (%)")
    for axes in grid[-1]:
        axes.set_xlabel("unedited model, original answers (%)")
    _legend(figure, points)
    return figure


def _draw_point(axes: Axes, point: _Point, marker: str, aside: float) -> None:
    colour = language_colour(point.after["test_lang"])
    axes.errorbar(
        100 * (point.before["value"] or 0) + aside,
        100 * (point.after["value"] or 0),
        xerr=_bars(point.before),
        yerr=_bars(point.after),
        fmt=marker,
        color=colour,
        markerfacecolor=_face(point.shown, colour),
        markeredgecolor=_edge(point.shown, colour),
        markeredgewidth=0.6,
        markersize=5,
        elinewidth=0.7,
        alpha=0.85,
        clip_on=False,
    )


def _face(one: Shown, colour: str) -> str:
    """What a marker is filled with: those of runs without the subject are hollow."""
    return "white" if without_subject(one.run.spec) else colour


def _edge(one: Shown, colour: str) -> str:
    return colour if without_subject(one.run.spec) else "white"


def _top(points: Sequence[_Point], kind: str, side: str) -> float:
    """End of an axis in percent: where the highest interval ends, rounded up to the next ten."""
    rows: Iterator[TidyRow] = (getattr(point, side) for point in points if point.kind == kind)
    highest = max(max(row["value"] or 0, row["high"] or 0) for row in rows)
    return max(10.0, 10.0 * math.ceil(10 * highest))


def _bars(row: TidyRow) -> list[list[float]] | None:
    """Lengths of both error bars in percent points, if the interval is known."""
    if row["value"] is None or row["low"] is None or row["high"] is None:
        return None
    return [[100 * max(row["value"] - row["low"], 0)], [100 * max(row["high"] - row["value"], 0)]]


def _legend(figure: Figure, points: Sequence[_Point]) -> None:
    langs = dict.fromkeys(point.after["test_lang"] for point in points)
    marks = method_marks(point.shown.method for point in points)
    named = {point.shown.title: point.shown for point in points}
    colours = [Line2D([], [], marker="o", ls="", color=language_colour(one), label=one) for one in langs]
    shapes = [
        Line2D(
            [],
            [],
            marker=marks[one.method].marker,
            ls="",
            color="#555555",
            label=title,
            mfc=_face(one, "#555555"),
        )
        for title, one in named.items()
    ]
    entries = [*colours, *shapes]
    legend_below(figure, entries)
