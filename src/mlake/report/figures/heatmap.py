"""Tidy rows as a figure: the language-pair heat map, the same bytes for the same numbers."""

from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any, Literal

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize, to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from mlake.kinds import KINDS
from mlake.languages.sets import is_own, members
from mlake.report.tidy import UNEDITED, Matrix, TidyRow, available, matrix
from mlake.safe import plain
from mlake.scorers.table import signature

__all__ = ["CELL_COLOURS", "draw_cell", "draw_panel", "heatmap", "ink", "panel_height", "row_label"]

CELL_COLOURS = matplotlib.colormaps["cividis"]
"""Colours of all heat maps, from low to high."""

_SCORER = "contains"
_CELL = 0.62  # inches
_GAP = 0.25  # of a cell, between the unedited model and the edited ones
_A_LINE = 3  # languages of a set, beside a row
_MISSING = "#d9d9d9"
_STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "pdf.fonttype": 42,
    "text.parse_math": False,
}
_METADATA: dict[str, dict[str, None]] = {"png": {"Software": None}, "pdf": {"CreationDate": None}}


def heatmap(spec: Mapping[str, Any], rows: Sequence[TidyRow], kind: Literal["png", "pdf"]) -> bytes:
    """Heat map of ``contains``: edited in by asked in, direct and two-hop questions side by side.

    Other kinds are shown only where there are neither direct nor two-hop questions.

    Args:
        spec: The run's settings, for the caption.
        rows: Tidy rows.
        kind: File format; PNG has 200 dots an inch.

    Raises:
        ValueError: There is no ``contains`` value to show.
    """
    have = available(rows, _SCORER)
    chosen = [one for one in ("direct", "multihop") if one in have] or have[:1]
    if not chosen:
        raise ValueError("no 'contains' values to draw")
    with matplotlib.rc_context():
        matplotlib.rcdefaults()  # a user's own style must not change the bytes
        matplotlib.rcParams.update(_STYLE)
        figure = _draw(spec, [(KINDS[one].heading, matrix(rows, one, _SCORER)) for one in chosen])
        buffer = BytesIO()
        figure.savefig(buffer, format=kind, dpi=200, metadata=_METADATA[kind])
    return buffer.getvalue()


def _draw(spec: Mapping[str, Any], panels: Sequence[tuple[str, Matrix]]) -> Figure:
    width = sum(len(panel.tests) * _CELL for _, panel in panels) + 0.9 * len(panels) + 1.1
    height = max(len(panel.edits) for _, panel in panels) * _CELL + 1.7
    figure = Figure(figsize=(max(width, 4.5), height), layout="constrained")
    FigureCanvasAgg(figure)
    ratios = [len(panel.tests) for _, panel in panels]
    grid = figure.subplots(1, len(panels), squeeze=False, width_ratios=ratios)[0]
    for place, (axes, (title, panel)) in enumerate(zip(grid, panels, strict=True)):
        draw_panel(axes, panel)
        axes.set_title(title, fontsize=10, pad=8)
        axes.set_xlabel("asked in")
        if place == 0:
            axes.set_ylabel("edited in")
    scale = ScalarMappable(Normalize(0, 100), CELL_COLOURS)
    bar = figure.colorbar(scale, ax=list(grid), fraction=0.05, pad=0.02, aspect=25)
    bar.set_label("answers that give the new answer (%)")
    bar.outline.set_visible(False)
    figure.suptitle(plain(f"{spec.get('model', 'unknown')} · {spec.get('method', 'unknown')}"), fontsize=11)
    figure.supxlabel(_caption(spec), fontsize=7, color="#444444")
    return figure


def _caption(spec: Mapping[str, Any]) -> str:
    names = ("data", "batch_size", "seed")
    settings = (f"{name.replace('_', ' ')} {spec.get(name, 'unknown')}" for name in names)
    return plain(" · ".join([signature(_SCORER), *settings, "framed: asked in the language edited in"]))


def draw_panel(
    axes: Axes, panel: Matrix, *, size: float | None = None, frame: float = 1.6, most: float = 1.0
) -> None:
    """One matrix of shares: a square a cell, the unedited model set apart on top.

    Args:
        axes: Where to draw.
        panel: The matrix; what was asked in the language edited in is framed.
        size: Size of the numbers in points.
        frame: Width of the frames in points.
        most: The share that has the last colour.
    """
    tops = _tops(panel)
    for top, edit in zip(tops, panel.edits, strict=True):
        for left, test in enumerate(panel.tests):
            row = panel.cells.get((edit, test))
            draw_cell(axes, (left, float(top)), row["value"] if row else None, most=most, size=size)
            if is_own(edit, test):
                corner = (left + 0.04, float(top) + 0.04)
                axes.add_patch(Rectangle(corner, 0.92, 0.92, fill=False, edgecolor="white", lw=frame))
    axes.set_xlim(0, len(panel.tests))
    axes.set_ylim(tops[-1] + 1, 0)
    axes.set_aspect("equal")
    axes.set_xticks(np.arange(len(panel.tests)) + 0.5, panel.tests)
    axes.set_yticks(tops + 0.5, [row_label(edit) for edit in panel.edits])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def row_label(edit: str | None, unedited: str = UNEDITED) -> str:
    """What was edited in, as it stands beside a row: a set of many languages in several lines."""
    if edit is None:
        return unedited
    langs = members(edit)
    return "+\n".join("+".join(langs[at : at + _A_LINE]) for at in range(0, len(langs), _A_LINE))


def panel_height(panel: Matrix) -> float:
    """Height of a matrix, in sides of a cell."""
    return float(_tops(panel)[-1]) + 1


def _tops(panel: Matrix) -> NDArray[np.float64]:
    tops = np.arange(len(panel.edits), dtype=np.float64)
    if panel.edits[0] is None:
        tops[1:] += _GAP
    return tops


def draw_cell(
    axes: Axes,
    corner: tuple[float, float],
    share: float | None,
    *,
    most: float = 1.0,
    size: float | None = None,
) -> None:
    """A square of side 1 with a share in percent, or a dash where there is none.

    Args:
        axes: Where to draw.
        corner: Its left and top.
        share: From 0 to 1.
        most: The share that has the last colour.
        size: Size of the number in points.
    """
    left, top = corner
    if share is None:
        face, text = to_rgb(_MISSING), "–"
    else:
        face, text = to_rgb(CELL_COLOURS(share / most)), f"{100 * share:.1f}".replace("100.0", "100")
    axes.add_patch(Rectangle((left, top), 1, 1, facecolor=face, edgecolor="white", lw=0.8))
    axes.text(left + 0.5, top + 0.5, text, ha="center", va="center", color=ink(face), fontsize=size)


def ink(face: Sequence[float]) -> str:
    """Black or white, whichever has the higher contrast (WCAG relative luminance) on a colour."""
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in face]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "black" if (luminance + 0.05) ** 2 > 1.05 * 0.05 else "white"
