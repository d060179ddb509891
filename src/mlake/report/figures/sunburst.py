"""Two rings: first relations of chains inside, the most frequent second ones of each outside (Figure 8 a)."""

import math
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Wedge
from matplotlib.transforms import Bbox

from mlake.report.figures.heatmap import ink
from mlake.report.figures.style import families, label, text_width

__all__ = ["sunburst"]

_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#6A5ACD", "#8C6D31")
_OTHERS = "#eeeeee"
_HOLE, _MIDDLE, _RIM, _EDGE = 0.5, 1.75, 2.05, 3.3  # radii in inches
_SIZE = 6.0
_LINE = _SIZE * 1.15 / 72  # height of a line of text in inches
_CHARACTER = _SIZE * 0.62 / 72  # width of a character in inches, at most of most
_SPACE = 0.06  # between text and an edge, in inches
_FEWEST = 6  # characters that a label is shortened to

_Row = Mapping[str, Any]


def sunburst(rows: Sequence[_Row]) -> Figure:
    """Draws the rings.

    Relations whose wedge is narrower than a line of text have no label, long labels are shortened to what
    fits, and an id stands only where no label is known or no font has it. The figure ends where its text
    does.

    Args:
        rows: Rows of ``mlake.data.stats.views``' Figure 8a, in one language.
    """
    groups = [list(group) for _, group in groupby(rows, lambda row: (row["first_id"], row["first_label"]))]
    figure = Figure(figsize=(2 * _EDGE, 2 * _EDGE))
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_xlim(-_EDGE, _EDGE)
    axes.set_ylim(-_EDGE, _EDGE)
    axes.set_axis_off()
    turn = 360 / sum(group[0]["first_count"] for group in groups)
    end = 90.0
    for place, group in enumerate(groups):
        start, end = end, end - turn * group[0]["first_count"]
        _draw_first(axes, group, (end, start), _COLOURS[place % len(_COLOURS)])
        upper = start
        for row in group:
            lower = upper - turn * row["count"]
            _draw_second(axes, row, (lower, upper), _COLOURS[place % len(_COLOURS)])
            upper = lower
        if upper > end + 1e-9:
            _wedge(axes, (end, upper), (_MIDDLE, _RIM), _OTHERS)
    _crop(figure, axes)
    return figure


def _crop(figure: Figure, axes: Axes) -> None:
    """Cuts the figure to the rings and their text; an inch stays a unit of the axes."""
    rings = Bbox.from_extents(-_RIM, -_RIM, _RIM, _RIM)
    to_data = axes.transData.inverted()
    texts = [one.get_window_extent().transformed(to_data) for one in axes.texts]
    box = Bbox.union([rings, *texts]).padded(_SPACE)
    figure.set_size_inches(box.width, box.height)
    axes.set_xlim(box.x0, box.x1)
    axes.set_ylim(box.y0, box.y1)


def _draw_first(axes: Axes, group: Sequence[_Row], arc: tuple[float, float], colour: str) -> None:
    _wedge(axes, arc, (_HOLE, _MIDDLE), colour)
    row = group[0]
    inner = max(_HOLE, _LINE / math.radians(arc[1] - arc[0]))  # where a line of text begins to fit
    room = int((_MIDDLE - _SPACE - inner) / _CHARACTER)
    name = _name(row, "first", max(_FEWEST, min(24, room)))
    if text_width(name) <= room:
        _write(axes, arc, _MIDDLE - _SPACE, name, ink(to_rgb(colour)), row["lang"], inward=True)


def _draw_second(axes: Axes, row: _Row, arc: tuple[float, float], colour: str) -> None:
    tint = tuple(0.45 * part + 0.55 for part in to_rgb(colour))
    _wedge(axes, arc, (_MIDDLE, _RIM), tint)
    if _fits(arc, _MIDDLE):
        _write(axes, arc, _RIM - _SPACE, f"{row['count']}", "black", row["lang"], inward=True)
        _write(axes, arc, _RIM + _SPACE, _name(row, "second", 22), "black", row["lang"])


def _name(row: _Row, which: str, width: int) -> str:
    id_, text = row[f"{which}_id"], row[f"{which}_label"]
    return label(id_ if text is None else text, id_ or row["lang"], width)


def _fits(arc: tuple[float, float], radius: float) -> bool:
    """Whether a line of text is no higher than the wedge is wide there."""
    return math.radians(arc[1] - arc[0]) * radius >= _LINE


def _wedge(
    axes: Axes,
    arc: tuple[float, float],
    radii: tuple[float, float],
    colour: str | tuple[float, ...],
) -> None:
    inner, outer = radii
    shape = Wedge((0, 0), outer, *arc, width=outer - inner, facecolor=colour, edgecolor="white", lw=0.5)
    axes.add_patch(shape)


def _write(
    axes: Axes,
    arc: tuple[float, float],
    radius: float,
    text: str,
    colour: str,
    lang: str,
    *,
    inward: bool = False,
) -> None:
    """Text along the radius from its place outward, or inward; never upside down."""
    angle = sum(arc) / 2
    flipped = math.cos(math.radians(angle)) < 0
    axes.text(
        radius * math.cos(math.radians(angle)),
        radius * math.sin(math.radians(angle)),
        text,
        rotation=angle + 180 if flipped else angle,
        rotation_mode="anchor",
        ha="right" if flipped != inward else "left",
        va="center",
        color=colour,
        fontsize=_SIZE,
        fontfamily=families(lang),
    )
