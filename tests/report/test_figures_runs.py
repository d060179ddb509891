"""What is drawn from runs is what the data say."""

from dataclasses import replace

import numpy as np
import pytest
from tests.report.synthetic import LANGS, make_run, make_tokens

from mlake.errors import RunError
from mlake.report.figures import figure2, figure3, figure4, figure5, figure6, transfer_by_distance
from mlake.report.figures.fit import logistic_fit
from mlake.report.figures.runs import short_models
from mlake.report.figures.style import paper
from mlake.report.tidy import tidy


def drawn(picture):
    with paper():
        figure = picture.draw()
        figure.canvas.draw()
    return figure


def points(axes) -> set[tuple[float, float]]:
    """Places of all markers."""
    return {
        (round(float(x), 6), round(float(y), 6))
        for line in axes.lines
        if line.get_marker() not in ("None", None, "")
        for x, y in zip(line.get_xdata(), line.get_ydata(), strict=True)
    }


def column(picture, name: str) -> list:
    return [row[picture.data.columns.index(name)] for row in picture.data.rows]


def test_figure2_pairs_old_answers_with_new_ones() -> None:
    picture = figure2([make_run()])
    assert set(column(picture, "unedited measure")) == {"direct: old", "multihop_before: contains"}
    direct, two_hop = drawn(picture).axes
    for axes, kind in ((direct, "direct"), (two_hop, "multihop")):
        rows = [row for row in picture.data.rows if row[2] == kind]
        pairs = {(round(100 * row[7], 6), round(100 * row[13], 6)) for row in rows}
        assert points(axes) == pairs
        assert len(rows) == len(LANGS)
    assert direct.get_title() == "model, direct questions"


def test_figure2_falls_back_to_what_the_unedited_model_was_asked() -> None:
    run = make_run(langs=("en", "zh"))
    left = [row for row in run.rows if row["scorer"] != "old" and row["kind"] != "multihop_before"]
    picture = figure2([replace(run, rows=left)])
    assert set(column(picture, "unedited measure")) == {"direct: contains", "multihop: contains"}


@pytest.mark.parametrize("figure", [figure3, figure5])
def test_matrices_show_their_numbers(figure) -> None:
    picture = figure([make_run(langs=("en", "ja", "zh"))])
    numbers = sorted(f"{100 * value:.1f}".replace("100.0", "100") for value in column(picture, "value"))
    cells = [axes for axes in drawn(picture).axes if axes.get_title()]
    assert [axes.get_title() for axes in cells] == ["MEMIT, direct", "MEMIT, two-hop"]
    assert sorted(text.get_text() for axes in cells for text in axes.texts) == numbers
    first = [text.get_text() for text in cells[0].get_yticklabels()]
    assert first == (["none", "en", "ja", "zh"] if figure is figure3 else ["en", "ja", "zh"])


def test_methods_stand_in_the_papers_order_and_models_in_the_order_given() -> None:
    runs = [make_run(method, model, langs=("en",)) for model in "ba" for method in ("stableke", "rome")]
    picture = figure3(runs)
    names = list(dict.fromkeys(row[:2] for row in picture.data.rows))
    assert names == [("b", "ROME"), ("b", "StableKE"), ("a", "ROME"), ("a", "StableKE")]


def test_figure4_draws_bins_languages_and_the_fit() -> None:
    run = make_run(facts=30)
    picture = figure4([run], make_tokens(run))
    marks = column(picture, "mark")
    assert marks.count("language") == 5 and set(marks) == {"language", "number of tokens", "fit"}
    (axes,) = (one for one in drawn(picture).axes if one.get_visible())
    rows = [row for row in picture.data.rows if row[2] == "language"]
    assert points(axes) == {(round(row[4], 6), round(100 * row[8], 6)) for row in rows}
    curve = next(line for line in axes.lines if line.get_color() == "#444444")
    rows = [row for row in picture.data.rows if row[2] == "fit"]
    assert list(curve.get_xdata()) == [row[4] for row in rows]
    assert list(curve.get_ydata()) == pytest.approx([100 * row[8] for row in rows])
    bins = [row for row in picture.data.rows if row[2] == "number of tokens"]
    assert sum(row[6] for row in bins) == 150
    assert sorted(float(one.get_offsets()[0, 0]) for one in axes.collections[1:]) == [row[4] for row in bins]
    assert picture.data.notes[0].startswith("MEMIT: log odds a token ")


def test_figure4_fits_nothing_to_edits_that_all_fail() -> None:
    run = make_run(langs=("en",), facts=5)
    picture = figure4([run], make_tokens(run))
    assert "fit" not in column(picture, "mark")
    assert picture.data.notes == ("MEMIT: no relation is fitted, fewer than 10 edits work or fail",)


