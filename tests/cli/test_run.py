"""``mlake run`` with fakes in place of data, model, method and report."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from filelock import FileLock
from tests.cli.fakes import Editor

from mlake.errors import EditError, ModelError
from mlake.evaluation.store import read_run

BASE = ("--model", "org/tiny", "--data", "fake", "--method", "memit")


def test_given_answers_are_read_where_that_is_wanted(
    mlake: Callable[..., Result], calls: dict[str, Any]
) -> None:
    assert mlake(*BASE, "--out", "run").exit_code == 0
    assert "forced" not in calls
    assert mlake(*BASE, "--out", "run", "--forced").exit_code == 0
    assert calls["forced"] == Path("run")


def test_without_a_method_the_unedited_model_is_asked_and_nothing_else(
    mlake: Callable[..., Result], calls: dict[str, Any], tmp_path: Path
) -> None:
    result = mlake("--model", "org/tiny", "--data", "fake", "--method", "none", "--out", "run")
    assert result.exit_code == 0, result.output
    spec = read_run(tmp_path / "run").spec
    assert (spec["method"], spec["editor"], spec["edit_langs"]) == ("none", {}, [])
    assert calls["answered"] == 6
    assert not (tmp_path / "run" / "edits").exists()
    assert {one.edit_lang for one in read_run(tmp_path / "run").asked()} == {None}


def test_run_with_flags(mlake: Callable[..., Result], calls: dict[str, Any], tmp_path: Path) -> None:
    settings = ("--set", "steps=7", "--set", "layers=[1, 2]", "--set", "site=last", "--locality", "1")
    data = ("--mirror", "m", "--clean", "--facts", "2")
    flags = ("--edit-lang", "ja", "--kinds", "direct", "--dtype", "bf16", *data)
    result = mlake(*BASE, *settings, *flags)
    assert result.exit_code == 0, result.output
    (folder,) = (tmp_path / "runs").iterdir()
    spec = read_run(folder).spec
    assert folder.name == f"memit-tiny-{folder.name[-16:]}"
    assert spec["editor"] == {"steps": 7, "layers": [1, 2], "site": "last"}
    assert (spec["edit_langs"], spec["test_langs"]) == (["ja"], ["en", "ja"])
    assert (spec["facts"], spec["batch_size"], spec["dtype"]) == ([0, 2], 100, "bfloat16")
    assert calls["data"] == ("fake", Path("m"), True)
    given = {"dtype": "bf16", "device": "auto", "revision": None, "template": None, "stop": None}
    assert calls["model"][1] == given
    assert calls["answered"] == 6 + 6
    assert "note: it may not fit\n" in result.output


def test_where_answers_end_is_recorded_where_it_is_not_the_usual_place(mlake: Any, tmp_path: Path) -> None:
    for number, flags in enumerate([(), ("--stop", "line"), ("--stop", "end")]):
        assert mlake(*BASE, *flags, "--out", str(tmp_path / str(number))).exit_code == 0
    specs = [read_run(tmp_path / str(number)).spec for number in range(3)]
    assert [spec.get("stop") for spec in specs] == [None, None, "end"]
    assert specs[0] == specs[1]
    assert [spec["max_new_tokens"] for spec in specs] == [128] * 3


def test_settings_are_said_before_and_results_after(mlake: Callable[..., Result]) -> None:
    result = mlake(*BASE, "--kinds", "direct", "--out", "here")
    lines = result.stdout.splitlines()
    said = dict(line.split(maxsplit=1) for line in lines if "  " in line)
    assert said["batch_size"] == "100" and said["memit.steps"] == "25" and said["seed"] == "0"
    assert said["template"] == '"Q: {question}\\nA:"' and said["out"] == "here" and said["facts"] == "[0, 3]"
    assert lines[-1] == "wrote here/report/report.md"
    assert any(line.startswith("unedited") and "100.0" in line for line in lines)
    assert "note: a note of the loader" in result.stderr
    assert "note: locality: 2 of 2 batches and languages have fewer than 25" in result.stderr


def test_same_command_again_asks_nothing(mlake: Callable[..., Result], calls: dict[str, Any]) -> None:
    mlake(*BASE, "--kinds", "direct")
    calls["answered"] = 0
    assert mlake(*BASE, "--kinds", "direct").exit_code == 0
    assert calls["answered"] == 0


def test_another_run_asks_the_unedited_model_nothing(
    mlake: Callable[..., Result], calls: dict[str, Any], tmp_path: Path
) -> None:
    first = mlake(*BASE, "--kinds", "direct", "--edit-lang", "en", "--out", "one")
    assert (calls["answered"], "known already" in first.stderr) == (6 + 6, False)
    (known,) = (tmp_path / "cache" / "answers").iterdir()
    second = mlake(*BASE, "--kinds", "direct", "--edit-lang", "ja", "--seed", "1", "--out", "two")
    assert calls["answered"] == 12 + 6
    assert f"note: 6 of 6 answers of the unedited model were known already: {known}" in second.stderr
    unedited = [sorted((tmp_path / name / "answers/unedited").iterdir()) for name in ("one", "two")]
    assert [path.read_bytes() for path in unedited[0]] == [path.read_bytes() for path in unedited[1]]
    mlake(*BASE, "--kinds", "direct", "--edit-lang", "ja", "--max-new-tokens", "9", "--out", "three")
    assert calls["answered"] == 18 + 12


def test_a_dry_run_is_told_what_is_known(
    mlake: Callable[..., Result], calls: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def estimate(plan: Any, store: Any, lm: Any, method: Any, known: Any) -> str:
        texts = [one.text for one in plan.probes]
        return "nothing is kept" if known is None else f"{len(known.among(texts))} of {len(texts)} known"

    monkeypatch.setattr("mlake.evaluation.cost.dry_run", estimate)
    arguments = (*BASE, "--kinds", "direct", "--edit-lang", "en", "--out", "two", "--dry-run")
    assert "0 of 6 known" in mlake(*arguments).stdout
    mlake(*BASE, "--kinds", "direct", "--locality", "0", "--facts", "1", "--out", "one")
    asked = calls["answered"]
    assert "2 of 6 known" in mlake(*arguments).stdout
    assert "nothing is kept" in mlake(*arguments, "--revision", "unknown").stdout
    assert calls["answered"] == asked and not (tmp_path / "two").exists()


def test_what_an_unpinned_model_answered_is_not_kept(
    mlake: Callable[..., Result], calls: dict[str, Any], tmp_path: Path
) -> None:
    for seed in ("1", "2"):
        result = mlake(*BASE, "--kinds", "direct", "--revision", "unknown", "--seed", seed)
        assert result.exit_code == 0
    assert calls["answered"] == 2 * (6 + 12)
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((*BASE, "--edit-lang", "jp"), "unknown language 'jp'"),
        ((*BASE, "--facts", "many"), "facts must be a number"),
        ((*BASE, "--kinds", "direkt"), "Did you mean 'direct'?"),
        ((*BASE, "--batch-size", "0"), "batch_size must be a whole number of at least 1"),
        ((*BASE, "--set", "steps"), "--set takes KEY=VALUE, got 'steps'"),
        ((*BASE, "--set", "site=a b"), "holds no TOML value"),
        ((*BASE, "--set", "stepps=3"), "Did you mean 'steps'?"),
        ((*BASE, "--kinds", "multihop"), "has no multihop question in 'en'"),
        (("demmo",), "Did you mean 'demo'?"),
        (("absent.toml",), "cannot read recipe absent.toml: No such file"),
    ],
)
def test_errors_take_one_line(mlake: Callable[..., Result], arguments: tuple[str, ...], message: str) -> None:
    result = mlake(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert result.stderr.splitlines()[-1].startswith("mlake: error: ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("--sequence", "batch"),
            "unknown sequence 'batch'; known: batches, languages. Did you mean 'batches'?",
        ),
        (("--sequence", "batches"), "needs two batches or more, got 3 facts in batches of 100; choose more"),
        (("--sequence", "languages", "--edit-lang", "ja"), "two languages to edit in or more, got ja; name"),
        (
            ("--sequence", "batches", "--method", "none"),
            "needs edits, got the method 'none'; choose a method",
        ),
    ],
)
def test_bad_sequences_take_one_line_before_the_model_loads(
    mlake: Callable[..., Result], calls: dict[str, Any], arguments: tuple[str, ...], message: str
) -> None:
    result = mlake(*BASE, *arguments)
    assert result.exit_code == 2 and message in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert "model" not in calls


def test_a_method_that_cannot_go_on_is_refused_before_the_model_loads(
    mlake: Callable[..., Result], calls: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Editor) -> None:
        raise EditError("memit cannot edit a model that is edited already; take another method")

    monkeypatch.setattr(Editor, "may_continue", refuse)
    assert mlake(*BASE, "--kinds", "direct").exit_code == 0, "nothing is asked of it without a sequence"
    calls.pop("model")
    result = mlake(*BASE, "--sequence", "languages")
    assert result.exit_code == 2 and "model" not in calls
    assert result.stderr.splitlines() == [
        "mlake: error: memit cannot edit a model that is edited already; take another method"
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--kinds", "drect"), "Did you mean 'direct'?"),
        (("--batch-size", "0"), "batch_size must be a whole number of at least 1"),
        (("--locality", "-1"), "locality must be a whole number of at least 0"),
        (("--test-lang", "xx"), "'xx'"),
        (("--test-lang", "de"), "has no direct question in 'de' for these facts"),
        (("--facts", "9"), "facts '9' is no slice of the 3 facts"),
        (("--set", "steps=2026-01-01"), "holds a date or time"),
        (("--out", "held"), "another process runs in held"),
        (("--out", "full"), "full holds 'notes.txt' but no run"),
        (("--out", "file"), "cannot write file"),
        (("--out", "other"), "other holds another run: seed is 1 there and 0 here"),
    ],
)
def test_what_is_wrong_without_the_model_is_said_before_it_loads(
    mlake: Callable[..., Result], calls: dict[str, Any], arguments: tuple[str, ...], message: str
) -> None:
    assert mlake(*BASE, "--kinds", "direct", "--seed", "1", "--out", "other").exit_code == 0
    calls.pop("model")
    Path("full").mkdir()
    Path("full/notes.txt").touch()
    Path("file").touch()
    Path("held").mkdir()
    with FileLock("held/run.lock"):
        result = mlake(*BASE, "--kinds", "direct", *arguments)
    assert result.exit_code == 2 and message in result.stderr and "model" not in calls
    assert len(result.stderr.splitlines()) == 1


def test_a_folder_that_was_tried_is_left_as_it_was(
    mlake: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(name: str, **options: Any) -> None:
        raise ModelError("no such model; give another")

    monkeypatch.setattr("mlake.models.load", missing)
    assert mlake(*BASE, "--kinds", "direct", "--out", "new").exit_code == 2
    assert not Path("new").exists()


def test_json_is_all_that_is_printed(mlake: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mlake.evaluation.cost.estimate", lambda *run: {"minutes": 1.5})
    arguments = (*BASE, "--kinds", "direct", "--out", "run", "--json")
    dry = json.loads(mlake(*arguments, "--dry-run").stdout)
    assert (dry["folder"], dry["minutes"]) == ("run", 1.5) and not Path("run").exists()
    done = json.loads(mlake(*arguments).stdout)
    assert (done["id"], done["spec"]) == (dry["id"], dry["spec"])
    assert done["spec"] == read_run(Path("run")).spec
    assert {"direct"} <= {row["kind"] for row in done["rows"]} and done["files"] == ["run/report/report.md"]


def test_a_sequence_is_run_and_shown(
    mlake: Callable[..., Result], calls: dict[str, Any], tmp_path: Path
) -> None:
    arguments = (*BASE, "--kinds", "direct", "--sequence", "batches", "--batch-size", "1", "--out", "run")
    result = mlake(*arguments)
    assert result.exit_code == 0, result.output
    assert "sequence batches" in " ".join(result.stdout.split())
    assert read_run(tmp_path / "run").spec["sequence"] == "batches"
    assert calls["tables"] == ["sequences"]
    calls["answered"] = 0
    assert mlake(*arguments).exit_code == 0
    assert calls["answered"] == 0
    other = mlake(*arguments, "--sequence", "languages")
    assert 'holds another run: sequence is "batches" there and "languages" here' in other.stderr


def test_missing_and_mistyped_flags(mlake: Callable[..., Result]) -> None:
    assert mlake("--model", "m").exit_code == 2
    result = mlake(*BASE, "--batch-size", "many")
    assert result.exit_code == 2 and "'many' is not a valid integer" in result.stderr


def test_another_spec_in_the_folder(mlake: Callable[..., Result]) -> None:
    assert mlake(*BASE, "--kinds", "direct", "--out", "r").exit_code == 0
    result = mlake(*BASE, "--kinds", "direct", "--out", "r", "--seed", "1")
    assert result.exit_code == 2
    assert "r holds another run: seed is 0 there and 1 here; choose another --out" in result.stderr
