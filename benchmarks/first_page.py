"""The figure of the README's first page: one run's direct and two-hop questions, readable at 600 pixels."""

from collections.abc import Sequence
from io import BytesIO

from matplotlib.figure import Figure
from PIL import Image

from mlake.report.figures.heatmap import draw_panel
from mlake.report.figures.style import paper
from mlake.report.tidy import TidyRow, matrix

__all__ = ["picture"]

_PANELS = {"direct": "asked directly", "multihop": "asked over two hops"}
_SIZE = (6.0, 3.75)  # inches
_DOTS = 200  # an inch: twice as many as the page shows
_COLOURS = 128  # look the same as all of them in a third of the bytes


def picture(rows: Sequence[TidyRow], caption: str) -> bytes:
    """A heat map as PNG: edited in by asked in.

    Args:
        rows: The numbers of a run.
        caption: What made them.
    """
    drawn, small = BytesIO(), BytesIO()
    with paper():
        _draw(rows, caption).savefig(drawn, format="png", dpi=_DOTS)
    Image.open(drawn).convert("RGB").quantize(_COLOURS).save(small, "png", optimize=True)
    return small.getvalue()


def _draw(rows: Sequence[TidyRow], caption: str) -> Figure:
    figure = Figure(figsize=_SIZE, layout="constrained")
    grid = figure.subplots(1, len(_PANELS), sharey=True)
    for axes, (kind, title) in zip(grid, _PANELS.items(), strict=True):
        draw_panel(axes, matrix(rows, kind, "contains"), size=8, frame=2.5)
        axes.set_title(title, fontsize=10)
        axes.set_xlabel("language asked in", fontsize=9)
        axes.tick_params(labelsize=9)
    grid[0].set_ylabel("language edited in", fontsize=9)
    figure.suptitle("Answers that give the new answer, %", fontsize=11)
    figure.supxlabel(caption, fontsize=8, color="#444444")
    return figure
