"""Figures of a data set and of an analysis: what is drawn is what the data say."""

from dataclasses import replace
from typing import Any

import pytest
from matplotlib.patches import Wedge
from matplotlib.transforms import Bbox
from tests.report.synthetic import make_neurons
from tests.report.test_figures_style import no_cjk  # noqa: F401

import mlake
from mlake.errors import DataError, RunError, UnknownNameError
from mlake.records import Benchmark
from mlake.report.figures import figure7, figure8
from mlake.report.figures.style import FONT_NOTE, paper
from mlake.report.figures.sunburst import sunburst
from mlake.report.table import Table


@pytest.fixture(scope="module")
def mini() -> Benchmark:
    return mlake.load("mini")


def drawn(picture):
    with paper():
        figure = picture.draw()
        figure.canvas.draw()
    return figure


def test_figure7_shows_overlap_and_chance() -> None:
    picture = figure7(make_neurons(langs=("en", "de", "zh")))
    first, second, curves, _ = drawn(picture).axes
    shares = {row[3:6]: row[6] for row in picture.data.rows}
    for axes, top in ((first, 100), (second, 200)):
        numbers = {f"{100 * share:.1f}" for (_, _, n), share in shares.items() if n == top}
        assert {text.get_text() for text in axes.texts} == numbers
        assert axes.get_title() == f"top {top}\nchance {top / 10:.1f} %"
    pairs = [list(line.get_ydata()) for line in curves.lines[:-1]]
    assert [100 * shares["en", "de", n] for n in (10, 100, 200, 1000)] == pairs[0]
    assert list(curves.lines[-1].get_ydata()) == [1, 10, 20, 100]
    assert curves.lines[0].get_color() != curves.lines[1].get_color()  # same family, other family
    assert [text.get_text() for text in first.get_yticklabels()] == ["de", "zh"]


def test_figure7_takes_means_over_layers_or_makes_them() -> None:
    table = make_neurons(langs=("en", "de"))
    layers = tuple(
        (*row[:2], layer, *row[3:6], row[6] + change, row[7])
        for row in table.rows
        for layer, change in ((3, -0.1), (4, 0.1))
    )
    mean = figure7(table).data.rows
    for rows in (layers, table.rows + layers):
        made = figure7(replace(table, rows=rows)).data.rows
        assert [row[6] for row in made] == pytest.approx([row[6] for row in mean])
        assert [row[:6] for row in made] == [row[:6] for row in mean]


def test_figure7_compares_a_language_with_itself_where_that_is_known() -> None:
    table = make_neurons(langs=("en", "de"))
    own = ("some/model", "memit", "mean", "en", "en", 100, 0.9, 0.1)
    axes = drawn(figure7(replace(table, rows=(own, *table.rows)))).axes[0]
    assert [text.get_text() for text in axes.texts] == ["90.0", "46.0", "–"]


def test_figure7_of_another_table() -> None:
    for table in (Table("x", "x", ("a",), ((1,),)), replace(make_neurons(), rows=())):
        with pytest.raises(RunError, match=r"^figure7 needs rows under the columns model, .*; measure"):
            figure7(table)


@pytest.mark.parametrize("part", "bc")
def test_bars_are_shares(mini, part: str) -> None:
    picture = figure8(mini, part)
    (axes,) = drawn(picture).axes
    shares = [100 * row[5] for row in picture.data.rows][:40]
    assert [bar.get_width() for bar in axes.patches] == shares
    assert [text.get_text() for text in axes.texts] == [f"{share:.1f}" for share in shares]
    labels = [text.get_text() for text in axes.get_yticklabels()]
    assert labels[0] == f"{picture.data.rows[0][3]} ({picture.data.rows[0][2]})"
    assert {row[0] for row in picture.data.rows} == {"en"}


def test_rings_add_up(mini) -> None:
    picture = figure8(mini, "a")
    (axes,) = drawn(picture).axes
    wedges = [one for one in axes.patches if isinstance(one, Wedge)]
    inner = [one for one in wedges if one.r == min(one.r for one in wedges)]
    firsts = {row[1:3]: row[3] for row in picture.data.rows}
    whole = sum(firsts.values())
    assert [one.theta2 - one.theta1 for one in inner] == pytest.approx(
        [360 * count / whole for count in firsts.values()]
    )
    assert sum(one.theta2 - one.theta1 for one in wedges) == pytest.approx(720)


def rings(*rows: tuple[str, str | None, int, str, str | None, int]):
    """Rings of rows that give id, label and count of a first relation and a second one."""
    columns = ("first_id", "first_label", "first_count", "second_id", "second_label", "count")
    with paper():
        figure = sunburst([{"lang": "en", **dict(zip(columns, row, strict=True))} for row in rows])
        figure.canvas.draw()
    return figure


def test_rings_shorten_long_labels_and_show_ids_only_where_no_label_is_known() -> None:
    long = "location of the formation of it"
    figure = rings(
        ("P1", "country", 80, "P3", "capital", 80),
        ("P740", long, 6, "P3", "capital", 6),
        ("P9", None, 20, "P4", None, 20),
    )
    (axes,) = figure.axes
    shown = {text.get_text() for text in axes.texts}
    assert "P740" not in shown and any(text.startswith("locat") and "…" in text for text in shown)
    assert {"country", "capital", "P9", "P4"} <= shown


