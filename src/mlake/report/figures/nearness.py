"""Transfer against distance: do edits carry over better to languages that are closer?"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from textwrap import fill

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from mlake.languages.sets import is_other, members, nearest
from mlake.report.figures.grid import balanced, legend_below
from mlake.report.figures.picture import Picture
from mlake.report.figures.runs import ROW_COLUMNS, Shown, font_notes, head, lacking, row_cells, shown
from mlake.report.figures.style import PAGE, SMALL, language_colour
from mlake.report.rundata import RunData
from mlake.report.statistics.intervals import Estimate, clustered_mean
from mlake.report.table import Cell, Table
from mlake.report.tidy import TidyRow

__all__ = ["transfer_by_distance"]

_NAME = "transfer_by_distance"
_TITLE = "New answers in other languages than the one edited in, by distance of the languages"
_ACROSS = 3
_TITLE_WIDTH = 30
_FARTHEST = 4
_SPREAD = 0.3  # half the width over which the pairs of one distance are spread


@dataclass(frozen=True, slots=True)
class _Panel:
    """One run: its pairs of languages, and means of all answers at one distance."""

    shown: Shown
    pairs: tuple[TidyRow, ...]
    means: dict[int, Estimate]


def transfer_by_distance(runs: Sequence[RunData], scorer: str = "contains") -> Picture:
    """Share of new answers to direct questions by distance from the language edited in to the one asked in.

    A point is a pair of languages, the bar the mean of all answers at one distance with its interval over
    facts. Distances are those of ``mlake.languages.distance``: 0 close, 4 far.

    Args:
        runs: Runs of any models and methods.
        scorer: ``contains``, or ``paper`` for the paper's rule.

    Raises:
        RunError: No run asked in another language than the one edited in.
    """
    panels = [panel for one in shown(_NAME, runs) if (panel := _panel(one, scorer)).pairs]
    if not panels:
        remedy = "run with more languages in --test-langs"
        raise lacking(_NAME, f"direct answers in other languages with {scorer!r} scores", remedy)
    data = Table(
        name=_NAME,
        title=_TITLE,
        columns=("model", "method", "distance", *ROW_COLUMNS),
        rows=tuple(row for panel in panels for row in _rows(panel, scorer)),
        notes=(
            "a distance that no pair of the languages asked in has says so in the figure",
            "distance: family (0 to 2) and script (0 to 2) together; 'any' is the mean at one distance",
            *_set_note(panels),
            *font_notes(dict.fromkeys(panel.shown.run.spec.get("model") for panel in panels)),
        ),
    )
    return Picture(_NAME, _TITLE, data, partial(_draw, panels))


def _panel(one: Shown, scorer: str) -> _Panel:
    pairs = tuple(
        row
        for row in one.run.rows
        if (row["kind"], row["scorer"]) == ("direct", scorer)
        and is_other(row["edit_lang"], row["test_lang"])
        and row["value"] is not None
    )
    values: dict[int, tuple[list[float], list[str]]] = {}
    for score in one.run.scored:
        if (
            is_other(score.edit_lang, score.test_lang)
            and (score.kind, score.scorer) == ("direct", scorer)
            and score.value is not None
        ):
            group = values.setdefault(nearest(str(score.edit_lang), score.test_lang), ([], []))
            group[0].append(score.value)
            group[1].append(score.cluster)
    return _Panel(one, pairs, {far: clustered_mean(*values[far]) for far in sorted(values)})


def _rows(panel: _Panel, scorer: str) -> Iterator[tuple[Cell, ...]]:
    names = (panel.shown.full, panel.shown.title)
    for row in panel.pairs:
        yield (*names, _distance(row), *row_cells(row))
    for far, one in panel.means.items():
        yield (
            *names,
            far,
            "any",
            "any",
            "direct",
            scorer,
            one.n,
            one.effective,
            one.value,
            one.low,
            one.high,
        )


def _set_note(panels: Sequence[_Panel]) -> list[str]:
    sets = any(len(members(str(row["edit_lang"]))) > 1 for panel in panels for row in panel.pairs)
    return ["of languages edited in at once the nearest one counts"] if sets else []


def _distance(row: TidyRow) -> int:
    return nearest(str(row["edit_lang"]), row["test_lang"])


def _draw(panels: Sequence[_Panel]) -> Figure:
    across = balanced(len(panels), _ACROSS)
    lines = -(-len(panels) // across)
    figure = Figure(figsize=(max(4.0, PAGE / 3 * across), 0.5 + 2.0 * lines), layout="constrained")
    FigureCanvasAgg(figure)
    title = head(figure, (panel.shown for panel in panels))
    grid = figure.subplots(lines, across, squeeze=False).ravel()
    ends = [row["high"] or row["value"] or 0 for panel in panels for row in panel.pairs]
    for axes in grid[len(panels) :]:
        axes.set_visible(False)
    for place, (panel, axes) in enumerate(zip(panels, grid, strict=False)):
        _draw_panel(axes, panel)
        axes.set_title("\n".join(fill(line, _TITLE_WIDTH) for line in title(panel.shown).splitlines()))
        axes.set_ylim(0, max(5, 105 * max(ends)))
        if place % across == 0:
            axes.set_ylabel("new answers (%)")
        if place + across >= len(panels):
            axes.set_xlabel("distance of the languages\n(family and script)")
    langs = dict.fromkeys(str(row["edit_lang"]) for panel in panels for row in panel.pairs)
    entries = [
        Line2D([], [], marker="o", ls="", color=language_colour(lang), label=f"edited in {lang}")
        for lang in langs
    ]
    entries.append(Line2D([], [], color="#444444", lw=1.4, label="mean, 95 % interval"))
    legend_below(figure, entries)
    return figure


def _draw_panel(axes: Axes, panel: _Panel) -> None:
    for far, one in panel.means.items():
        pairs = [row for row in panel.pairs if _distance(row) == far]
        step = 2 * _SPREAD / len(pairs)
        for place, row in enumerate(pairs):
            across = far - _SPREAD + step * (place + 0.5)
            colour = language_colour(str(row["edit_lang"]))
            if row["low"] is not None and row["high"] is not None:
                axes.plot([across] * 2, [100 * row["low"], 100 * row["high"]], color=colour, lw=0.6)
            axes.plot(across, 100 * (row["value"] or 0), "o", color=colour, ms=3.5, mew=0, clip_on=False)
        ends = (far - _SPREAD - 0.08, far + _SPREAD + 0.08)
        axes.plot(ends, [100 * (one.value or 0)] * 2, color="#444444", lw=1.4, clip_on=False)
        if one.low is not None and one.high is not None:
            axes.fill_between(ends, 100 * one.low, 100 * one.high, color="#dddddd", lw=0, zorder=0)
    every = range(_FARTHEST + 1)
    for far in every:
        if far not in panel.means:
            axes.text(
                far,
                0.03,
                "no pair",
                transform=axes.get_xaxis_transform(),
                ha="center",
                va="bottom",
                rotation=90,
                color="#777777",
                fontsize=SMALL,
            )
    axes.set_xticks(list(every))
    axes.tick_params(axis="x", length=0)
    axes.grid(True, axis="y")
