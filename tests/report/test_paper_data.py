import csv
import io
import re
from pathlib import Path

import pytest
from tests.report.paper_runs import LANGS, SHA, answered, cell, run

from mlake.data import load
from mlake.errors import DataError
from mlake.records import Benchmark, Fact, Probe, Statement
from mlake.report import paper
from mlake.report.paper import table3, table5, table10
from mlake.report.statistics.intervals import Estimate

VICUNA = "lmsys/vicuna-7b-v1.5"


def test_table_3_beside_the_paper() -> None:
    counted = {
        VICUNA: {
            "en": Estimate(1072, 1072, 1072.0, 4.0, 3.9, 4.1),
            "zh": Estimate(1072, 1072, 1072.0, 11.77, 11.5, 12.0),
        },
        "demo": {"ja": Estimate(1, 1, 1.0, 5.5, None, None)},
    }
    (table,) = table3(counted)
    assert table.rows == (
        (VICUNA, "en", 1072, 4.0, "[3.90, 4.10] (1072, 1072)", 4.04, 3.74, pytest.approx(-0.04)),
        (VICUNA, "zh", 1072, 11.77, "[11.50, 12.00] (1072, 1072)", 11.77, 5.17, 0.0),
        ("demo", "ja", 1, 5.5, None, 9.72, 6.27, None),
    )
    assert table3({}) == ()


NOT_THE_PAPERS = {
    "multi-hop questions (edited)": {"zh": -9},
    "single-hop entities": {"de": 2, "fr": -2},
    "multi-hop entities (original)": {"en": -30, "de": -123, "fr": -108, "ja": -39, "zh": -50},
    "multi-hop entities (edited)": {"en": -55, "de": -283, "fr": -289, "ja": -102, "zh": -85},
}
"""What docs/paper-tables.md says of the differences."""


@pytest.mark.released
def test_table_5_is_the_papers_but_for_what_is_documented(mirror) -> None:
    (table,) = table5(load("mlake", mirror=mirror))
    assert len(table.rows) == 21
    for row in table.rows:
        title, source, *cells = row
        if source == "difference":
            expected = NOT_THE_PAPERS.get(title, {})
            assert dict(zip(LANGS, cells, strict=True)) == {lang: expected.get(lang, 0) for lang in LANGS}
    assert cell(table, "zh", statistic="multi-hop questions (edited)", source="counted") == 789
    assert cell(table, "zh", statistic="multi-hop questions (edited)", source="paper") == 798


def test_table_5_of_other_data_has_no_paper() -> None:
    (table,) = table5(load("mini"))
    assert {row[1] for row in table.rows} == {"counted"}
    assert len(table.rows) == 7
    assert table.columns[2:] == LANGS
    assert table.notes[0].startswith("data mini ")


QUESTIONS = {
    "en": ("Who leads {}?", "Where was who leads {} born?"),
    "de": ("Wer führt {}?", "Wo wurde geboren, wer {} führt?"),
    "fr": ("Qui dirige {} ?", "Où est né qui dirige {} ?"),
    "ja": ("{}の長は誰ですか？", "{}の長はどこで生まれましたか？"),
    "zh": ("谁领导{}？", "领导{}的人在哪里出生？"),
}
HOSTILE = '<img src=x onerror="alert(1)">|\n[x](javascript:1) \\end{table} =1+1'


def benchmark(count: int, *, chained=lambda at: True) -> Benchmark:
    facts = []
    for at in range(count):
        name, probes = f"f{at}", []
        for lang, (ask, chain) in QUESTIONS.items():
            probes.append(
                Probe(f"{at}/{lang}/direct", name, "direct", lang, ask.format(at), ("新",), ("Old",))
            )
            if chained(at):
                probes.append(Probe(f"{at}/{lang}/hop", name, "multihop", lang, chain.format(at), ("Rome",)))
        statements = {lang: Statement(name, lang, "", None, "Old", "新") for lang in LANGS}
        facts.append(Fact(name, at, statements, tuple(probes)))
    return Benchmark("own", "own.jsonl", SHA, tuple(facts))


