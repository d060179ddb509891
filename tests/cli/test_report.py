"""``mlake score`` and ``mlake report`` on a real run folder that fakes have filled."""

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from mlake.cli import main
from mlake.evaluation.plan import make_plan
from mlake.evaluation.run import Engine, run
from mlake.evaluation.spec import RunSpec
from mlake.evaluation.store import Store
from mlake.records import Answer, Benchmark, Fact, Probe, Statement
from mlake.scorers.table import signature

QUESTIONS = {"en": "Where is {}?", "zh": "{}在哪里？"}
NAMES = {"en": ("Italy", "France"), "zh": ("意大利", "法国")}


class Edit:
    def __init__(self, known: dict[str, str]):
        self.known = known

    def applied(self, lm: dict[str, str]) -> Any:
        return nullcontext(lm | self.known)

    def save(self, path: Path) -> None:
        path.write_text(json.dumps(self.known))

    @classmethod
    def load(cls, path: Path) -> "Edit":
        return cls(json.loads(path.read_text()))


class Fakes:
    """Knows an edited question by heart; answers France, in the question's language, to all others."""

    def edit(self, lm: Any, statements: Sequence[Statement], **given: object) -> Edit:
        return Edit({one.question: one.new for one in statements})

    def answer(self, lm: dict[str, str], questions: Sequence[str], progress: Any) -> list[Answer]:
        old = [NAMES["en" if question.isascii() else "zh"][1] for question in questions]
        return [Answer(lm.get(question, one), True) for question, one in zip(questions, old, strict=True)]


def benchmark() -> Benchmark:
    facts = []
    for row in range(4):
        asked = {lang: text.format(f"X{row}") for lang, text in QUESTIONS.items()}
        probes = tuple(
            Probe(f"{row}-{lang}", f"f{row}", "direct", lang, text, NAMES[lang][:1], NAMES[lang][1:])
            for lang, text in asked.items()
        )
        statements = {
            lang: Statement(f"f{row}", lang, text, f"X{row}", NAMES[lang][1], NAMES[lang][0])
            for lang, text in asked.items()
        }
        facts.append(Fact(f"f{row}", row, statements, probes))
    return Benchmark("fake", "r1", "0" * 64, tuple(facts))


def stored(folder: Path, data: Benchmark, *kinds: str, **changes: Any) -> Path:
    """A finished run over the data."""
    spec = RunSpec(
        model="fake", model_revision="m1", dtype="float32", template="Q: {question}\nA:", data="fake",
        data_revision="r1", data_sha256="0" * 64, facts=(0, 4), method="rome", editor={"layers": [3]},
        edit_langs=("en", "zh"), test_langs=("en", "zh"), kinds=kinds, batch_size=2, locality=1, **changes,
    )  # fmt: skip
    fakes: Any = Fakes()
    engine = Engine({}, fakes, fakes.answer, Edit.load, lambda seed: None)
    with Store.open(folder, spec) as store:
        run(make_plan(spec, data), store, engine)
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return stored(tmp_path / "run", benchmark(), "direct")


def test_a_sequence_has_a_table_of_its_steps(tmp_path: Path) -> None:
    run = stored(tmp_path / "run", benchmark(), "direct", sequence="batches")
    assert mlake("report", run).exit_code == 0
    text = (run / "report" / "report.md").read_text()
    assert "**Edits on top of each other: what is left of the first**" in text
    assert " · batch size: 2 · sequence: batches · seed: 0 · " in text
    plain = stored(tmp_path / "plain", benchmark(), "direct")
    mlake("report", plain)
    text = (plain / "report" / "report.md").read_text()
    assert "on top of each other" not in text and " · batch size: 2 · seed: 0 · " in text


def mlake(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(one) for one in arguments])


MATRIX = """\
Direct questions, contains|v3, % [95 % interval over facts]
             asked in
edited in    en              zh
unedited       0.0 [0–73]      0.0 [0–73]
en           100.0 [27–100]    0.0 [0–73]
zh             0.0 [0–73]    100.0 [27–100]
n                4               4
effective n      4               4
"""


