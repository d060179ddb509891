"""Figure 7: how many of the most changed neurons the edits of two languages have in common."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from mlake.errors import RunError
from mlake.languages.sets import nearest_family
from mlake.report.figures.grid import Grid, colour_bar, upright
from mlake.report.figures.heatmap import draw_cell, row_label
from mlake.report.figures.picture import Picture
from mlake.report.figures.runs import font_notes, short_models
from mlake.report.figures.style import SMALL, method_name
from mlake.report.findings.neurons import NEURON_COLUMNS
from mlake.report.table import Table
from mlake.safe import plain

__all__ = ["figure7"]

_TITLE = "Overlap of the most changed neurons between languages edited in"
_TOPS = (100, 200)
_CELL = 0.27
_NEAR, _FAR = "#0072B2", "#D55E00"

_Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class _Overlaps:
    """The overlaps of one model and method, means over layers."""

    model: str
    method: str
    langs: tuple[str, ...]
    shares: Mapping[tuple[str, str, int], float]
    chance: Mapping[int, float]

    @property
    def tops(self) -> list[int]:
        """Numbers of neurons of the heat maps: the paper's, or the first that are known."""
        return [n for n in _TOPS if n in self.chance] or sorted(self.chance)[:2]


def figure7(neurons: Table) -> Picture:
    """Overlap of the most changed neurons between languages, with the chance level (paper, Figure 7).

    A line for each model and method: heat maps for the top 100 and 200 neurons and the overlap over all
    numbers of neurons, a curve a pair of languages. A language against itself compares edits of different
    facts, where that is known.

    Args:
        neurons: Under ``NEURON_COLUMNS``. Rows whose ``layer`` is "mean" are the means over layers; where
            there are none, they are taken here.

    Raises:
        RunError: The table has other columns or no rows.
    """
    if neurons.columns != NEURON_COLUMNS or not neurons.rows:
        raise RunError(
            f"figure7 needs rows under the columns {', '.join(NEURON_COLUMNS)}, "
            f"got {len(neurons.rows)} under {', '.join(neurons.columns)}; measure the overlap of a run first"
        )
    groups = list(_groups(neurons))
    data = Table("figure7", _TITLE, NEURON_COLUMNS, tuple(_rows(groups)), neurons.notes + _notes(groups))
    return Picture("figure7", _TITLE, data, partial(_draw, groups))


def _groups(neurons: Table) -> Iterator[_Overlaps]:
    rows = [dict(zip(neurons.columns, row, strict=True)) for row in neurons.rows]
    for model, method in dict.fromkeys((str(row["model"]), str(row["method"])) for row in rows):
        own = [row for row in rows if (str(row["model"]), str(row["method"])) == (model, method)]
        own = [row for row in own if row["layer"] == "mean"] or own
        found: dict[tuple[str, str, int], list[float]] = {}
        chance: dict[int, float] = {}
        for row in own:
            pair = (str(row["lang_a"]), str(row["lang_b"]))
            found.setdefault((*pair, int(row["n"] or 0)), []).append(float(row["overlap"] or 0))
            chance[int(row["n"] or 0)] = float(row["chance"] or 0)
        yield _Overlaps(
            model=model,
            method=method_name(method),
            langs=tuple(dict.fromkeys(lang for one, other, _ in found for lang in (one, other))),
            shares={key: float(np.mean(values)) for key, values in found.items()},
            chance=dict(sorted(chance.items())),
        )


def _rows(groups: Sequence[_Overlaps]) -> Iterator[tuple[str | int | float | None, ...]]:
    for group in groups:
        for (one, other, n), share in group.shares.items():
            yield (plain(group.model), group.method, "mean", one, other, n, share, group.chance[n])


def _notes(groups: Sequence[_Overlaps]) -> tuple[str, ...]:
    return font_notes(group.model for group in groups)


def _draw(groups: Sequence[_Overlaps]) -> Figure:
    maps = max(len(group.tops) for group in groups)
    side = _CELL * max(len(group.langs) for group in groups)
    height = max(side, 1.2)
    sides = [_side(group, height) for group in groups]
    grid = Grid(
        widths=[*[side] * maps, 1.9],
        heights=[height] * len(groups),
        left=0.41 + 0.14 * max(one.count("\n") for one in sides),
        between=0.5,
        above=0.4,
        below=0.45,
        right=0.95,
    )
    figure = grid.figure()
    most = max(
        share for group in groups for (one, other, n), share in group.shares.items() if n in group.tops
    )
    most = max(most, 0.01)
    for line, group in enumerate(groups):
        for place, top in enumerate(group.tops):
            axes = grid.panel(figure, line, place)
            _draw_map(axes, group, top, most)
            if place == 0:
                axes.set_ylabel(sides[line])
        _draw_curves(grid.panel(figure, line, maps), group, last=line == len(groups) - 1)
    colour_bar(figure, "neurons in common (%)", most)
    return figure


def _side(group: _Overlaps, height: float) -> str:
    """What stands left of a line of panels."""
    return f"{upright(short_models([group.model])[group.model], height)}\n{group.method}"


def _draw_map(axes: Axes, group: _Overlaps, top: int, most: float) -> None:
    """The lower triangle; with the diagonal where a language is compared with itself."""
    langs = group.langs
    alone = not any(one == other for one, other, _ in group.shares)
    rows, columns = (langs[1:], langs[:-1]) if alone else (langs, langs)
    for row, one in enumerate(rows):
        for column, other in enumerate(columns[: row + 1]):
            share = group.shares.get((other, one, top), group.shares.get((one, other, top)))
            draw_cell(axes, (column, row), share, most=most, size=SMALL)
    axes.set_xlim(0, len(columns))
    axes.set_ylim(len(rows), 0)
    axes.set_aspect("equal")
    axes.set_anchor("NW")
    axes.set_xticks(np.arange(len(columns)) + 0.5, list(map(row_label, columns)))
    axes.set_yticks(np.arange(len(rows)) + 0.5, list(map(row_label, rows)))
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_title(f"top {top}\nchance {100 * group.chance[top]:.1f} %")


def _draw_curves(axes: Axes, group: _Overlaps, *, last: bool) -> None:
    tops = list(group.chance)
    for one, other in dict.fromkeys((one, other) for one, other, _ in group.shares if one != other):
        known = [n for n in tops if (one, other, n) in group.shares]
        colour = _NEAR if nearest_family(one, other) < 2 else _FAR
        axes.plot(known, [100 * group.shares[one, other, n] for n in known], color=colour, lw=0.8, alpha=0.8)
    axes.plot(tops, [100 * chance for chance in group.chance.values()], color="#444444", ls="--")
    axes.set_xscale("log")
    axes.set_ylim(0, 100)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.set_ylabel("in common (%)")
    axes.grid(True)
    axes.legend(
        handles=[
            Line2D([], [], color=_NEAR, label="same family"),
            Line2D([], [], color=_FAR, label="other"),
            Line2D([], [], color="#444444", ls="--", label="chance"),
        ],
        loc="lower left",
        bbox_to_anchor=(-0.05, 1.0),
        ncols=3,
        columnspacing=0.8,
        handlelength=1.4,
    )
    if last:
        axes.set_xlabel("most changed neurons")
