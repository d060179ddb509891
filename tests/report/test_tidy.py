from dataclasses import replace

import pytest

from mlake.errors import RunError
from mlake.report.tidy import TidyRow, available, matrix, tidy
from mlake.scorers.table import signature


def test_rows_are_ordered_and_complete(spec, scored) -> None:
    rows = tidy(spec, scored)
    assert [(row["scorer"], row["edit_lang"], row["test_lang"]) for row in rows[:6]] == [
        ("contains", None, "en"),
        ("contains", None, "zh"),
        ("contains", "de", "en"),
        ("contains", "de", "zh"),
        ("contains", "en", "en"),
        ("contains", "en", "zh"),
    ]
    assert rows[4] == {
        "model": "some/model",
        "method": "rome",
        "edit_lang": "en",
        "test_lang": "en",
        "kind": "direct",
        "scorer": "contains",
        "n": 2,
        "effective": 2.0,
        "value": 1.0,
        "low": 0.0,
        "high": 1.0,
        "signature": signature("contains"),
        "cut": None,
        "other_language": None,
        "language_unknown": None,
        "refused": None,
    }
    assert list(rows[0]) == list(TidyRow.__annotations__)
    assert rows[0]["method"] == "unedited"
    assert tidy(spec, reversed(scored)) == rows


def test_a_share_outside_0_and_1_is_one_line(spec, scored) -> None:
    wrong = [replace(row, value=3.0) for row in scored if row.scorer == "contains"]
    with pytest.raises(
        RunError, match="contains gives values from 3 to 3, not from 0 to 1; a measure in shares"
    ):
        tidy(spec, wrong)
    assert tidy(spec, [replace(row, scorer="nll") for row in wrong])[0]["value"] == 3  # has no ends


def test_a_group_without_values_has_n_0(spec, scored) -> None:
    row = next(row for row in tidy(spec, scored) if row["scorer"] == "unchanged")
    assert (row["edit_lang"], row["n"], row["value"], row["low"], row["high"]) == (None, 0, None, None, None)


def test_answers_about_one_fact_are_one_cluster(spec, scored) -> None:
    one_fact = [replace(row, fact="f") for row in scored]
    row = next(row for row in tidy(spec, one_fact) if row["edit_lang"] == "de")
    assert (row["n"], row["value"], row["low"]) == (2, 0.5, None)
    no_fact = [replace(row, fact=None) for row in scored]
    row = next(row for row in tidy(spec, no_fact) if row["edit_lang"] == "de")
    assert (row["low"], row["high"]) == (0.0, 1.0)


def test_languages_that_the_spec_does_not_name_come_last(spec, scored) -> None:
    rows = tidy(spec | {"test_langs": ["zh"]}, scored)
    assert matrix(rows, "direct", "contains").tests == ("zh", "en")


def test_matrix_leaves_out_what_has_no_values(spec, scored) -> None:
    rows = tidy(spec, scored)
    assert matrix(rows, "direct", "unchanged").edits == ("de", "en")
    assert matrix(rows, "multihop", "contains").cells == {}
    assert available(rows, "unchanged") == ["direct"]
    assert available(rows, "paper") == []
