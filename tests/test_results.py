"""The page of results is made from the stored answers, and says what they say."""

import gzip
import json
import re
import tarfile
from dataclasses import asdict
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest
from benchmarks import chat_example, front_table, lifelong, results, stored
from benchmarks.choose import CHOOSE, filled, names
from benchmarks.grid import table
from benchmarks.marks import part
from benchmarks.mend_curve import table as curve
from benchmarks.paired import differences
from benchmarks.results import DOCS, FIGURE, PAGE, README, files, parts, section, shown
from benchmarks.stored import RESULTS, StoredRun, stored_run, unpacked
from benchmarks.trade import beside

from mlake.data import DATASETS, load
from mlake.disk import write_files
from mlake.editing import editor
from mlake.editing.settings import setting_of
from mlake.editing.tuned import packaged
from mlake.scorers.row import ScoredRow
from mlake.scorers.table import signature
from mlake.submission.check import checked
from mlake.submission.files import CLAIM, probe_lines, read_claim
from mlake.submission.make import submission
from mlake.tuning.front import front, named
from mlake.tuning.trial import Measured, Trial

ROW = ("edit_lang", "batch", "kind", "probe", "scorer")
DEMO = "demo-memit-gemma3-270m"
RUNS = sorted(str(path.parent.relative_to(RESULTS)) for path in RESULTS.rglob("answers.tar.xz"))
SENT = [name for name in RUNS if (RESULTS / name / CLAIM).exists()]
PAGE_TEXT = (DOCS / PAGE).read_text(encoding="utf-8")


@pytest.mark.released
def test_page_and_figure_are_what_the_command_makes(mirror: Path) -> None:
    made = files(mirror)
    sequences = {lifelong.FIGURE for one in parts() if one.lifelong}
    chat = {chat_example.PAGE, *(path.name for path in DOCS.glob("chat-*.png"))}
    names = {PAGE, FIGURE, README, CHOOSE, front_table.FIGURE, *sequences, *chat}
    assert made == {name: (DOCS / name).read_bytes() for name in names}, "python -m benchmarks.results"


@pytest.mark.parametrize("name", SENT)
def test_what_was_sent_in_holds_what_it_claims(name: str, request: pytest.FixtureRequest) -> None:
    data = read_claim(RESULTS / name)["spec"]["data"]
    found = checked(RESULTS / name, request.getfixturevalue("mirror") if DATASETS[data].url else None)
    assert found.asked


@pytest.mark.released
@pytest.mark.parametrize("name", sorted({*RUNS} - {*SENT}))
def test_todays_scorers_give_the_stored_scores(name: str, mirror: Path) -> None:
    with gzip.open(RESULTS / name / "scores.jsonl.gz", "rt", encoding="utf-8") as lines:
        stored = {tuple(row[part] for part in ROW): row["value"] for row in map(json.loads, lines)}
    rows = map(asdict, stored_run(name, mirror).scored)
    scored = {tuple(row[part] for part in ROW): row["value"] for row in rows}
    assert stored and stored == {place: scored[place] for place in stored}


def test_the_demos_section_is_made_from_packaged_facts() -> None:
    run = stored_run(DEMO, None)
    assert section(run, shown(run)) in PAGE_TEXT


def test_each_stored_run_stands_on_the_page_once() -> None:
    assert sorted(name for part in parts() for name in part.runs) == RUNS
    for name in RUNS:
        assert PAGE_TEXT.count(f"\n### [{name}]") == 1


def _stored(answers: dict[str, float]) -> StoredRun:
    rows = [
        ScoredRow(
            edit_lang="en", batch=0, kind="direct", probe=probe, fact=probe, test_lang="de",
            scorer="contains", value=value,
        )
        for probe, value in answers.items()
    ]  # fmt: skip
    return StoredRun("run", {}, [], rows)


def test_differences_are_of_the_questions_that_both_runs_answered() -> None:
    one = _stored({"a": 0.0, "b": 0.0, "c": 1.0, "only here": 1.0})
    other = _stored({"a": 1.0, "b": 0.0, "c": 1.0, "only there": 0.0})
    assert "| direct | en | 33.3 → 66.7 (+33.3 [" in differences({"one": one, "other": other})
    assert "66.7 → 33.3 (-33.3 [" in differences({"other": other, "one": one})


def test_no_measured_number_is_typed() -> None:
    typed = [part.title for part in parts() if re.search(r"%|\d\.\d", part.says)]
    assert typed == []


def test_the_readme_says_what_made_its_numbers() -> None:
    """Which numbers these are is held by the command's own test, which needs the released questions."""
    text = (DOCS / README).read_text(encoding="utf-8")
    words = text.split(f"docs/{FIGURE})\n\n")[1].split("\n\n")[0]
    assert words.startswith("*200 facts ") and f"(`{signature('contains')}`)" in words
    assert len(re.findall(r"\d\.\d %", words)) == 3
    elsewhere = text.replace(words, "").replace(part(text, front_table.NAME), "")
    assert not re.search(r"\d %|\d\.\d %", elsewhere)


def test_the_figure_is_small() -> None:
    assert 10_000 < (DOCS / FIGURE).stat().st_size < 60_000


def test_the_table_of_the_moments_forms_is_that_of_the_stored_lines() -> None:
    made = table(RESULTS / "moments-form-gemma3-270m.jsonl", ("corpus_tokens", "ridge", "corpus_form"))
    page = (DOCS / "methods.md").read_text(encoding="utf-8")
    assert part(page, "moments form") == made


