"""``mlake review`` without its page: what is said, tasks out and annotations in, and what is refused."""

import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.construct.test_pipeline import FEW, rows

from mlake.cli import main
from mlake.construct.build import build
from mlake.construct.cases import build_cases, new_faults
from mlake.construct.open import open_context
from mlake.construct.pipeline import STAGES
from mlake.review.store import REVIEW, read_decisions


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("review")
    (folder / "few.toml").write_text(FEW)
    build(
        folder / "out", open_context(langs=("en", "de"), relations=folder / "few.toml"), STAGES, until="texts"
    )
    return folder / "out"


def call(*words: object) -> Result:
    return CliRunner().invoke(main, ["review", *map(str, words)])


def test_cases_show_ids_and_what_rules_find(built: Path) -> None:
    lines, drafts = rows(built, "texts"), {row["id"]: row for row in rows(built, "edits")}
    cases = build_cases(built)
    assert [case.line for case in cases] == lines
    draft = drafts[lines[0]["fact"]]
    assert [name for _, name in cases[0].edit] == [
        draft[part] for part in ("subject", "relation", "object", "new")
    ]
    broken = {**lines[0], "question": "What is it?"}
    assert "does not occur in the question" in new_faults(lines[0], broken)[0]
    broken = {**lines[0], "new_sentence": "It is."}
    assert new_faults(lines[0], broken)[0].startswith("damaged-subject: ")
    assert new_faults(lines[0], lines[0]) == []


def test_what_was_left_out_and_what_rules_find_are_warnings(built: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    (out / "stages").mkdir(parents=True)
    lines, edits = rows(built, "texts")[:2], rows(built, "edits")
    fact = lines[0]["fact"]
    drop = {"id": f"{fact}/de/question", "rule": "writer", "why": "3 tries: <b>"}
    files = {"texts": [lines[0] | {"new_answer": lines[0]["old_answer"]}, lines[1]], "edits": edits}
    for name, found in {**files, "texts.dropped": [drop]}.items():
        (out / f"stages/{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in found))
    (out / "build.json").write_text("{}")
    english, german = build_cases(out)
    assert any(one.startswith("noop-edit") for one in english.warnings)
    assert f"writer ({fact}/de/question): 3 tries: <b>" in german.warnings


def test_tasks_out_annotations_in_and_what_was_read(built: Path, tmp_path: Path) -> None:
    assert call(built, "--status").output == "nothing is read yet\n"
    done = call(built, "--tasks", tmp_path / "tasks.json", "--lang", "de")
    assert done.exit_code == 0 and (tmp_path / "tasks.xml").read_text().startswith("<View>")
    tasks = json.loads((tmp_path / "tasks.json").read_text())
    answer = [{"from_name": "verdict", "value": {"choices": ["accept"]}}]
    for task in tasks[:2]:
        task["annotations"] = [{"completed_by": who, "result": answer} for who in (1, 2)]
    (tmp_path / "tasks.json").write_text(json.dumps(tasks))
    assert call(built, "--annotations", tmp_path / "tasks.json").output == "kept 4 decisions\n"
    assert len(read_decisions(built / REVIEW)) == 4
    told = call(built, "--status").output
    assert "reviewers: 2" in told and "100.0%" in told and "LANGUAGE" in told
    found = json.loads(call(built, "--status", "--json").output)
    assert found["reviewers"] == 2 and found["states"]["de"] == {"accept": 2}
    assert found["agreement"]["de"]["sound"]["shared"] == 2
    (built / REVIEW).unlink()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--status", "--annotations", "x"], "three things to do; give one"),
        (["--tasks", "x"], "--tasks FILE and --lang CODE go together"),
        (["--json"], "--json prints what --status says"),
        (["--annotations", "nowhere.json"], "cannot read nowhere.json"),
        (["--tasks", "x", "--lang", "fr"], "unknown language of this build 'fr'"),
    ],
)
def test_what_is_refused(built: Path, words: list[str], message: str) -> None:
    done = call(built, *words)
    assert done.exit_code == 2 and message in done.output


def test_a_folder_without_a_build_or_without_texts(tmp_path: Path) -> None:
    done = call(tmp_path, "--status")
    assert done.exit_code == 2 and "holds no build; make one with mlake build --out" in done.output
    (tmp_path / "build.json").write_text("{}")
    done = call(tmp_path, "--status")
    assert done.exit_code == 2 and "has no texts.jsonl yet; run mlake build" in done.output


def test_without_nicegui_it_says_what_to_install(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nicegui", None)
    done = call(built)
    assert done.exit_code == 2
    assert "mlake: error: the review page needs nicegui; run: pip install 'mlake[review]'" in done.output
    assert not (built / REVIEW).exists()