def test_figure4_leaves_out_runs_that_show_nothing_and_says_which() -> None:
    mixed, tokens = make_run("memit"), make_tokens(make_run("memit"))
    others = {"rome": 0.0, "stableke": 1.0, "mend": None}
    runs = [mixed]
    for method, value in others.items():
        scored = [replace(row, value=value) for row in mixed.scored]
        spec = mixed.spec | {"method": method}
        runs.append(replace(mixed, spec=spec, scored=scored, rows=tidy(spec, scored)))
    unedited = [row for row in mixed.scored if row.edit_lang is None]
    runs.append(replace(mixed, spec=mixed.spec | {"method": "none"}, scored=unedited))
    picture = figure4(runs, tokens)
    (axes,) = (one for one in drawn(picture).axes if one.get_visible())
    assert axes.get_title().startswith("MEMIT")
    assert set(column(picture, "method")) == {"MEMIT"}
    assert picture.data.notes[1:] == (
        "MEND has no panel: no edit was asked in its own language on a subject that is known",
        "ROME has no panel: none of its 60 edits work",
        "StableKE has no panel: all of its 60 edits work",
    )
    alone = figure4([runs[1]], tokens)
    assert points(drawn(alone).axes[0]) and len(alone.data.notes) == 1  # all there is


def test_figure4_says_which_run_has_subjects_of_one_length() -> None:
    both = make_run("memit")
    spec = both.spec | {"method": "rome"}
    scored = [row for row in both.scored if row.fact == "f0" and row.test_lang in ("en", "de")]
    one = replace(both, spec=spec, scored=scored, rows=tidy(spec, scored))
    notes = figure4([both, one], make_tokens(both)).data.notes
    assert notes[1:] == ("ROME has no panel: all 2 edits have subjects of one length",)


def test_figure4_takes_one_model() -> None:
    with pytest.raises(RunError, match="figure4 takes runs of one model, whose tokens it counts, got a, b"):
        figure4([make_run(model="a"), make_run(model="b")], {})


def test_logistic_fit_of_two_places_is_the_difference_of_log_odds() -> None:
    x = [2] * 40 + [4] * 40
    outcome = [1.0] * 30 + [0.0] * 10 + [1.0] * 10 + [0.0] * 30
    fit = logistic_fit(x, outcome, range(80), [""] * 80)
    assert fit.slope == pytest.approx(-np.log(3), abs=1e-3)  # from log 3 to -log 3 over two units
    assert fit.curve == pytest.approx([0.75, 0.5, 0.25], abs=1e-3)
    assert fit.low < fit.slope < fit.high < 0
    assert (fit.band[0] < fit.curve).all() and (fit.curve < fit.band[1]).all()
    assert fit.correlation == pytest.approx(-0.5)


def test_a_slope_within_groups_leaves_out_what_differs_between_them() -> None:
    """Two languages, one with long subjects and few successes; within each, tokens change nothing."""
    x, outcome, groups = [], [], []
    for lang, base, right in (("en", 2, 8), ("zh", 10, 2)):
        for tokens in (base, base + 1):
            x += [tokens] * 10
            outcome += [1.0] * right + [0.0] * (10 - right)
            groups += [lang] * 10
    assert logistic_fit(x, outcome, range(40), [""] * 40).high < 0
    assert logistic_fit(x, outcome, range(40), groups).slope == pytest.approx(0, abs=1e-3)


def test_a_fit_of_nothing_but_failures_is_finite() -> None:
    fit = logistic_fit([1, 2, 3, 4], [0.0, 0.0, 0.0, 0.0], "abcd", [""] * 4)
    assert np.isfinite([fit.slope, fit.low, fit.high]).all() and fit.correlation is None


def test_figure6_shows_every_measure_before_and_after() -> None:
    picture = figure6([make_run(measures=("entropy", "fluency")), make_run("rome", measures=("entropy",))])
    assert list(dict.fromkeys(zip(column(picture, "scorer"), column(picture, "method"), strict=True))) == [
        ("fluency", "MEMIT"),
        ("entropy", "ROME"),
        ("entropy", "MEMIT"),
    ]
    figure = drawn(picture)
    axes = next(one for one in figure.axes if one.get_ylabel().startswith("n-gram"))
    rows = [row for row in picture.data.rows if (row[1], row[5]) == ("ROME", "entropy")]
    after = sorted(round(row[8], 6) for row in rows if row[2] != "unedited")
    assert sorted(y for _, y in points(axes)) == after
    before = [line.get_ydata()[0] for line in axes.lines if line.get_color() == "#555555"]
    assert before == [row[8] for row in rows if row[2] == "unedited"]


