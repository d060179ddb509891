"""What a stranger adds works everywhere: each thing is one row, and every command takes it."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from tests.contract import dummies

from mlake.data import load
from mlake.editing.edits.files import load_edit
from mlake.models import load as load_model
from mlake.models.generate import answers

Command = Callable[..., Result]
NAMES = tuple(method.name for method in dummies.METHODS)
QUICK = (NAMES[0], *(pytest.param(one, marks=pytest.mark.slow) for one in NAMES[1:]))
RUN = ("--data", "stars", "--batch-size", 2, "--locality", 1, "--max-new-tokens", 3)


def done(result: Result) -> str:
    assert result.exit_code == 0, result.output
    return result.output


def files(folder: Path) -> dict[str, bytes]:
    """What a run has stored that is the same whenever it is run."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix in (".jsonl", ".safetensors")
    }


@pytest.mark.parametrize("what", ["methods", "scorers", "kinds", "languages", "views"])
def test_all_are_listed(mlake_: Command, what: str) -> None:
    names = {
        "methods": set(NAMES),
        "scorers": {"shouts"},
        "kinds": {"riddle"},
        "languages": {"it", "th", "ko"},
        "views": {"longest"},
    }
    rows = json.loads(done(mlake_("list", what, "--json")))
    assert names[what] <= {row.get("name") for row in rows} | {row.get("code") for row in rows}
    assert "stars" in done(mlake_("data", "list"))


@pytest.mark.parametrize("method", NAMES)
def test_a_method_edits_and_the_edited_model_is_asked(mlake_: Command, model: Path, method: str) -> None:
    base = ("edit", "--model", model, "--facts", dummies.FACTS, "--lang", "en", "--max-new-tokens", 4)
    done(mlake_(*base, "--method", method, "--out", "out"))
    rows = json.loads(Path("out/answers.json").read_text(encoding="utf-8"))
    lm, edit = load_model(model), load_edit(Path("out/edit.safetensors"))
    with edit.applied(lm) as edited:
        after = [one.text for one in answers(edited, [row["question"] for row in rows], max_new_tokens=4)]
    assert [row["after"] for row in rows] == after
    assert [row["before"] for row in rows] != after


@pytest.mark.parametrize("method", NAMES)
def test_only_weights_are_merged(mlake_: Command, model: Path, method: str) -> None:
    base = ("edit", "--model", model, "--facts", dummies.FACTS, "--lang", "en", "--max-new-tokens", 4)
    result = mlake_(*base, "--method", method, "--out", "out", "--merge")
    if method in ("low-rank", "dense"):
        done(result)
        assert Path("out/model/config.json").exists()
    else:
        assert result.exit_code == 2
        assert result.stderr.splitlines()[-1].startswith("mlake: ") and "--merge" in result.stderr
        assert not Path("out/model").exists()


class Killed(BaseException):
    """Nothing catches it, as nothing catches a kill."""