def test_rings_have_a_short_label_where_a_long_one_has_no_room() -> None:
    shown = []
    for name in ("job", "occupation"):
        figure = rings(("P1", "country", 989, "P3", "capital", 989), ("P2", name, 11, "P3", "capital", 11))
        shown.append({text.get_text() for text in figure.axes[0].texts})
    assert shown[0] - shown[1] == {"job"} and shown[1] < shown[0]


def test_figure8a_says_that_ids_are_ids(mini) -> None:
    assert not any("are ids" in note for note in figure8(mini, "a").data.notes)
    bare = tuple(
        replace(fact, probes=tuple(replace(probe, relations=(None, None)) for probe in fact.probes))
        for fact in mini.facts
    )
    notes = figure8(replace(mini, facts=bare), "a").data.notes
    assert any(note.startswith("P") and note.endswith("are ids: the data give no label") for note in notes)


@pytest.mark.parametrize("labels", [("short", "short"), ("a", "a longer name at the rim")])
def test_rings_end_where_their_text_ends(labels: tuple[str, str]) -> None:
    figure = rings(("P1", labels[0], 9, "P2", labels[1], 9))
    (axes,) = figure.axes
    canvas: Any = figure.canvas
    boxes = [one.get_window_extent(canvas.get_renderer()) for one in axes.patches + axes.texts]
    box, (width, height) = Bbox.union(boxes), figure.bbox.size
    margins = (box.x0, box.y0, width - box.x1, height - box.y1)
    assert all(0 <= margin <= 0.1 * figure.dpi for margin in margins)
    assert axes.get_xlim()[1] - axes.get_xlim()[0] == pytest.approx(figure.get_size_inches()[0])


@pytest.mark.parametrize(("part", "place"), [("d", 1), ("e", 1)])
def test_histograms_hold_every_count(mini, part: str, place: int) -> None:
    picture = figure8(mini, part)
    rows = picture.data.rows
    axes = [one for one in drawn(picture).axes if one.get_visible()]
    assert [one.get_title() for one in axes] == ["en", "de", "fr", "ja", "zh"]
    kinds = list(dict.fromkeys(row[place] for row in rows))
    for one in axes:
        outlines = [patch for patch in one.patches if not patch.get_fill()]
        drawn_kinds = [patch.get_data().values for patch in outlines]
        for kind, values in zip(kinds, drawn_kinds, strict=False):
            own = {row[-2]: row[-1] for row in rows if (row[0], row[place]) == (one.get_title(), kind)}
            assert [100 * own.get(x, 0) / sum(own.values()) for x in range(max(own) + 1)] == list(values)
    assert axes[3].get_xlabel() == (
        "length (characters)" if part == "d" else "aliases beside the main answer"
    )


def test_other_languages_can_be_chosen(mini) -> None:
    for part in "ad":
        assert {row[0] for row in figure8(mini, part, "zh").data.rows} == {"zh"}


@pytest.mark.parametrize("part", "ab")
def test_names_that_no_font_has_are_ids_and_noted(mini, no_cjk, part: str) -> None:  # noqa: F811
    picture = figure8(mini, part, "ja")
    assert picture.data.notes[-1] == FONT_NOTE
    figure = drawn(picture)
    (axes,) = figure.axes
    shown = [text.get_text() for text in (axes.get_yticklabels() if part == "b" else axes.texts)]
    assert any(text.startswith("P") for text in shown)
    assert all(text.isascii() for text in shown)
    assert picture.rendered("svg")


def test_what_cannot_be_drawn_is_said_in_one_line(mini) -> None:
    with pytest.raises(UnknownNameError, match="unknown part of figure 8 'f'; known: a, b, c, d, e"):
        figure8(mini, "f")
    with pytest.raises(DataError, match="holds nothing in 'ko'"):
        figure8(mini, "a", "ko")
    bare = replace(mini, facts=tuple(replace(fact, probes=()) for fact in mini.facts), unlinked=())
    with pytest.raises(DataError, match=r"^figure8a needs .*'mini' has none; choose other data"):
        figure8(bare, "a")


def test_hostile_labels_are_drawn_as_they_are(mini) -> None:
    hostile = "$x_{1}$\n<b>" + "very " * 30
    probes = tuple(
        replace(probe, relations=(hostile, hostile), triples=())
        for fact in mini.facts
        for probe in fact.probes
        if probe.kind == "multihop" and probe.lang == "en"
    )
    data = replace(mini, facts=(replace(mini.facts[0], probes=probes), *mini.facts[1:]))
    for part in "ab":
        picture = figure8(data, part)
        figure = drawn(picture)
        (axes,) = figure.axes
        shown = [text.get_text() for text in (axes.get_yticklabels() if part == "b" else axes.texts)]
        assert any(text.startswith("$x_{1}$ <b") and "…" in text for text in shown)
        assert picture.rendered("svg")
