import pytest

from mlake.errors import UnknownNameError
from mlake.report.matrix_text import matrix_markdown, matrix_text, signature_line
from mlake.report.table import Table
from mlake.report.tidy import tidy
from mlake.safe import escape, plain


def test_markdown_table(spec, scored) -> None:
    assert matrix_markdown(tidy(spec, scored), "direct", "contains").splitlines() == [
        "| edited in | en | zh |",
        "| --- | ---: | ---: |",
        "| unedited | 0.0 [0.0, 100.0] | 0.0 [0.0, 100.0] |",
        "| de | 50.0 [0.0, 100.0] | 50.0 [0.0, 100.0] |",
        "| en | 100.0 [0.0, 100.0] | 0.0 [0.0, 100.0] |",
        "| n | 2 | 2 |",
        "| effective n | 2 | 2 |",
    ]


def test_terminal_table(spec, scored) -> None:
    assert matrix_text(tidy(spec, scored)).splitlines() == [
        "Direct questions, contains|v3, % [95 % interval over facts]",
        "             asked in",
        "edited in    en             zh",
        "unedited       0.0 [0–100]   0.0 [0–100]",
        "de            50.0 [0–100]  50.0 [0–100]",
        "en           100.0 [0–100]   0.0 [0–100]",
        "n                2             2",
        "effective n      2             2",
    ]


def test_missing_pairs_and_single_facts_show_a_dash(spec, scored) -> None:
    rows = tidy(spec, [row for row in scored if (row.edit_lang, row.test_lang) != ("de", "zh")])
    assert "| de | 50.0 [0.0, 100.0] | – |" in matrix_markdown(rows, "direct", "contains")
    rows = tidy(spec, [row for row in scored if row.probe.endswith("0")])
    assert "| de | 100.0 [–] | 0.0 [–] |" in matrix_markdown(rows, "direct", "contains")


def test_unequal_counts_are_a_range(spec, scored) -> None:
    fewer = [row for row in scored if (row.edit_lang, row.probe) != ("de", "zh1")]
    assert matrix_markdown(tidy(spec, fewer), "direct", "contains").endswith(
        "| n | 2 | 1–2 |\n| effective n | 2 | 1–2 |\n"
    )


def test_no_answers_of_a_kind(spec, scored) -> None:
    assert matrix_text(tidy(spec, scored), kind="multihop").endswith("facts]\nno answers\n")
    with pytest.raises(UnknownNameError, match="unknown scorer 'bleu'"):
        matrix_text([], scorer="bleu")


def test_signature_line(spec) -> None:
    assert signature_line(spec, "contains") == (
        "model: some/model · model revision: r1 · data: mini · data sha256: 0123456789ab · method: rome · "
        "batch size: 4 · seed: 7 · scorer: contains\\|v3 · "
        "interval: 95 % Agresti–Coull on the effective number of answers, which minds those about one fact · "
        "mlake: 0.1.0\n"
    )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a|b", "a\\|b"),
        ("`x`\r\n# y", "\\`x\\` # y"),
        ("<script>&amp;", "&lt;script&gt;&amp;amp;"),
        ("[a](http://x)", "[a]\\(http://x)"),
        ("back\\slash", "back\\\\slash"),
        ("[0.0, 1.0]", "[0.0, 1.0]"),
        ("_i_ and __b__", "\\_i\\_ and \\_\\_b\\_\\_"),
        ("edit_langs, a_b_c", "edit_langs, a_b_c"),
        ("~~s~~", "\\~\\~s\\~\\~"),
        ("# head", "\\# head"),
        ("### head", "\\### head"),
        ("C# and -5", "C# and -5"),
        ("- item", "\\- item"),
        ("1. Paris", "1\\. Paris"),
        ("1.5", "1.5"),
        ("[a]: http://x", "[a]\\: http://x"),
        ("[a][y]", "[a]\\[y]"),
        ("[x] done", "\\[x] done"),
        ("$a$", "\\$a\\$"),
    ],
)
def test_markdown_is_escaped(text: str, shown: str) -> None:
    assert escape(text) == shown


HOSTILE = (
    "_i_", "__b__", "*i*", "**b**", "***", "~~s~~", "~s~", "# h", "## h", "#", "- a", "+ a",
    "---", "- - -", "===", "1. a", "2) a", "> q", "`c`", "``c``", "[a](b)", "[a][b]", "[a]: b",
    "![a](b)", "<b>x</b>", "<!-- c -->", "&lt;", "&#35;", "a | b", "\\", "\\_i\\_", "_a_b_",
    "a__b__c", "(_i_)", "“_i_”", "日本_語_です", "[ ] a", "~~~", "```", "a  \nb", "    code", "\tcode",
    "http://a_b_", "$x$",
)  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_becomes_markup(text: str) -> None:
    """In a cell, a list, a heading, bold, an image's text: the page shows the text and nothing else."""
    markdown_it = pytest.importorskip("markdown_it", reason="no Markdown renderer here")
    renderer = markdown_it.MarkdownIt("commonmark").enable(["table", "strikethrough"])
    table = Table("t", text, (text, "n"), ((text, 1),), (text,))
    markup = {"table", "thead", "tbody", "tr", "th", "td", "ul", "li", "p", "strong"}
    tokens = [inner for one in renderer.parse(table.markdown()) for inner in (one, *(one.children or ()))]
    assert {one.tag for one in tokens if one.tag and one.type != "inline"} <= markup
    shown = ["".join(part.content for part in one.children) for one in tokens if one.type == "inline"]
    assert shown == [plain(text), plain(text), "n", plain(text), "1", plain(text)]


def test_terminal_text_has_no_control_characters() -> None:
    assert plain("a\x1b[31mb\u202ec\n\ud800d") == "a [31mb c d"