@pytest.mark.parametrize(
    ("lines", "name", "axes"),
    [
        ("joint-gemma3-270m", "joint", ("layers", "rate", "steps", "ridge", "preserve")),
        ("preserve-qwen2.5-coder-1.5b", "joint on qwen", ("layers", "rate", "clamp", "ridge", "preserve")),
        ("ridge-gemma3-270m", "steps in english", ("rate", "steps", "ridge")),
    ],
)
def test_the_table_of_a_grid_is_that_of_the_stored_lines(
    lines: str, name: str, axes: tuple[str, ...]
) -> None:
    made = table(RESULTS / f"{lines}.jsonl", axes)
    page = (DOCS / "methods.md").read_text(encoding="utf-8")
    assert part(page, name) == made


def test_the_table_of_the_trials_is_that_of_the_stored_lines() -> None:
    made = table(RESULTS / "trials-gemma3-270m.jsonl", ("method", "rate", "overlap"))
    page = (DOCS / "methods.md").read_text(encoding="utf-8")
    assert part(page, "trials") == made


@pytest.mark.parametrize(("lines", "name"), [("curve", "curve"), ("curve-en-10", "curve of ten")])
def test_the_table_of_kes_training_is_that_of_the_stored_lines(lines: str, name: str) -> None:
    made = curve(RESULTS / "ke-demo" / f"{lines}.jsonl")
    page = (DOCS / "methods" / "ke.md").read_text(encoding="utf-8")
    assert made.count("untrained") == 1 and made.count(", best") == 1
    assert part(page, name) == made


def test_settings_that_come_with_mlake_are_those_of_a_stored_search() -> None:
    searches = {
        json.loads(path.read_text(encoding="utf-8"))["model_revision"]: path.parent
        for path in RESULTS.glob("tune-*/search.json")
    }
    searched = {key: one for key, one in packaged().items() if "lines" not in one.made}
    assert searched
    for (method, revision), found in searched.items():
        with tarfile.open(searches[revision] / "trials.tar.xz") as archive:
            files = [archive.extractfile(one) for one in archive.getmembers() if one.isfile()]
            tried = [json.loads(one.read())["settings"] for one in files if one is not None]
        assert method == "memit" and any(one.items() <= dict(found.settings).items() for one in tried)
        front = json.loads((searches[revision] / "front.json").read_text(encoding="utf-8"))
        point = str(found.made["point"]).partition(":")[0]
        assert tried[front["points"][point]].items() <= dict(found.settings).items()


def test_the_page_of_methods_has_the_runs_that_are_stored() -> None:
    """What its table says is held by the command's own test where runs are; without any it says so."""
    text = (DOCS / CHOOSE).read_text(encoding="utf-8")
    assert set(names()) <= set(RUNS)
    assert ("Not filled yet" in text) == (not names())
    assert filled(text, []).count("Not filled yet") == 1


def test_settings_that_come_with_mlake_are_the_best_of_their_stored_lines() -> None:
    from_lines = [one for one in packaged().values() if "lines" in one.made]
    assert from_lines
    for found in from_lines:
        method, point = str(found.made["method"]), str(found.made["point"])
        text = (RESULTS / str(found.made["lines"])).read_text(encoding="utf-8")
        rows = [row for row in map(json.loads, text.splitlines()) if "shares" in row]
        best = dict(_RULES[point.partition(":")[0]](rows)["settings"])
        assert best.pop("method", method) == method
        assert f"of {len(rows)} settings tried" in found.source
        row = editor(method, **found.settings)
        assert best and all(setting_of(row, name) == value for name, value in best.items())
        fixed = [one.partition("=")[0] for one in json.loads(text.splitlines()[0])["set"]]
        assert set(found.settings) <= {*best, *fixed}


def _best(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The largest product of new answers, those to rephrased questions, and other facts kept."""

    def product(row: dict[str, Any]) -> float:
        new = [share for goal in ("own", "transfer") for share in row["shares"].get(goal, {}).values()]
        kept = "".join(row["marks"]["kept"].values())
        return fmean(new) * fmean(row["shares"]["rephrased"].values()) * kept.count("1") / len(kept)

    return max(rows, key=product)


def _balanced(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The point that ``mlake tune`` writes unless told otherwise."""
    trials = [Trial(n, row, {0: Measured(row["marks"], row["held_out"])}) for n, row in enumerate(rows)]
    return dict(named(front(trials))["balanced"].settings)


_RULES = {"best": _best, "balanced": _balanced}


def test_a_run_that_was_sent_in_adds_a_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with unpacked(DEMO) as run:
        probes = (probe for fact in load("mini").facts for probe in fact.probes)
        (run / "probes.jsonl").write_bytes(probe_lines(probes))
        name, sent = submission(run)
    write_files(tmp_path / "submitted" / name, sent)
    (tmp_path / "results.toml").write_bytes((RESULTS / "results.toml").read_bytes())
    for module in (results, stored):
        monkeypatch.setattr(module, "RESULTS", tmp_path)
    last = parts()[-1]
    assert last.title == "Runs sent in" and last.runs == (f"submitted/{name}",) and last.trade and last.brief
    table = beside({last.runs[0]: stored_run(last.runs[0], None)})
    (row,) = (line for line in table.splitlines() if line.startswith("| submitted/"))
    monkeypatch.undo()
    own = beside({DEMO: stored_run(DEMO, None)})
    told = row.split(" | ")[1:8]  # answers alone are sent in, not what else was measured
    assert " | ".join(told) in own
