"""The README's first page: a figure of one run's direct and two-hop questions, and its numbers in words."""

from collections.abc import Callable, Mapping, Sequence
from io import BytesIO
from textwrap import fill
from typing import Any

from matplotlib.figure import Figure

from benchmarks.pictures import small
from mlake.report.figures.heatmap import draw_panel
from mlake.report.figures.style import paper
from mlake.report.tidy import TidyRow, matrix
from mlake.scorers.table import signature

__all__ = ["picture", "words"]

_SCORER = "contains"
_WIDTH = 118  # characters of a line of the README
_NEAR = {"en", "de", "fr"}
_PANELS = {"direct": "asked directly", "multihop": "asked over two hops"}
_SIZE = (6.0, 3.75)  # inches
_DOTS = 200  # an inch: twice as many as the page shows


def picture(rows: Sequence[TidyRow], caption: str) -> bytes:
    """A heat map as PNG: edited in by asked in.

    Args:
        rows: The numbers of a run.
        caption: What made them.
    """
    drawn = BytesIO()
    with paper():
        _draw(rows, caption).savefig(drawn, format="png", dpi=_DOTS)
    return small(drawn.getvalue())


def _draw(rows: Sequence[TidyRow], caption: str) -> Figure:
    figure = Figure(figsize=_SIZE, layout="constrained")
    grid = figure.subplots(1, len(_PANELS), sharey=True)
    for axes, (kind, title) in zip(grid, _PANELS.items(), strict=True):
        draw_panel(axes, matrix(rows, kind, _SCORER), size=8, frame=2.5)
        axes.set_title(title, fontsize=10)
        axes.set_xlabel("language asked in", fontsize=9)
        axes.tick_params(labelsize=9)
    grid[0].set_ylabel("language edited in", fontsize=9)
    figure.suptitle("Answers that give the new answer, %", fontsize=11)
    figure.supxlabel(f"{caption} · {signature(_SCORER)}", fontsize=8, color="#444444")
    return figure


def words(spec: Mapping[str, Any], rows: Sequence[TidyRow], model: str) -> str:
    """The figure's numbers in a sentence of Markdown.

    Args:
        spec: The run's settings.
        rows: The numbers of the run.
        model: What the model is called.
    """

    def span(fits: Callable[[str, str], bool]) -> str:
        found = [
            100 * (row["value"] or 0.0)
            for (edit, test), row in matrix(rows, "direct", _SCORER).cells.items()
            if edit is not None and fits(edit, test)
        ]
        return f"{min(found):.1f} to {max(found):.1f} %"

    own = span(lambda edit, test: edit == test)
    near = span(lambda edit, test: edit != test and {edit, test} <= _NEAR)
    far = span(lambda edit, test: edit != test and not {edit, test} <= _NEAR)
    first, last = spec["facts"]
    text = (
        f"*{last - first} facts edited into {model} with {spec['method'].upper()}, in batches of "
        f"{spec['batch_size']}. Asked in the language of the edit, {own} of direct answers give the new "
        f"answer (`{signature(_SCORER)}`); between English, German and French {near}; from or to Japanese "
        f"and Chinese {far}. [All results, with what made them](docs/results.md).*"
    )
    return fill(text, _WIDTH)
