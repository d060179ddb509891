"""Names beside the points of a scatter plot, none on top of another."""

from collections.abc import Iterator, Sequence
from itertools import product
from math import cos, pi, sin
from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

__all__ = ["Point", "label_points"]

_NEAR = 7.0
"""Distance of a name from its point, in points of 1/72 inch; what is further away has a line to it."""
_FURTHER = (1.0, 1.7, 2.5, 3.5, 4.7, 6.0, 7.5, 9.0, 11.0, 13.0, 16.0)
_WAYS = 16
_ROOM = 1.0
"""Room around a name, in points."""
_GROUND: dict[str, Any] = {"facecolor": "white", "edgecolor": "none", "pad": 0.3}
_MARK = 3.0
"""Half the width of a point, in points."""


class Point(NamedTuple):
    """A point and what it is called.

    Attributes:
        x: Where it is, in data units.
        y: The same.
        name: What it is called.
    """

    x: float
    y: float
    name: str


def label_points(figure: Figure, axes: Axes, points: Sequence[Point], size: float) -> None:
    """Write the name of each point where there is room for it.

    Args:
        figure: The figure, with all but the names.
        axes: Its axes that show the points.
        points: The points; all keep their place.
        size: Size of the letters.
    """
    figure.draw_without_rendering()
    scale = figure.dpi / 72
    places = [axes.transData.transform((one.x, one.y)) for one in points]
    taken = [_around(x, y, scale * _MARK) for x, y in places]
    for point in points:
        text = axes.annotate(
            point.name, (point.x, point.y), (0, 0), textcoords="offset points", fontsize=size,
            ha="center", va="center", annotation_clip=False, bbox=_GROUND,
        )  # fmt: skip
        box = text.get_window_extent().padded(scale * _ROOM)
        offset, far = _free(box, taken, axes.bbox, scale)
        text.set_position(offset)
        taken.append(box.translated(*(scale * part for part in offset)))
        if far:
            line: dict[str, Any] = {
                "arrowstyle": "-",
                "color": "#999999",
                "lw": 0.5,
                "shrinkA": 0,
                "shrinkB": 2,
            }
            axes.annotate(
                "", (point.x, point.y), offset, textcoords="offset points", arrowprops=line, zorder=0.5
            )


def _around(x: float, y: float, half: float) -> Bbox:
    return Bbox.from_extents(x - half, y - half, x + half, y + half)


def _free(box: Bbox, taken: Sequence[Bbox], within: Bbox, scale: float) -> tuple[tuple[float, float], bool]:
    """The nearest offset at which a name meets nothing and stays within, and whether it is far.

    Where there is none, that which meets least.
    """

    def met(offset: tuple[float, float]) -> float:
        moved = box.translated(*(scale * part for part in offset))
        outside = moved.width * moved.height - _shared(moved, within)
        return outside + sum(_shared(moved, one) for one in taken)

    every = list(_offsets(box.width / scale, box.height / scale))
    at = min(range(len(every)), key=lambda number: (met(every[number]), number))
    return every[at], at >= _WAYS


def _offsets(width: float, height: float) -> Iterator[tuple[float, float]]:
    """Offsets of a name's middle from its point, in points, the nearest first, all round."""
    for far, way in product(_FURTHER, range(_WAYS)):
        angle = 2 * pi * way / _WAYS
        across, up = cos(angle), sin(angle)
        yield across * (_NEAR * far + width / 2), up * (_NEAR * far + height / 2)


def _shared(one: Bbox, other: Bbox) -> float:
    """Area of what two boxes share."""
    both = Bbox.intersection(one, other)
    return 0.0 if both is None else both.width * both.height
