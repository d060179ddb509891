"""Heat maps of causal tracing: by block and place of a token, a figure a language."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize

from mlake.languages import language
from mlake.report.figures.grid import Grid, upright
from mlake.report.figures.heatmap import CELL_COLOURS
from mlake.report.figures.picture import Picture
from mlake.report.figures.style import label
from mlake.report.table import Table

__all__ = ["tracing_picture"]

_WIDTH = 1.75
_LINE = 0.2


def tracing_picture(
    lang: str,
    model: str,
    cells: Sequence[Mapping[str, Any]],
    kinds: Mapping[str, str],
    places: Mapping[str, str],
) -> Picture:
    """Mean indirect effects in one language (Meng et al. 2022, Figure 2): a panel for each thing put back.

    Args:
        lang: The language.
        model: Name of the model.
        cells: Mean effects with ``kind``, ``place``, ``block``, ``value``, ``low``, ``high`` and ``n``.
        kinds: Name to title of what is put back.
        places: Name to title of where a token stands.
    """
    shown = [one for one in places if any(cell["place"] == one for cell in cells)]
    depth = 1 + max(cell["block"] for cell in cells)
    most = max(1e-9, *(cell["value"] for cell in cells))
    title = f"Indirect effect on the answer in {language(lang).name}, {label(model)}"
    data = Table(
        name=f"trace-{lang}",
        title=title,
        columns=("put back", "token", "block", "effect", "low", "high", "n"),
        rows=tuple((kinds[one["kind"]], places[one["place"]], *(one[key] for key in _CELL)) for one in cells),
    )

    def draw() -> Any:
        grid = Grid(widths=(_WIDTH,) * len(kinds), heights=(_LINE * len(shown),), left=1.25, right=0.95,
                    between=0.15)  # fmt: skip
        figure = grid.figure()
        scale = Normalize(0, most)
        for column, (kind, name) in enumerate(kinds.items()):
            axes = grid.panel(figure, 0, column)
            values = [[float("nan")] * depth for _ in shown]
            for cell in cells:
                if cell["kind"] == kind:
                    values[shown.index(cell["place"])][cell["block"]] = cell["value"]
            axes.imshow(values, cmap=CELL_COLOURS, norm=scale, aspect="auto", interpolation="nearest")
            axes.set_title(name)
            axes.set_xlabel("block")
            axes.set_yticks(range(len(shown)), [places[one] for one in shown] if column == 0 else [])
            axes.tick_params(length=0)
            axes.spines[:].set_visible(False)
        width, height = figure.get_size_inches()
        tall = _LINE * len(shown)
        box = ((width - 0.8) / width, 0.4 / height, 0.09 / width, tall / height)
        bar = figure.colorbar(ScalarMappable(scale, CELL_COLOURS), cax=figure.add_axes(box))
        bar.set_label(upright("rise of probability", tall))
        bar.outline.set_visible(False)
        return figure

    return Picture(f"trace-{lang}", title, data, draw)


_CELL = ("block", "value", "low", "high", "n")
