"""Names beside points: all there, none on another, none outside, long ways shown by a line."""

from itertools import combinations

import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from mlake.report.figures.labels import Point, label_points

CROWD = [Point(95 + 0.5 * (at % 5), at % 7, f"method-{at}") for at in range(14)]
CORNERS = [Point(x, y, f"{x} and {y}") for x in (0, 100) for y in (0, 100)]
SAME = [Point(50, 50, name) for name in ("one", "two", "three")]


def drawn(points: list[Point]) -> Axes:
    figure = Figure(figsize=(4, 3.4), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    axes.set_xlim(0, 100)
    axes.set_ylim(0, 100)
    label_points(figure, axes, points, 6.5)
    figure.draw_without_rendering()
    return axes


def shared(one: Bbox, other: Bbox) -> float:
    both = Bbox.intersection(one, other)
    return 0.0 if both is None else both.width * both.height


@pytest.mark.parametrize("points", [CROWD, CORNERS, SAME, []])
def test_names_meet_neither_each_other_nor_points_nor_the_edge(points: list[Point]) -> None:
    axes = drawn(points)
    named = [text for text in axes.texts if text.get_text()]
    assert [text.get_text() for text in named] == [one.name for one in points]
    boxes = [text.get_window_extent() for text in named]
    assert all(shared(one, other) < 1 for one, other in combinations(boxes, 2))
    places = [axes.transData.transform((one.x, one.y)) for one in points]
    assert not any(box.contains(*place) for box in boxes for place in places)
    assert all(shared(box, axes.bbox) > 0.99 * box.width * box.height for box in boxes)


def test_only_a_name_far_from_its_point_has_a_line() -> None:
    axes = drawn([*CROWD, Point(20, 80, "alone")])
    lines = [text.xy for text in axes.texts if not text.get_text()]  # type: ignore[attr-defined]
    assert lines and (20, 80) not in lines and set(lines) <= {(one.x, one.y) for one in CROWD}
