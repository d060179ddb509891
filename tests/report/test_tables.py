import pytest

from mlake.errors import UnknownNameError
from mlake.report.matrix_text import matrix_markdown, matrix_text, signature_line
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
    ],
)
def test_markdown_is_escaped(text: str, shown: str) -> None:
    assert escape(text) == shown


def test_terminal_text_has_no_control_characters() -> None:
    assert plain("a\x1b[31mb\u202ec\n\ud800d") == "a [31mb c d"
