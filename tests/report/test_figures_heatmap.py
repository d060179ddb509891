import warnings
from dataclasses import replace

import matplotlib
import pytest

from mlake.report.figures import heatmap
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
