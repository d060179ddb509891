import csv
import json
import subprocess
import sys
import unicodedata

import pytest
from click.testing import CliRunner

from mlake.cli import main
from mlake.cli.data import stats as cli
from mlake.data.stats.views import FIGURES
from mlake.records import Benchmark, Fact, Probe, Statement, Triple

ASKED = {
    "en": ("What is it?", "What then?", "Old", "New"),
    "de": ("Was ist es?", "Was dann?", "Alt", "Neu"),
    "fr": ("Qu'est-ce ?", "Et après ?", "Vieux", "Neuf"),
    "ja": ("何ですか？", "次は？", "旧", "新"),
    "zh": ("是什么？", "然后呢？", "旧", "新"),
}
LANGS = list(ASKED)


def benchmark(bad=""):
    """One fact in five languages, each with a two-hop question after the edit."""
    statements = {
        lang: Statement("f", lang, question, None, old, bad + new, old_aliases=("O", "P"))
        for lang, (question, _, old, new) in ASKED.items()
    }
    path = (Triple("Q1", "P1", "Q2"), Triple("Q2", "P2", "Q3"))
    probes = []
    for lang, (question, then, _, new) in ASKED.items():
        probes.append(Probe(f"{lang}/d", "f", "direct", lang, question, (bad + new,)))
        probes.append(
            Probe(
                f"{lang}/m", "f", "multihop", lang, then, ("End",), relations=("r", f"{bad}s"), triples=path
            )
        )
    fact = Fact("f", 0, statements, tuple(probes), "Q1", "P1", {"en": "r"})
    return Benchmark(f"own{bad}", "1", "0" * 64, (fact,))


@pytest.fixture
def own(monkeypatch):
    monkeypatch.setattr(cli, "load", lambda name, mirror: benchmark())


def run(*args):
    result = CliRunner().invoke(main, ["data", "stats", *args], catch_exceptions=False)
    assert result.exit_code == 0, result.stderr
    return result.stdout


def cells(page, start):
    (line,) = [line for line in page.splitlines() if line.startswith(f"  {start}  ")]
    return line.removeprefix(f"  {start}").split()


def test_page(own):
    page = run("own")
    first, empty, head, *_ = page.splitlines()
    assert (first, empty, head.split()) == ("own 1: 1 facts", "", ["Table", "5", *LANGS])
    assert cells(page, "single-hop questions") == ["1"] * 5
    assert cells(page, "multi-hop questions (original)") == ["0"] * 5
    assert cells(page, "multi-hop entities (original)") == ["–"] * 5
    assert cells(page, "multi-hop entities (edited)") == ["3"] * 5
    assert cells(page, "relations") == ["2"] * 5
    assert cells(page, "counted in") == ["words", "words", "words", "characters", "characters"]
    assert cells(page, "direct, answers") == ["2"] * 5
    assert "Different Wikidata ids in the chains of these languages together: multihop 3" in page
    assert "  multihop, relations: P1 r 50.0 %, P2 s 50.0 %" in page
    assert "  old, answers: 旧 100.0 %" in page.split("Most frequent in ja\n")[1]


def test_columns_end_at_one_place(own):
    table = run("own").split("\n\n")[1].splitlines()
    assert len({len(line) for line in table}) == 1


def test_length_and_alias_cells(own):
    page = run("own", "--lang", "fr,zh")
    assert "Most frequent in en" not in page
    rows = [line.split(maxsplit=1) for line in page.splitlines() if line.startswith("  ")]
    summed = dict(row for row in rows if "(" in row[1])
    assert summed["direct"].split("  ") == ["1.0 (1 1 1)", "4.0 (4 4 4)"]
    assert summed["old"].split("  ") == ["2.0 (2 2 2)", "2.0 (2 2 2)"]


def test_the_papers_numbers_stand_beside_the_release_only(own):
    assert cells(run("mlake"), "multi-hop questions (edited)")[:4] == ["1", "(1024)", "1", "(731)"]
    assert cells(run("mlake"), "relations")[-2:] == ["2", "(43)"]
    assert "1024" not in run("mlake.jsonl")