def test_figure6_shows_long_answers_where_there_are_any() -> None:
    run = make_run(measures=("entropy",))
    (note,) = [one for one in figure6([run]).data.notes if one.startswith("short answers")]
    assert "--kinds writing" in note
    long = [replace(row, kind="writing", value=7.0) for row in run.scored if row.scorer == "entropy"]
    both = replace(run, scored=[*run.scored, *long], rows=tidy(run.spec, [*run.scored, *long]))
    picture = figure6([both])
    assert set(column(picture, "value")) == {7.0} and set(column(picture, "kind")) == {"writing"}
    assert not any(one.startswith("short answers") for one in picture.data.notes)


def test_transfer_by_distance_leaves_out_own_languages() -> None:
    picture = transfer_by_distance([make_run(langs=("en", "de", "zh"))])
    pairs = [row for row in picture.data.rows if row[3] != "any"]
    assert {(row[3], row[4]): row[2] for row in pairs} == {
        ("en", "de"): 0, ("de", "en"): 0, ("en", "zh"): 4, ("de", "zh"): 4, ("zh", "en"): 4, ("zh", "de"): 4,
    }  # fmt: skip
    (axes,) = (one for one in drawn(picture).axes if one.get_visible())
    assert sorted(y for _, y in points(axes)) == sorted(round(100 * row[9], 6) for row in pairs)
    means = [line.get_ydata()[0] for line in axes.lines if line.get_color() == "#444444"]
    assert means == [100 * row[9] for row in picture.data.rows if row[3] == "any"]


def test_a_distance_without_a_pair_says_so() -> None:
    (axes,) = (
        one
        for one in drawn(transfer_by_distance([make_run(langs=("en", "de", "zh"))])).axes
        if one.get_visible()
    )
    assert list(axes.get_xticks()) == [0, 1, 2, 3, 4]
    assert [one.get_position()[0] for one in axes.texts if one.get_text() == "no pair"] == [1, 2, 3]


@pytest.mark.parametrize("key", ["question", "prompt"])  # now, and in earlier runs
def test_figure2_hides_no_method_behind_another_and_clips_no_interval(key: str) -> None:
    runs = [make_run("memit"), make_run("memit"), make_run("rome")]
    bare = replace(runs[1], spec={**runs[1].spec, "editor": {"key": key}})
    figure = drawn(figure2([runs[0], bare, runs[2]]))
    for axes in figure.axes:
        assert len(points(axes)) > 10  # two of the three runs are the same
        (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
        ends = [end for bars in axes.collections for part in bars.get_segments() for end in part]
        assert all(left < x < right and low < y < high for x, y in ends)
    names = [one.get_text() for one in figure.legends[0].get_texts()]
    assert names[-3:] == ["ROME", "MEMIT", "MEMIT, no subject"]


def test_a_small_matrix_has_its_languages_under_its_cells_which_are_as_large_as_others() -> None:
    one = make_run("memit", langs=("en",))
    figure = drawn(figure5([one, make_run("rome")]))
    panels = [axes for axes in figure.axes if axes.get_xlabel() == "asked in"]
    for axes in panels:
        label = axes.xaxis.label.get_window_extent()
        places = axes.transData.transform([(x, 0) for x in axes.get_xticks()])[:, 0]
        assert (label.x0 + label.x1) / 2 == pytest.approx(places.mean(), abs=1)
    heights = {len(axes.get_yticks()): axes.get_window_extent().height for axes in panels}
    assert heights[5] == pytest.approx(5 * heights[1])
    for line in (panels[:2], panels[2:]):
        tops = [axes.get_window_extent().y1 for axes in line]
        assert tops[0] == pytest.approx(tops[-1])
    box, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
    assert min(box.x0, box.y0) >= -0.01 and box.x1 <= width + 0.01 and box.y1 <= height + 0.01


def test_colours_of_figure5_end_where_its_numbers_do() -> None:
    low = [replace(row, value=row.value and 0.1) for row in make_run().scored]
    run = replace(make_run(), rows=tidy(make_run().spec, low))
    scales = [
        [one for one in drawn(figure([run])).axes if one.get_ylabel()][-1] for figure in (figure3, figure5)
    ]
    assert [round(scale.get_ylim()[1]) for scale in scales] == [100, 10]


def test_models_are_named_without_the_organisation_where_that_tells_them_apart() -> None:
    assert short_models(["lab/a", "lab/b"]) == {"lab/a": "a", "lab/b": "b"}
    assert short_models(["lab/a", "firm/a"]) == {"lab/a": "lab/a", "firm/a": "firm/a"}
    runs = [make_run(model="lab/a", langs=("en", "de")), make_run(model="lab/b", langs=("en", "de"))]
    titles = [axes.get_title() for axes in drawn(transfer_by_distance(runs)).axes]
    assert titles == ["a\nMEMIT", "b\nMEMIT"]
    figure = drawn(transfer_by_distance(runs[:1]))
    assert (figure.get_suptitle(), figure.axes[0].get_title()) == ("a", "MEMIT")