def answers(data: Benchmark, *, edit_langs=LANGS, facts=None, **settings):
    """Answers name the language edited in and the question, so that each is told from all others."""
    asked = [
        answered(probe, f"{settings.get('method', 'memit')} {edit} {probe.id}", edit)
        for edit in (None, *edit_langs)
        for fact in (data.facts if facts is None else [data.facts[at] for at in facts])
        for probe in fact.probes
    ]
    return run({}, asked=asked, edit_langs=edit_langs, **settings)


class TestTable10:
    def test_facts_are_spread_and_answers_are_those_of_the_same_language(self) -> None:
        data = benchmark(12)
        (table,) = table10([answers(data), answers(data, method="rome")], data)
        assert list(dict.fromkeys(row[0] for row in table.rows)) == ["f2", "f6", "f10"]
        assert len(table.rows) == 3 * 2 * 5
        assert table.columns[6:] == (
            "demo, unedited",
            "demo, memit, edited in the same language",
            "demo, rome, edited in the same language",
        )
        row = next(row for row in table.rows if row[:3] == ("f6", "Two-hop questions", "ja"))
        assert row[3:] == (
            *("6の長はどこで生まれましたか？", None, "Rome"),
            *("memit None 6/ja/hop", "memit ja 6/ja/hop", "rome ja 6/ja/hop"),
        )
        assert cell(table, "old answer", fact="f2", questions="Direct questions", language="zh") == "Old"

    def test_a_run_that_edits_in_fewer_languages_has_a_column_each(self) -> None:
        data = benchmark(1)
        (table,) = table10([answers(data, edit_langs=("en", "zh"))], data)
        assert table.columns[7:] == ("demo, memit, edited in en", "demo, memit, edited in zh")
        where = {"questions": "Direct questions", "language": "fr"}
        assert cell(table, "demo, memit, edited in zh", **where) == "memit zh 0/fr/direct"

    def test_only_facts_that_every_run_edited_and_that_have_two_hops(self) -> None:
        data = benchmark(6, chained=lambda at: at != 1)
        runs = [answers(data, facts=(0, 1, 2, 3)), answers(data, facts=(1, 2, 3, 5), method="rome")]
        (table,) = table10(runs, data)
        assert set(row[0] for row in table.rows) == {"f2", "f3"}

    def test_answers_about_other_facts_do_not_count(self) -> None:
        data = benchmark(2)
        probe = data.facts[1].probes[0]
        outside = [answered(probe, "outside", lang, kind="locality") for lang in LANGS]
        own = answers(data, facts=(0,))
        (table,) = table10([run({}, asked=(*own.asked, *outside))], data)
        assert {row[0] for row in table.rows} == {"f0"}

    def test_answers_are_escaped_and_cut(self) -> None:
        data = benchmark(1)
        probes, text = data.facts[0].probes, HOSTILE + "長" * 300
        long = [answered(probe, text, edit) for edit in (None, *LANGS) for probe in probes]
        (table,) = table10([run({}, asked=long)], data)
        assert all(cell.endswith("長…") and len(cell) == 201 for row in table.rows for cell in row[6:])
        assert "<img" not in table.markdown()
        assert len([line for line in table.markdown().splitlines() if line.startswith("|")]) == 2 + 10
        assert r"\textbackslash{}end\{table\}" in table.latex()
        assert len(list(csv.reader(io.StringIO(table.csv(), newline="")))) == 11

    def test_a_run_on_other_data(self) -> None:
        data = benchmark(1)
        other = answers(data)
        other.spec["data_sha256"] = "f" * 64
        with pytest.raises(DataError, match="run run-a was made from other data than 'own' as loaded; give"):
            table10([other], data)

    def test_nothing_to_show(self) -> None:
        data = benchmark(2, chained=lambda at: False)
        assert table10([answers(data)], data) == ()


def test_the_page_names_every_table_and_difference() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "paper-tables.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| \d+ \| `(table\d+)\(", page, re.MULTILINE) == sorted(
        paper.__all__, key=lambda one: int(one[5:])
    )
    for title, own in NOT_THE_PAPERS.items():
        assert f"| {title} | {' | '.join(str(own.get(lang, 0)) for lang in LANGS)} |\n" in page