@pytest.mark.parametrize(
    "method", [NAMES[0], *(pytest.param(one, marks=pytest.mark.slow) for one in NAMES[1:])]
)
def test_a_run_is_killed_resumed_scored_and_reported(
    mlake_: Command, model: Path, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    langs = ("--edit-lang", "en,de", "--test-lang", "en,de,it", "--kinds", "direct,riddle")
    words = ("run", "--model", model, "--method", method, *langs, *RUN)
    done(mlake_(*words, "--out", "whole"))
    sync, calls = os.fsync, 0

    def dying(handle: int) -> None:
        nonlocal calls
        calls += 1
        if calls == 12:
            raise Killed
        sync(handle)

    monkeypatch.setattr(os, "fsync", dying)
    with pytest.raises(Killed):
        mlake_(*words, "--out", "killed")
    monkeypatch.setattr(os, "fsync", sync)
    done(mlake_(*words, "--out", "killed"))
    assert files(Path("killed")) == files(Path("whole"))
    scores = done(mlake_("score", "whole"))
    assert "riddle" in scores or "Riddles" in scores
    done(mlake_("report", "whole"))
    report = Path("whole/report/report.md").read_text(encoding="utf-8")
    assert "Riddles" in report and "`shouts`" in report and dummies.SHOUTS.meaning in report
    done(mlake_("report", "whole", "--html"))
    page = next(Path("whole").rglob("*.html")).read_text(encoding="utf-8")
    assert "Longest answers" in page and "Riddles" in page


@pytest.mark.parametrize("method", NAMES)
@pytest.mark.slow
def test_a_method_takes_its_place_in_the_papers_tables(mlake_: Command, model: Path, method: str) -> None:
    done(mlake_("reproduce", "table1", "--model", model, "--method", method, *RUN, "--out", "made"))
    rows = Path("made/table1-direct.csv").read_text(encoding="utf-8").splitlines()[1:]
    assert rows and all(f",{method}," in row for row in rows)


@pytest.mark.parametrize("lang", ["it", "th", "ko"])
@pytest.mark.slow
def test_a_language_is_edited_and_asked_in(mlake_: Command, model: Path, lang: str) -> None:
    words = ("run", "--model", model, "--method", "rome", "--set", "steps=2", *RUN, "--kinds", "direct")
    done(mlake_(*words, "--edit-lang", lang, "--test-lang", f"en,{lang}", "--out", "run"))
    done(mlake_("score", "run"))
    done(mlake_("report", "run", "--html"))
    assert set(load("stars").langs) == {"en", "de", "it", "th", "ko"}


def test_a_language_without_a_file_is_asked_and_said_to_be_unscored(mlake_: Command, model: Path) -> None:
    line = {"fact": "a", "question": "Who rules?", "subject": "Who", "old_answer": "Al", "new_answer": "Bo"}
    lines = (line, {**line, "lang": "fi", "question": "Kuka hallitsee?", "subject": "Kuka"})
    Path("facts.jsonl").write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    words = ("--method", "low-rank", "--edit-lang", "fi", "--test-lang", "all", "--max-new-tokens", 3)
    done(mlake_("run", "--model", model, "--data", "facts.jsonl", *words, "--out", "run"))
    done(mlake_("report", "run", "--html"))
    report = Path("run/report/report.md").read_text(encoding="utf-8")
    page = next(Path("run").rglob("*.html")).read_text(encoding="utf-8")
    why = "contains, exact, old and old_kept have no value in fi: names cannot be told in Finnish (fi)"
    assert why.replace("_", "\\_") in report or why in report
    assert why in page and '"fi": {"name": "Finnish"' in page.replace('":{', '": {').replace('":"', '": "')
    rows = json.loads(Path("run/report/tidy.json").read_text(encoding="utf-8"))
    assert {row["scorer"] for row in rows if row["test_lang"] == "fi"} >= {"paper", "unchanged"}
    assert "contains" not in {row["scorer"] for row in rows if row["test_lang"] == "fi" and row["n"]}


@pytest.mark.slow
@pytest.mark.parametrize("method", NAMES)
def test_edits_come_on_top_of_each_other(mlake_: Command, model: Path, method: str) -> None:
    langs = ("--edit-lang", "en", "--test-lang", "en,de", "--kinds", "direct")
    words = ("run", "--model", model, "--method", method, *langs, *RUN, "--sequence", "batches")
    done(mlake_(*words, "--out", "run"))
    steps = sorted(path.parent.name for path in Path("run/answers/en").rglob("*-en.jsonl"))
    assert len(set(steps)) == 2, "three facts in batches of two are two steps"
    done(mlake_("report", "run"))
    assert "what is left of the first" in Path("run/report/report.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_a_view_is_made_by_its_name(mlake_: Command, model: Path) -> None:
    words = ("reproduce", "longest", "--model", model, "--method", "low-rank", "--method", "told", *RUN)
    done(mlake_(*words, "--out", "made"))
    rows = Path("made/longest.csv").read_text(encoding="utf-8").splitlines()
    assert rows[0] == "method,characters" and {row.split(",")[0] for row in rows[1:]} == {"low-rank", "told"}
