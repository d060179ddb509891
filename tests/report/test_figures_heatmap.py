import warnings
from dataclasses import replace

import matplotlib
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from mlake.report.figures import heatmap
from mlake.report.figures.heatmap import draw_cell
from mlake.report.tidy import tidy


@pytest.mark.parametrize(("kind", "magic"), [("png", b"\x89PNG"), ("pdf", b"%PDF")])
def test_the_same_numbers_give_the_same_bytes(spec, scored, kind, magic) -> None:
    rows = tidy(spec, scored)
    first = heatmap(spec, rows, kind)
    with matplotlib.rc_context({"font.size": 20, "axes.facecolor": "red"}):
        assert heatmap(spec, rows, kind) == first
    assert first.startswith(magic)
    assert b"CreationDate" not in first


def test_two_kinds_stand_side_by_side(spec, scored) -> None:
    def width(rows) -> int:
        return int.from_bytes(heatmap(spec, tidy(spec, rows), "png")[16:20], "big")

    assert width(scored + [replace(row, kind="multihop") for row in scored]) > width(scored)
    assert width(scored + [replace(row, kind="locality") for row in scored]) == width(scored)


def test_odd_model_names_and_missing_pairs_are_drawn(spec, scored) -> None:
    rows = tidy(spec, [row for row in scored if (row.edit_lang, row.test_lang) != ("de", "zh")])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert heatmap(spec | {"model": "a$b_{$\n\x1b{"}, rows, "png")


def test_nothing_to_draw(spec) -> None:
    with pytest.raises(ValueError, match="no 'contains' values"):
        heatmap(spec, [], "png")


def _luminance(colour) -> float:
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in to_rgb(colour)]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("most", [1.0, 0.715, 0.1])
def test_every_number_can_be_read_on_its_own_cell(most: float) -> None:
    axes = Figure().subplots()
    for place, share in enumerate([None, *(most * step / 200 for step in range(201))]):
        draw_cell(axes, (place, 0), share, most=most)
    cells = [patch for patch in axes.patches if isinstance(patch, Rectangle)]
    for cell, number in zip(cells, axes.texts, strict=True):
        light, dark = sorted((_luminance(cell.get_facecolor()), _luminance(number.get_color())), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5  # WCAG's least contrast of small text
    inks = [number.get_color() for number in axes.texts[1:]]
    assert inks == sorted(inks, reverse=True)  # white on dark, black on light, one change from low to high