def test_score_prints_the_matrix_and_writes_nothing(folder: Path) -> None:
    before = sorted(folder.rglob("*"))
    result = mlake("score", folder)
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith(MATRIX)
    assert result.stdout.removeprefix(MATRIX).startswith(
        "below 5 % in every cell: cut off at the token limit (cut|v1)"
    )
    assert f"\nQuestions about other facts, {signature('old_kept')}, % [95 % interval" in result.stdout
    assert sorted(folder.rglob("*")) == before


def test_report_writes_the_files_and_lists_them(folder: Path) -> None:
    result = mlake("report", folder)
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith(MATRIX)
    names = ["heatmap.pdf", "heatmap.png", "report.md", "tidy.csv", "tidy.json"]
    assert sorted(path.name for path in (folder / "report").iterdir()) == names
    assert all(f"wrote {folder / 'report' / name}\n" in result.stdout for name in names)
    text = (folder / "report" / "report.md").read_text("utf-8")
    assert "| zh | 0.0 [0.0, 73.4] | 100.0 [26.6, 100.0] |" in text


@pytest.mark.parametrize("command", ["score", "report"])
def test_json_is_the_only_output(folder: Path, command: str) -> None:
    result = mlake(command, folder, "--json")
    rows = json.loads(result.stdout)
    assert result.stderr == ""
    found = [row for row in rows if (row["scorer"], row["kind"]) == ("old", "locality")]
    assert [(row["edit_lang"], row["test_lang"], row["n"], row["value"]) for row in found] == [
        ("en", "en", 2, 1.0),
        ("en", "zh", 2, 1.0),
        ("zh", "en", 2, 1.0),
        ("zh", "zh", 2, 1.0),
    ]


def test_an_unfinished_run_is_reported_as_far_as_it_goes(folder: Path) -> None:
    (folder / "answers" / "zh" / "001-zh.jsonl").unlink()
    result = mlake("score", folder)
    assert result.exit_code == 0
    assert "is not finished; missing units of answers: 1\n" in result.stderr
    assert "\nn                4             2–4\n" in result.stdout


def test_a_run_without_answers(folder: Path) -> None:
    for path in folder.glob("answers/*/*.jsonl"):
        path.unlink()
    result = mlake("report", folder)
    assert result.exit_code == 2
    assert result.stderr.endswith("holds no answers yet; run 'mlake run' with the same settings to go on\n")


def test_a_folder_that_is_no_run(tmp_path: Path) -> None:
    result = mlake("score", tmp_path)
    assert result.exit_code == 2
    assert result.stderr == f"mlake: error: {tmp_path} holds no run; name a folder that 'mlake run' wrote\n"


@pytest.mark.parametrize("command", ["score", "report"])
def test_help_has_an_example(command: str) -> None:
    assert re.search(rf"Examples?:\n    mlake {command} runs/", mlake(command, "--help").stdout)


def test_scoring_and_reporting_load_no_torch(folder: Path) -> None:
    code = (
        "import sys\nfrom mlake.cli import main\n"
        f"main(['report', {str(folder)!r}], standalone_mode=False)\n"
        "sys.exit('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_one_page_of_several_runs(folder: Path, tmp_path: Path) -> None:
    result = mlake("report", folder, folder, "--html", "--out", tmp_path / "page")
    assert result.exit_code == 0, result.output
    page = (tmp_path / "page" / "report.html").read_text()
    assert page.startswith("<!doctype html>") and "default-src 'none'" in page
    assert not (folder / "report").exists()
    assert "table5 needs the data set, which stored runs do not hold; make it with `mlake reproduce`" in page
    assert "table9 needs a run of stableke; run with --method stableke" in page


def test_one_place_cannot_hold_the_reports_of_two_runs(folder: Path, tmp_path: Path) -> None:
    result = mlake("report", folder, folder, "--out", tmp_path / "both")
    assert result.exit_code == 2 and "--out takes the report of one run" in result.stderr


def test_what_is_known_already_can_be_left_out(folder: Path) -> None:
    path = folder / "answers" / "unedited" / "000-en.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()][:-1]  # without the hash of the others
    rows[0]["text"] = "Italy"  # the new answer, before any edit
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))

    def counted(*flags: str) -> int:
        found = json.loads(mlake("report", folder, "--json", *flags).stdout)
        return sum(
            row["n"]
            for row in found
            if (row["kind"], row["scorer"], row["edit_lang"]) == ("direct", "contains", "en")
        )

    assert (counted(), counted("--without-known")) == (8, 7)
