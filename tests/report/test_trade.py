"""Methods side by side: which answers count where, and which point is called best."""

from pathlib import Path

import pytest
from tests.report.made import rows, run_of, share

from mlake.errors import RunError
from mlake.report.figures import trade_figure
from mlake.report.findings.trade import best, trade_table, trades
from mlake.report.rundata import RunData
from mlake.report.view import Given
from mlake.report.views import VIEWS


def _run(gained: float, kept: float, edit: str = "en", method: str = "memit") -> RunData:
    direct = {(None, "en"): share(0.1), (edit, "en"): share(gained), (edit, "de"): share(gained / 2)}
    scored = [
        *rows(direct),
        *rows({(edit, "en"): share(0.6), (edit, "de"): share(1.0)}, kind="paraphrase"),
        *rows({(edit, "en"): share(0.3), (edit, "ja"): share(0.1)}, kind="multihop"),
        *rows({(edit, "en"): share(kept), (edit, "zh"): share(kept)}, "old_kept", "locality"),
        *rows({(None, "en"): [3.0], (edit, "en"): [3.5], (edit, "de"): [9.0]}, "heldout_nll", "locality"),
    ]
    return run_of(scored, Path(f"runs/{method}"), method=method, edit_langs=[edit])


def test_each_axis_counts_the_answers_of_its_own_kind_and_languages() -> None:
    (one,) = trades([_run(0.8, 0.5)])
    got = {name: (share.n, round(100 * (share.value or 0), 6)) for name, share in one.shares.items()}
    assert got == {
        "own language": (100, 80), "rephrased": (100, 60), "other languages": (100, 40),
        "all languages": (200, 60), "two hops": (100, 30), "two hops, other languages": (100, 10),
        "other facts kept": (200, 50),
    }  # fmt: skip
    assert one.rise == 0.5, "German was not read unedited"


def test_a_set_edited_in_counts_as_own_in_each_of_its_languages() -> None:
    (one,) = trades([_run(0.8, 0.5, edit="en+de")])
    assert one.shares["own language"].n == 200 and one.shares["other languages"].value is None
    assert one.shares["rephrased"].value == pytest.approx(0.8)


def test_the_best_point_gains_and_keeps() -> None:
    careful, far, good = _run(0.1, 0.99, method="rome"), _run(1, 0.05, method="ft"), _run(0.8, 0.8)
    points = trades([careful, far, good])
    top = best(points)
    assert top is not None and top.run is good and best([]) is None
    table = trade_table([careful, far, good])
    assert [row[1] for row in table.rows] == ["rome", "ft", "memit"]
    assert any("(60.0 %) and other facts kept (80.0 %): memit, edited in en" in note for note in table.notes)


def test_what_was_not_asked_is_a_dash_and_no_point() -> None:
    run = run_of(rows({("en", "en"): share(0.5)}))
    (row,) = trade_table([run]).rows
    assert row[3:6] == (100, 50.0, row[5]) and row[-1] is None and row[-3] is None
    with pytest.raises(RunError, match="methods needs direct answers and ones about other facts"):
        trade_figure([run])
    shown = VIEWS["methods"].tried(Given([run]))
    assert isinstance(shown, RunError)


def test_the_figure_draws_each_run_once_with_its_numbers() -> None:
    picture = trade_figure([_run(0.8, 0.5), _run(0.4, 0.9, method="ft-l")])
    (axes,) = picture.draw().axes
    drawn = sorted((float(line.get_xdata()[0]), float(line.get_ydata()[0])) for line in axes.lines)
    assert drawn == [(50, pytest.approx(60)), (90, pytest.approx(30))]
    assert picture.rendered("svg").startswith(b"<?xml")
