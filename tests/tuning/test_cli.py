"""``mlake tune`` on a tiny model: what it writes, and what it refuses in one line."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest
from click.testing import Result
from tests.tuning.conftest import FLAGS

import mlake
from mlake.cli.settings import settings_of
from mlake.editing import editor
from mlake.editing.tuned import read_tuned
from mlake.evaluation.store import Store

QUICK = ("--minutes", "0.1", "--set", "corpus=statements", "--set", "corpus_tokens=300", "--set", "steps=2")


def line(result: Result) -> str:
    """The one line of an error."""
    (found,) = [one for one in result.stderr.strip().splitlines() if one.startswith("mlake: ")]
    assert result.exit_code == 2, result.output
    return found


def test_a_search_writes_settings_that_a_run_takes(tune: Callable[..., Result]) -> None:
    pytest.importorskip("optuna")
    result = tune(*QUICK, "--json")
    assert result.exit_code == 0, result.output
    record, out = json.loads(result.stdout), Path("out")
    assert record["trials"] >= 1 and record == json.loads((out / "front.json").read_text(encoding="utf-8"))
    assert set(record["points"]) == {"careful", "balanced", "far"}
    front = {one["trial"]: one for one in record["front"]}
    assert set(record["points"].values()) <= set(front)
    assert front[record["points"]["balanced"]]["shares"]["own"]["en"]["n"] == 4
    text = (out / "settings.toml").read_text(encoding="utf-8")
    found = read_tuned(text)
    assert found.made["method"] == "memit" and found.made["revision"] == record["spec"]["model_revision"]
    assert found.settings.items() >= front[record["points"]["balanced"]]["settings"].items()
    assert found.settings["corpus_tokens"] == 300, "what was set holds too"
    given = settings_of([], no_subject=False, method="memit", file=out / "settings.toml")
    assert editor("memit", **given).origin is not None
    for name, start in (("front.png", b"\x89PNG"), ("front.svg", b"<?xml")):
        assert (out / name).read_bytes().startswith(start)
    assert "| default" in (out / "front.md").read_text(encoding="utf-8")


def test_the_same_command_goes_on_and_writes_another_point(tune: Callable[..., Result]) -> None:
    pytest.importorskip("optuna")
    tune(*QUICK)
    trials = len(list(Path("out/trials").iterdir()))
    result = tune(*QUICK, "--point", "far")
    assert result.exit_code == 0 and "settings.toml holds far: the most new answers" in result.stdout
    assert len(list(Path("out/trials").iterdir())) == trials
    assert 'point = "far: ' in Path("out/settings.toml").read_text(encoding="utf-8")
    assert "default" in result.stdout and f"{trials} settings" in result.stdout


def test_a_dry_run_says_what_would_be_searched(tune: Callable[..., Result]) -> None:
    pytest.importorskip("optuna")
    result = tune("--minutes", "1", "--dry-run", "--json", "--set", "corpus=statements")
    plan = json.loads(result.stdout)
    assert plan["facts"] == 4 and plan["facts_asked_about"] == [1, 2, 4]
    assert "corpus" not in plan["search"] and "ridge" in plan["search"]
    assert plan["questions"] == [3, 6, 12], "direct in two languages, rephrased in one"
    told = tune("--minutes", "1", "--dry-run").stdout
    assert "4 facts, edited 100 at a time in en" in told and not Path("out").exists()


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--point", "bold"), "unknown point 'bold'; known: balanced, careful, far."),
        (("--set", "stepz=3"), "unknown setting of memit 'stepz'"),
        (("--edit-lang", "en+xx"), "unknown language 'xx'"),
        (("--facts", "60:70"), "facts '60:70' is no slice of the 63 facts"),
        (("--facts", "all"), "leaves no facts of the data to ask whether others are still known"),
        (("--data", "minis"), "unknown data set 'minis'"),
        (("--against", "mini"), "4 of the 4 facts to tune on are in mini too, such as 'mini-00'"),
        (("--against", "nowhere"), "unknown data set 'nowhere'"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    tune: Callable[..., Result], flags: tuple[str, ...], message: str
) -> None:
    pytest.importorskip("optuna")
    assert message in line(tune("--minutes", "1", *flags))
    assert not Path("out").exists()


def test_methods_without_settings_and_a_missing_sampler_take_one_line(
    tune: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "mend has no settings to search" in line(tune("--minutes", "1", method="mend"))
    assert "unknown method 'mamit'" in line(tune("--minutes", "1", method="mamit"))
    monkeypatch.setitem(sys.modules, "optuna", None)
    assert "needs the optuna package; install it" in line(tune("--minutes", "1"))


def test_facts_of_a_run_to_be_reported_are_refused(tune: Callable[..., Result]) -> None:
    pytest.importorskip("optuna")
    spec: dict[str, Any] = {"data": "mini", "facts": [2, 9]}
    whole = mlake.load("mini")
    run = Path("run")
    store_spec = _spec(whole, spec["facts"])
    from mlake.evaluation.plan import make_plan

    with Store.open(run, store_spec) as store:
        store.begin(make_plan(store_spec, whole))
    assert "2 of the 4 facts to tune on are in run too" in line(tune("--minutes", "1", "--against", "run"))
    result = tune("--minutes", "1", "--facts", "9:13", "--against", "run", "--dry-run", "--json")
    assert result.exit_code == 0, result.output


def _spec(benchmark: Any, facts: Any) -> Any:
    from mlake.evaluation.spec import RunSpec

    return RunSpec(
        model="m", model_revision="r", dtype="float32", template="{question}", data="mini",
        data_revision=benchmark.revision, data_sha256=benchmark.sha256, facts=tuple(facts), method="none",
        editor={}, edit_langs=(), test_langs=("en",),
    )  # fmt: skip


@pytest.mark.slow
def test_a_killed_search_goes_on(tiny_folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("optuna")
    environment = os.environ | {"MLAKE_CACHE": str(tmp_path / "cache")}
    command = [
        sys.executable,
        "-m",
        "mlake",
        "tune",
        "--model",
        str(tiny_folder),
        *FLAGS,
        "--method",
        "memit",
    ]
    first = subprocess.Popen([*command, *QUICK[2:], "--minutes", "9"], cwd=tmp_path, env=environment)
    until = monotonic() + 120
    while not (tmp_path / "out" / "trials" / "0003.json").exists():
        assert first.poll() is None and monotonic() < until
        sleep(0.05)
    first.send_signal(signal.SIGKILL)
    first.wait()
    trials = {one.name: one.read_bytes() for one in (tmp_path / "out" / "trials").glob("0*.json")}
    subprocess.run([*command, *QUICK[2:], "--minutes", "0.01"], cwd=tmp_path, env=environment, check=True)
    assert (tmp_path / "out" / "settings.toml").exists()
    assert {name: (tmp_path / "out" / "trials" / name).read_bytes() for name in trials} == trials
