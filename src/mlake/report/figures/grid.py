"""Panels at fixed sizes in inches: what has square cells must not be stretched to fit."""

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import fill

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from mlake.report.figures.heatmap import CELL_COLOURS

__all__ = ["Grid", "balanced", "colour_bar", "legend_below", "upright"]


@dataclass(frozen=True, slots=True)
class Grid:
    """Panels in lines, all measures in inches.

    Attributes:
        widths: Width of the panel in each column.
        heights: Height of the panel in each line.
        left: Space left of the first column.
        between: Space between columns, for what stands left of a panel.
        above: Space over each line, for titles.
        below: Space under each line.
        right: Space right of the last column.
    """

    widths: Sequence[float]
    heights: Sequence[float]
    left: float = 0.6
    between: float = 0.45
    above: float = 0.25
    below: float = 0.4
    right: float = 0.1

    @property
    def size(self) -> tuple[float, float]:
        """Width and height of the figure."""
        width = self.left + sum(self.widths) + self.between * (len(self.widths) - 1) + self.right
        return width, sum(self.heights) + len(self.heights) * (self.above + self.below)

    def figure(self) -> Figure:
        """An empty figure of that size."""
        figure = Figure(figsize=self.size)
        FigureCanvasAgg(figure)
        return figure

    def panel(self, figure: Figure, line: int, column: int) -> Axes:
        """Adds the axes of one panel."""
        width, height = self.size
        left = self.left + sum(self.widths[:column]) + self.between * column
        top = sum(self.heights[:line]) + line * (self.above + self.below) + self.above
        bottom = height - top - self.heights[line]
        box = (left / width, bottom / height, self.widths[column] / width, self.heights[line] / height)
        return figure.add_axes(box)


def balanced(count: int, most: int) -> int:
    """How many of ``count`` things to put side by side, ``most`` at most, for lines of about one length."""
    return -(-count // -(-count // most))


def legend_below(figure: Figure, entries: Sequence[Artist]) -> None:
    """Puts a legend under all panels, in as few lines as the width of the figure allows."""
    width = figure.get_window_extent().width
    for lines in range(1, len(entries) + 1):
        columns = -(-len(entries) // lines)
        legend = figure.legend(
            handles=entries, loc="outside lower center", ncols=columns, columnspacing=1.2, handlelength=1.6
        )
        if columns == 1 or legend.get_window_extent().width <= width:
            return
        legend.remove()


def upright(text: str, height: float) -> str:
    """Text to stand along a side of a panel, in as many lines as it takes.

    Args:
        text: The text.
        height: Height of the panel in inches.
    """
    return fill(text, max(8, int(14 * height)))


def colour_bar(figure: Figure, title: str, most: float = 1.0) -> None:
    """Adds the scale of a heat map of shares at the right edge, where a grid leaves at least 0.95 inches.

    Args:
        figure: Where to draw.
        title: What the colours mean.
        most: The share that has the last colour.
    """
    width, height = figure.get_size_inches()
    tall = min(height - 0.65, 2.2)
    box = ((width - 0.8) / width, 1 - (0.25 + tall) / height, 0.09 / width, tall / height)
    bar = figure.colorbar(ScalarMappable(Normalize(0, 100 * most), CELL_COLOURS), cax=figure.add_axes(box))
    bar.set_label(upright(title, tall))
    bar.outline.set_visible(False)
