import csv
import io
import re

import pytest

from mlake.report.table import Table

HOSTILE = (
    "a|b", "<script>alert(1)</script>", "[x](javascript:1)", r"\input{/etc/passwd}", "100 % of $5 & #1_x^2~",
    "{unbalanced", "*bold* `code`", "two\nlines\r\nand\x1b[31m red", "\u202egnp.exe", "[0.0, 1.0]", "",
    '"quoted", twice', "\ud800 lone",
)  # fmt: skip
FORMULAS = ("=1+1", "+1", "-1+2", "@SUM(A1)", "\t=1", " =cmd|' /C calc'!A0", "＝1+1", "－1")
LANGUAGES = (
    "Which university?",
    "Welche Universität – in Köln?",
    "Où est né l'écrivain « Balzac » ?",
    "大学はどこですか？",
    "哪所大学？",
)


def one_column(*cells, notes=()) -> Table:
    return Table("t", "Title", ("cell",), tuple((cell,) for cell in cells), notes)


def read(table: Table) -> list[list[str]]:
    return list(csv.reader(io.StringIO(table.csv(), newline="")))


@pytest.fixture
def table() -> Table:
    rows = (("de", 50.0, None, 3), ("日本語", 2 / 3, "[0.0, 1.0]", 1072))
    columns = ("language", "%", "95 % interval", "n")
    return Table("table1", "Edited | asked", columns, rows, ("a note", "model: <x>"))


def test_markdown(table) -> None:
    assert table.markdown().splitlines() == [
        "**Edited \\| asked**",
        "",
        "| language | % | 95 % interval | n |",
        "| --- | ---: | --- | ---: |",
        "| de | 50.00 | – | 3 |",
        "| 日本語 | 0.67 | [0.0, 1.0] | 1072 |",
        "",
        "- a note",
        "- model: &lt;x&gt;",
    ]


def test_latex(table) -> None:
    lines = table.latex().splitlines()
    comment = " ".join(line for line in lines if line.startswith("%"))
    assert all(name in comment for name in ("booktabs", "adjustbox", "xeCJK", "luatexja"))
    assert [line for line in lines if not line.startswith("%")] == [
        r"\begin{table}",
        r"\centering\small",
        r"\caption{Edited \textbar{} asked}\label{tab:table1}",
        r"\begin{adjustbox}{max width=\linewidth}",
        r"\begin{tabular}{lrlr}",
        r"\toprule",
        r"language & \% & 95 \% interval & n \\",
        r"\midrule",
        r"de & 50.00 & – & 3 \\",
        r"日本語 & 0.67 & {[}0.0, 1.0{]} & 1072 \\",
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{adjustbox}",
        r"\par\noindent {\footnotesize a note}",
        r"\par\noindent {\footnotesize model: \textless{}x\textgreater{}}",
        r"\end{table}",
    ]


def test_csv_keeps_numbers_and_uses_rfc_4180_line_ends(table) -> None:
    assert table.csv() == (
        'language,%,95 % interval,n\r\nde,50.0,,3\r\n日本語,0.6666666666666666,"[0.0, 1.0]",1072\r\n'
    )


@pytest.mark.parametrize(
    ("cell", "shown"),
    [(None, "–"), (0.0, "0.00"), (-0.0, "0.00"), (-0.5, "-0.50"), (0.0004321, "0.00043"), (99.999, "100.00"),
     (-1e-14, "0.00"), (7, "7"), ("7.123", "7.123")],
)  # fmt: skip
def test_cells_are_formatted_in_one_place(cell, shown) -> None:
    assert f"| {shown} |" in one_column(cell).markdown()


def test_hostile_cells_stay_cells_in_markdown() -> None:
    text = one_column(*HOSTILE, notes=HOSTILE).markdown()
    assert "<" not in text
    assert "](" not in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len(rows) == 2 + len(HOSTILE)
    assert all(len(re.findall(r"(?<!\\)\|", row)) == 2 for row in rows)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\u202e\ud800]", text)


def balanced(text: str) -> bool:
    """Whether groups and environments close as they opened, after escaped marks are taken out."""
    bare = re.sub(r"\\[\\{}$&#_%]", "", text)
    depth = 0
    for mark in re.sub(r"[^{}]", "", bare):
        depth += 1 if mark == "{" else -1
        if depth < 0:
            return False
    opened: list[str] = []
    for kind, name in re.findall(r"\\(begin|end)\{(\w+)\}", text):
        if kind == "begin":
            opened.append(name)
        elif not opened or opened.pop() != name:
            return False
    return depth == 0 and not opened


@pytest.mark.parametrize("rows", [1, 5])
def test_latex_of_hostile_cells_is_balanced(rows: int) -> None:
    table = one_column(*HOSTILE * rows, *LANGUAGES, notes=HOSTILE)
    text = table.latex()
    assert ("longtable" in text.split("\n", 4)[-1]) == (rows == 5)
    assert balanced(text)
    assert r"\input" not in text
    body = text.split(r"\midrule")[1]
    assert not re.search(r"(?<!\\)[$#%^~]", body)
    assert not re.search(r"\\\\\s*[\[*]", body)  # a bracket after a line break would be its argument
    assert all(part in text for part in ("Köln", "大学はどこですか？", "哪所大学？", "« Balzac »"))


def test_long_text_is_broken_into_lines() -> None:
    table = Table("t", "T", ("a", "b", "c"), (("x" * 41, 1.0, "y" * 60), ("x", None, "y")))
    assert r"\begin{tabular}{p{0.40\linewidth}rp{0.40\linewidth}}" in table.latex()


def test_csv_comes_back_as_it_was_but_on_one_line() -> None:
    assert [cell for (cell,) in read(one_column(*LANGUAGES))[1:]] == list(LANGUAGES)
    assert read(one_column('"quoted", twice'))[1:] == [['"quoted", twice']]
    assert read(one_column("two\nlines\r\nhere"))[1:] == [["two lines here"]]


@pytest.mark.parametrize("text", FORMULAS)
def test_spreadsheets_take_no_cell_for_a_formula(text: str) -> None:
    header, (cell,) = read(Table("t", "T", (text,), ((text,),)))
    assert cell.startswith("'")
    assert header == [cell]
    assert cell[1:] == text.strip()


def test_negative_numbers_stay_numbers_in_csv() -> None:
    table = Table("t", "T", ("a", "b"), ((-1.5, -3), (None, None)))
    assert read(table)[1:] == [["-1.5", "-3"], ["", ""]]


def test_a_table_without_rows() -> None:
    table = Table("t", "T", ("a", "b"), ())
    assert table.csv() == "a,b\r\n"
    assert table.markdown().endswith("| a | b |\n| --- | --- |\n")
    assert r"\begin{tabular}{ll}" in table.latex()


def test_rows_have_a_cell_a_column() -> None:
    with pytest.raises(ValueError, match="t: 2 columns, but a row of 1 cells"):
        Table("t", "T", ("a", "b"), (("x",),))