def test_json_holds_everything(own):
    found = json.loads(run("own", "--json"))
    assert [one["lang"] for one in found["languages"]] == LANGS
    chains = found["languages"][0]["chains"]["multihop"]
    assert chains["pairs"] == [
        {
            "first_id": "P1", "first_label": "r", "first_count": 1,
            "second_id": "P2", "second_label": "s", "count": 1,
        }
    ]  # fmt: skip
    assert found["languages"][4]["lengths"]["direct"]["histogram"] == [[4, 1]]
    assert found["languages"][3]["aliases"]["old"]["median"] == 2


@pytest.mark.parametrize("part", list(FIGURES))
def test_figures_are_the_same_as_csv_and_as_json(own, part):
    text = run("own", "--figure", part)
    rows = list(csv.DictReader(text.splitlines()))
    same = json.loads(run("own", "--figure", part, "--json"))
    assert [{name: "" if v is None else str(v) for name, v in row.items()} for row in same] == rows
    assert list(dict.fromkeys(row["lang"] for row in rows)) == LANGS
    assert text.endswith("\n") and not text.endswith("\n\n")


def test_figure_values(own):
    assert run("own", "--figure", "c", "--lang", "de").splitlines() == [
        "lang,rank,id,label,count,share",
        "de,1,Q2,Neu,2,0.5",
        "de,2,Q1,,1,0.25",
        "de,2,Q3,End,1,0.25",
    ]


def test_nothing_to_draw_is_a_header(monkeypatch):
    fact = Fact("f", 0, {"ja": Statement("f", "ja", "何？", None, "", "新")})
    monkeypatch.setattr(cli, "load", lambda name, mirror: Benchmark("bare", "1", "0" * 64, (fact,)))
    assert run("bare", "--figure", "a").splitlines() == [",".join(("lang", *FIGURES["a"].columns))]
    assert json.loads(run("bare", "--figure", "a", "--json")) == []
    page = run("bare")
    assert cells(page, "relations") == ["–"]
    assert "Different relations" not in page and "Wikidata ids in the chains" not in page
    assert page.endswith("Most frequent in ja\n  new, answers: 新 100.0 %\n")


@pytest.mark.parametrize("args", [[], ["--json"], *(["--figure", part] for part in FIGURES)])
def test_control_characters_do_not_reach_the_terminal(monkeypatch, args):
    bad = "\x1b[31m\x07\x9b\u202e"
    monkeypatch.setattr(cli, "load", lambda name, mirror: benchmark(bad))
    text = run("own", *args)
    assert {char for char in text if unicodedata.category(char) in ("Cc", "Cf")} == {"\n"}


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["mini", "--lang", "xx"], "unknown language 'xx'"),
        (["mini", "--lang", "en,"], "unknown language ''"),
        (["nowhere"], "unknown data set 'nowhere'"),
        (["gone.jsonl"], "gone.jsonl"),
    ],
)
def test_errors_are_one_line_and_code_2(args, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, ["data", "stats", *args])
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_language_without_facts_is_an_error(monkeypatch):
    fact = Fact("f", 0, {"en": Statement("f", "en", "What?", None, "", "New")})
    monkeypatch.setattr(cli, "load", lambda name, mirror: Benchmark("own", "1", "0" * 64, (fact,)))
    result = CliRunner().invoke(main, ["data", "stats", "own", "--lang", "zh"])
    assert result.exit_code == 2
    assert result.stderr == "mlake: error: 'own' holds nothing in 'zh'; it has: en; choose among them\n"


def test_help_shows_an_example():
    assert "mlake data stats mini" in run("--help")


def test_torch_stays_out():
    code = (
        "from mlake.cli import main; import sys\n"
        "main(['data', 'stats', 'mini'], standalone_mode=False)\n"
        "assert not {'torch', 'transformers', 'matplotlib'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
