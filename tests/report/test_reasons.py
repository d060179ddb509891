"""Why a cell is low: the shares of answers that were cut off, in another language, or refused."""

import csv
import io
import json

import pytest

from mlake.cli.report import show
from mlake.languages import LANGUAGES, Language
from mlake.records import Answer, Asked, Probe
from mlake.report.matrix_text import matrix_text, reasons_markdown
from mlake.report.reasons import reasons
from mlake.report.tidy import TidyRow, tidy
from mlake.report.write import write_report
from mlake.scorers.table import SHARES, score_all

FACTS = 40
SAID = {
    "whole": ("Italy", True),
    "cut": ("Italy is", False),
    "foreign": ("Das ist eine Frage, die ich nicht mag", True),
    "refused": ("I don't know.", True),
}
"""What a model says in each of four ways, and whether it ended by itself."""


def answers(test: str, counts: dict[str, int], edit: str | None = None) -> list[Asked]:
    """Answers in one cell, so many of each way; whole ones fill it up."""
    ways = [way for way, count in counts.items() for _ in range(count)]
    ways += ["whole"] * (FACTS - len(ways))
    return [
        Asked(
            edit,
            None if edit is None else 0,
            "direct",
            Probe(f"{test}{place}", f"f{place}", "direct", test, "Where is Rome?", ("France",), ("Italy",)),
            Answer(*SAID[way]),
            None if edit is None else Answer("Italy", stopped=True),
        )
        for place, way in enumerate(ways)
    ]


def rows_of(*cells: list[Asked]) -> list[TidyRow]:
    asked = [one for cell in cells for one in cell]
    spec = {"edit_langs": ["en"], "test_langs": list(dict.fromkeys(one.probe.lang for one in asked))}
    return tidy(spec, score_all(asked))


def cell(rows: list[TidyRow], scorer: str, edit: str | None, test: str) -> TidyRow:
    return next(
        row for row in rows if (row["scorer"], row["edit_lang"], row["test_lang"]) == (scorer, edit, test)
    )


ROWS = rows_of(
    answers("en", {"refused": 2}), answers("ja", {"cut": 12}), answers("en", {"foreign": 2, "cut": 1}, "en")
)


def test_every_number_has_the_shares_of_its_cell_beside_it() -> None:
    for scorer in ("contains", "old", "length"):
        unedited, edited = cell(ROWS, scorer, None, "en"), cell(ROWS, scorer, "en", "en")
        assert [unedited[name] for name in ("cut", "other_language", "refused")] == [0, 0, 0.05]
        assert [edited[name] for name in ("cut", "other_language", "refused")] == [0.025, 0.05, 0]
    for row in ROWS:
        assert row["signature"].startswith(f"{row['scorer']}|v")


def test_what_cannot_be_told_is_no_answer_in_the_right_language() -> None:
    row = cell(ROWS, "contains", None, "ja")
    assert (row["other_language"], row["language_unknown"]) == (0, 1)


def test_cells_of_five_percent_or_more_are_named_with_their_reason() -> None:
    cut, foreign, refused, differs = reasons(ROWS, "direct")
    assert cut == "% cut off at the token limit (cut|v1): unedited: ja 30"
    assert foreign.startswith("% in another language (other_language|v1): edited in en: en 5; of ")
    assert refused == "% refused (refused|v1): unedited: en 5"
    assert differs.startswith(
        "answers in ja (30 %) are more often cut off at the token limit than in en (0 %)"
    )


def test_where_no_reason_counts_one_line_says_so() -> None:
    (line,) = reasons(rows_of(answers("en", {"cut": 1})), "direct")
    assert line.startswith("below 5 % in every cell: ")
    assert all(f"{name}|v" in line for name in SHARES)


@pytest.mark.parametrize(("cut", "said"), [(0, 0), (2, 0), (9, 1), (40, 1)])
def test_languages_differ_where_their_intervals_are_apart(cut: int, said: int) -> None:
    """2 of 40 against 0 of 40 may be chance; so may any share that two languages have in common."""
    lines = reasons(rows_of(answers("en", {}), answers("de", {"cut": cut})), "direct")
    assert sum("are more often" in line for line in lines) == said
    both = reasons(rows_of(answers("en", {"cut": cut}), answers("de", {"cut": cut})), "direct")
    assert not any("are more often" in line for line in both)


def test_without_known_refusals_nothing_is_said_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(LANGUAGES, "xx", Language("xx", "Unknown", "Latn"))
    rows = rows_of(answers("xx", {"refused": 9}), answers("en", {}))
    assert cell(rows, "contains", None, "xx")["refused"] is None
    assert "% refused (refused|v1): cannot be told in xx" in reasons(rows, "direct")


def test_kinds_without_answers_have_no_reasons() -> None:
    assert reasons(ROWS, "multihop") == []
    assert reasons_markdown(ROWS, "choice") == ""


def test_terminal_markdown_json_and_csv_say_it(tmp_path) -> None:
    assert "\n% cut off at the token limit (cut|v1): unedited: ja 30\n" in matrix_text(ROWS)
    write_report(tmp_path, {"model": "tiny"}, ROWS)
    text = (tmp_path / "report.md").read_text("utf-8")
    assert "\n- % cut off at the token limit (cut\\|v1): unedited: ja 30\n" in text
    stored = json.loads((tmp_path / "tidy.json").read_text("utf-8"))
    assert {row["cut"] for row in stored if row["test_lang"] == "ja"} == {0.3}
    lines = list(csv.DictReader(io.StringIO((tmp_path / "tidy.csv").read_text("utf-8"), newline="")))
    assert {line["cut"] for line in lines if line["test_lang"] == "ja"} == {"0.3"}
    assert {line["signature"] for line in lines if line["scorer"] == "cut"} == {"cut|v1"}


def test_what_a_run_prints_as_json_has_the_shares(capsys: pytest.CaptureFixture[str]) -> None:
    show(ROWS, [], as_json=True)
    assert {row["refused"] for row in json.loads(capsys.readouterr().out) if row["edit_lang"]} == {0}
