"""Figure 8: what a data set holds: relations, entities, question lengths and aliases."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from mlake.data.stats.describe import describe
from mlake.data.stats.views import FIGURES
from mlake.data.stats.views import figure as rows_of
from mlake.errors import DataError, UnknownNameError
from mlake.records import Benchmark
from mlake.report.figures.grid import balanced, legend_below
from mlake.report.figures.picture import Picture
from mlake.report.figures.runs import font_notes
from mlake.report.figures.style import COLUMN, PAGE, families, label
from mlake.report.figures.sunburst import sunburst
from mlake.report.table import Table

__all__ = ["figure8"]

_Row = Mapping[str, Any]

_EVERY = ("d", "e")  # parts that show all languages; the others show one
_NAMED = {"a": ("first_label", "second_label"), "b": ("label",), "c": ("label",)}
_BARS = 40  # at most
_BAR = "#0072B2"
_KINDS = {
    "direct": ("direct", "#0072B2"),
    "multihop_before": ("two-hop before", "#E69F00"),
    "multihop": ("two-hop after", "#009E73"),
}
_ANSWERS = {
    "new": ("new answers of facts", "#0072B2"),
    "multihop": ("two-hop answers after the edit", "#009E73"),
}


def figure8(benchmark: Benchmark, part: str, lang: str | None = None) -> Picture:
    """One part of the paper's Figure 8, for any data set.

    * ``a``: first relations of two-hop questions after the edit, and their three most frequent second ones;
    * ``b``: relations above 1 %, ``c``: entities above 0.5 %, of the same questions;
    * ``d``: lengths of questions by kind, ``e``: number of aliases of answers.

    Args:
        benchmark: The data set.
        part: ``a`` to ``e``.
        lang: The language to show. Without it ``d`` and ``e`` show all, the others English, as the paper
            does, or the first language where there is no English.

    Raises:
        UnknownNameError: There is no such part.
        DataError: The data set holds nothing in the language, or nothing to draw.
    """
    if part not in FIGURES:
        raise UnknownNameError("part of figure 8", part, FIGURES)
    if lang is None and part not in _EVERY:
        lang = "en" if "en" in benchmark.langs else next(iter(benchmark.langs), None)
    rows = rows_of(describe(benchmark, [lang] if lang else None), part)
    if not rows:
        raise DataError(
            f"figure8{part} needs {FIGURES[part].title}, {benchmark.name!r} has none; choose other data"
        )
    title = FIGURES[part].title.capitalize()
    names = [row[column] for row in rows for column in _NAMED.get(part, ()) if row[column]]
    data = Table(
        name=f"figure8{part}",
        title=f"{benchmark.name}: {title}",
        columns=tuple(rows[0]),
        rows=tuple(tuple(row.values()) for row in rows),  # type: ignore[arg-type]
        notes=(*_left_out(part, rows), *font_notes(names)),
    )
    return Picture(data.name, data.title, data, partial(_DRAWN[part], rows))


def _left_out(part: str, rows: Sequence[_Row]) -> Iterator[str]:
    """What the data hold that has no place in the figure."""
    if part == "a":
        yield "relations that are too rare for a line of text have no label in the figure"
        pairs = [(row[f"{one}_id"], row[f"{one}_label"]) for row in rows for one in ("first", "second")]
        bare = dict.fromkeys(id_ for id_, text in pairs if text is None and id_)
        if bare:
            yield f"{', '.join(map(label, bare))} are ids: the data give no label"
    if part in "bc" and len(rows) > _BARS:
        yield f"the figure shows the first {_BARS} of {len(rows)}"


def _named(row: _Row, prefix: str = "", width: int = 30) -> str:
    """Label and id of a relation or entity, as far as they are known."""
    id_, text = row[f"{prefix}id"], row[f"{prefix}label"]
    if text is None:
        return label(id_)
    shown = label(text, id_ or row["lang"], width)
    return shown if id_ is None or shown == id_ else f"{shown} ({id_})"


def _frequencies(rows: Sequence[_Row], axis: str) -> Figure:
    """Bars, the most frequent one on top."""
    rows = rows[:_BARS]
    figure = _empty(PAGE * 0.72, 0.45 + 0.165 * len(rows))
    axes = figure.subplots()
    shares = [100 * row["share"] for row in rows]
    axes.barh(range(len(rows)), shares, color=_BAR, height=0.72)
    for place, share in enumerate(shares):
        axes.annotate(
            f"{share:.1f}", (share, place), (2, 0), textcoords="offset points", va="center", fontsize=6.5
        )
    axes.set_yticks(range(len(rows)), list(map(_named, rows)), fontfamily=families(rows[0]["lang"]))
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlim(0, 1.1 * max(shares))
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel(axis)
    return figure


def _lengths(rows: Sequence[_Row]) -> Figure:
    return _histograms(rows, "kind", "length", _KINDS, lambda row: f"length ({row['unit']})")


def _aliases(rows: Sequence[_Row]) -> Figure:
    return _histograms(rows, "answers", "aliases", _ANSWERS, lambda row: "aliases beside the main answer")


def _histograms(
    rows: Sequence[_Row],
    kind: str,
    value: str,
    kinds: Mapping[str, tuple[str, str]],
    axis: Callable[[_Row], str],
) -> Figure:
    """A panel a language, an outlined histogram a kind, each as percent of its own."""
    langs = list(dict.fromkeys(row["lang"] for row in rows))
    across = balanced(len(langs), 3)
    lines = -(-len(langs) // across)
    figure = _empty(max(COLUMN, PAGE / 3 * across), 0.4 + 1.7 * lines)
    grid = figure.subplots(lines, across, squeeze=False, sharey=True).ravel()
    for axes in grid[len(langs) :]:
        axes.set_visible(False)
    for place, (lang, axes) in enumerate(zip(langs, grid, strict=False)):
        own = [row for row in rows if row["lang"] == lang]
        _draw_histograms(axes, own, kind, value, kinds)
        axes.set_title(lang)
        axes.set_xlabel(axis(own[0]))
        if place % across == 0:
            axes.set_ylabel("share (%)")
    legend_below(figure, grid[0].get_legend_handles_labels()[0])
    return figure


def _draw_histograms(
    axes: Axes, rows: Sequence[_Row], kind: str, value: str, kinds: Mapping[str, tuple[str, str]]
) -> None:
    for name, (title, colour) in kinds.items():
        counts = {row[value]: row["count"] for row in rows if row[kind] == name}
        total = sum(counts.values())
        places = range(max(counts, default=0) + 1)
        shares = [100 * counts.get(place, 0) / max(total, 1) for place in places]
        edges = [place - 0.5 for place in (*places, len(places))]
        axes.stairs(shares, edges, color=colour, label=title, lw=1.0)
        axes.stairs(shares, edges, color=colour, fill=True, alpha=0.15, lw=0)
    axes.grid(True, axis="y")
    axes.set_xlim(left=-0.5)


def _empty(width: float, height: float) -> Figure:
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


_DRAWN: Mapping[str, Callable[[Sequence[_Row]], Figure]] = {
    "a": sunburst,
    "b": partial(_frequencies, axis="share of all relations in chains (%)"),
    "c": partial(_frequencies, axis="share of all entities in chains (%)"),
    "d": _lengths,
    "e": _aliases,
}
