"""What is left of the first facts of a sequence, against numbers counted by hand."""

from collections.abc import Callable
from pathlib import Path

import pytest

from mlake.evaluation.plan import make_plan
from mlake.evaluation.spec import RunSpec
from mlake.evaluation.store import Store
from mlake.evaluation.units import Question, Unit
from mlake.records import Answer, Benchmark, Fact, Probe, Statement
from mlake.report.findings.retention import retention
from mlake.report.findings.sequences import sequence_table, sequence_tables
from mlake.report.load import load_run
from mlake.report.paper.compare import INTERVAL
from mlake.report.rundata import RunData

LANGS = ("en", "de")


def benchmark() -> Benchmark:
    facts = []
    for row in range(6):
        probes = tuple(
            Probe(f"{row}-{lang}", f"f{row}", "direct", lang, f"{lang} {row}?", ("Rome",)) for lang in LANGS
        )
        statements = {
            lang: Statement(f"f{row}", lang, f"{lang} {row}?", str(row), "Paris", "Rome") for lang in LANGS
        }
        facts.append(Fact(f"f{row}", row, statements, probes))
    return Benchmark("fake", "r1", "0" * 64, tuple(facts))


def stored(folder: Path, sequence: str | None, right: Callable[[Unit, Question], bool]) -> RunData:
    spec = RunSpec(
        model="fake", model_revision="m1", dtype="float32", template="Q: {question}\nA:", data="fake",
        data_revision="r1", data_sha256="0" * 64, facts=(0, 6), method="rome", editor={"sequential": True},
        edit_langs=LANGS, test_langs=LANGS, kinds=("direct",), batch_size=2, locality=0, sequence=sequence,
    )  # fmt: skip
    plan = make_plan(spec, benchmark())
    with Store.open(folder, spec) as store:
        store.begin(plan)
        for unit in plan.units:
            said = ["Rome" if right(unit, one) else "Oslo" for one in unit.questions]
            store.write(unit, [Answer(text, True) for text in said])
    return load_run(folder)


def rows(run: RunData) -> list[dict[str, object]]:
    table = sequence_table([run])
    names = list(table.columns)
    for at, name in enumerate(names):
        if name == INTERVAL:
            names[at] = f"{names[at - 1]} interval"
    return [dict(zip(names, row, strict=True)) for row in table.rows]


def test_batches_after_batches(tmp_path: Path) -> None:
    """In English a fact is right in its own language while fewer than two edits came on top of it."""

    def right(unit: Unit, question: Question) -> bool:
        lang, batch, test, step = unit.place
        return lang == test == "en" and step is not None and step - batch < 2

    found = rows(stored(tmp_path, "batches", right))
    english = [row for row in found if (row["edited in"], row["asked in"]) == ("en", "the same")]
    assert [row["step"] for row in english] == [1, 2, 3]
    assert [row["own, %"] for row in english] == [100, 100, 100]
    assert [row["first, %"] for row in english] == [100, 100, 0]
    assert [row["first since step 1"] for row in english] == [0, 0, -100]
    assert english[2]["first since step 1 interval"] == "[-100.0, 100.0] (2, 2)"
    assert [row["all, %"] for row in english] == [None, None, pytest.approx(200 / 3)]
    assert all(row["own answers"] == row["first answers"] == 2 for row in found)
    others = [row for row in found if row not in english]
    assert {(row["edited in"], row["asked in"]) for row in others} == {
        ("en", "others"),
        ("de", "the same"),
        ("de", "others"),
    }
    assert all(row["own, %"] == row["first, %"] == 0 for row in others)


def test_languages_after_languages(tmp_path: Path) -> None:
    """Batch 0 is right in every language it was edited in, the others in the last one only."""

    def right(unit: Unit, question: Question) -> bool:
        lang, batch, test, step = unit.place
        return test == lang or (batch == 0 and step == 1)

    found = rows(stored(tmp_path, "languages", right))
    assert [(row["step"], row["edited in"], row["asked in"]) for row in found] == [
        (1, "en", "the same"),
        (1, "en", "others"),
        (2, "de", "the same"),
        (2, "de", "others"),
    ]
    same = {row["step"]: row for row in found if row["asked in"] == "the same"}
    assert (same[1]["own, %"], same[1]["first, %"]) == (100, 100)
    assert same[2]["own, %"] == 100
    assert same[2]["first, %"] == pytest.approx(100 / 3), "asked in English, which was edited first"
    assert same[2]["first since step 1"] == pytest.approx(-200 / 3)
    assert same[2]["own answers"] == same[2]["first answers"] == 6


def test_an_unfinished_sequence_shows_what_it_has(tmp_path: Path) -> None:
    run = stored(tmp_path, "batches", lambda unit, question: True)
    for path in (tmp_path / "answers/en/002").glob("*.jsonl"):
        path.unlink()
    (tmp_path / "answers/en/001/001-en.jsonl").unlink()
    found = [row for row in rows(run) if (row["edited in"], row["asked in"]) == ("en", "the same")]
    assert [(row["step"], row["own answers"], row["first answers"]) for row in found] == [
        (1, 2, 2),
        (2, 0, 2),
    ]
    assert found[1]["own, %"] is None


def test_other_runs_have_no_such_table(tmp_path: Path) -> None:
    plain = stored(tmp_path / "plain", None, lambda unit, question: True)
    run = stored(tmp_path / "run", "batches", lambda unit, question: True)
    assert sequence_tables(plain) == [] and len(sequence_tables(run)) == 1
    assert sequence_table([plain, run]).rows[0][2] == "batches"
    assert retention([run]).rows == () and retention([plain]).rows
