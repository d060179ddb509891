import pytest
from tests.report.made import rows, run_of

from mlake.report.findings.consistency import consistency, languages_right
from mlake.report.statistics.intervals import clustered_mean


def test_both_languages_by_hand() -> None:
    run = run_of(rows({("en", "en"): [1, 1, 1, 0], ("en", "de"): [1, 1, 0, 0], ("en", "zh"): [0, 0, 0, 1]}))
    table = consistency([run])
    assert table.columns[2:6] == ("edited in", "asked in", "and in", "facts")
    found = {row[3:5]: row[5:] for row in table.rows}
    estimate = clustered_mean([1.0, 1.0, 0.0, 0.0], range(4))
    assert estimate.low is not None and estimate.high is not None
    span = f"[{100 * estimate.low:.1f}, {100 * estimate.high:.1f}] (4, 4)"
    assert found == {
        ("en", "de"): (4, 50.0, span, pytest.approx(200 / 3)),
        ("en", "zh"): (4, 0.0, "[0.0, 73.4] (4, 4)", 0.0),
        ("de", "zh"): (4, 0.0, "[0.0, 73.4] (4, 4)", 0.0),
    }


def test_pairs_need_both_answers() -> None:
    run = run_of(rows({("ja", "ja"): [1, 1, None], ("ja", "fr"): [1, None, 1], ("ja", "zh"): [None] * 3}))
    assert [row[3:] for row in consistency([run]).rows] == [("fr", "ja", 1, 100.0, None, 100.0)]
    apart = run_of(rows({("ja", "ja"): [1, None], ("ja", "fr"): [None, 1]}))
    assert consistency([apart]).rows == ()


def test_nothing_right_has_no_overlap() -> None:
    run = run_of(rows({("en", "en"): [0, 0], ("en", "de"): [0, 0]}))
    assert consistency([run]).rows[0][5:] == (2, 0.0, "[0.0, 100.0] (2, 2)", None)


def test_one_row_a_pair_and_language_edited_in_for_each_run() -> None:
    cells = {(edit, test): [1, 0] for edit in ("en", "zh") for test in ("en", "fr", "zh")}
    runs = [run_of(rows(cells)), run_of(rows(cells), method="rome")]
    rows_found = consistency(runs).rows
    assert [row[1:5] for row in rows_found] == [
        (method, edit, *pair)
        for method in ("memit", "rome")
        for edit in ("en", "zh")
        for pair in (("en", "fr"), ("en", "zh"), ("fr", "zh"))
    ]
    assert all(row[6] == 50.0 for row in rows_found)


def test_the_unedited_model_and_other_kinds_are_no_part_of_it() -> None:
    unedited = rows({(None, "en"): [1, 1], (None, "de"): [1, 1]})
    other = rows({("en", "en"): [1], ("en", "de"): [1]}, kind="paraphrase")
    assert consistency([run_of([*unedited, *other])]).rows == ()
    assert languages_right([run_of([*unedited, *other])]).rows == ()
    assert (consistency([]).rows, languages_right([]).rows) == ((), ())


def test_in_how_many_languages_by_hand() -> None:
    run = run_of(
        rows(
            {
                ("en", "en"): [1, 1, 1, 0, 1], ("en", "de"): [1, 1, 0, 0, 1],
                ("en", "zh"): [1, 0, 0, 0, None],
            }
        )
    )  # fmt: skip
    table = languages_right([run])
    assert table.columns[3:] == ("facts", "in 0", "in 1", "in 2", "in 3", "mean")
    assert table.rows == (("tiny", "memit", "en", 4, 1, 1, 1, 1, 1.5),)


def test_runs_with_fewer_languages_leave_columns_empty() -> None:
    one = run_of(rows({("en", "en"): [1, 0]}), method="rome")
    two = run_of(rows({("en", "en"): [1, 0], ("en", "ja"): [1, 0]}))
    table = languages_right([one, two])
    assert [row[3:] for row in table.rows] == [(2, 1, 1, None, 0.5), (2, 1, 0, 1, 1.0)]
    assert languages_right([one, two]) == table
