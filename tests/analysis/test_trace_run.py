"""``mlake trace`` on a tiny model: what is traced, stored, drawn and refused."""

import json
from collections.abc import Callable
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest
from click.testing import CliRunner, Result

import mlake
from mlake.analysis import trace_run
from mlake.analysis.tracing import KINDS, PLACES
from mlake.cli.lazy import LazyGroup
from mlake.records import Answer
from mlake.report.findings.tracing import tracing_means

FACTS = mlake.load("mini").facts


@pytest.fixture(scope="module")
def model(tiny_lm: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny Llama with its tokenizer, as a checkpoint."""
    lm, folder = tiny_lm("llama", layers=4), tmp_path_factory.mktemp("model")
    lm.model.float().save_pretrained(folder)
    lm.tokenizer.save_pretrained(folder)
    return folder  # type: ignore[no-any-return]


@pytest.fixture
def trace(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """``trace(*flags)``: run the command in a folder of its own, on facts that count as known."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(trace_run, "_right", lambda one, answer: one.fact != FACTS[0].id)
    table = {"trace": ("mlake.cli.trace:trace", "Trace where in a model answers are decided.")}

    def run(*flags: str) -> Result:
        base = ["trace", "--model", str(model), "--data", "mini", "--facts", "3", "--lang", "en,ja"]
        given = [*base, "--samples", "2", "--out", "out", *flags]
        return CliRunner().invoke(LazyGroup("mlake", table=table), given, catch_exceptions=False)

    return run


def test_means_with_intervals_and_a_heat_map_for_each_language(trace: Callable[..., Result]) -> None:
    result = trace("--json")
    assert result.exit_code == 0, result.output
    record = json.loads(result.stdout)
    assert record == json.loads(Path("out/trace.json").read_text(encoding="utf-8"))
    assert set(record["langs"]) == {"en", "ja"} and "en: 2 of 3 facts" in record["notes"][0]
    stored = [json.loads(one.read_text(encoding="utf-8")) for one in sorted(Path("out/facts").iterdir())]
    assert len(stored) == 4
    english = [one for one in stored if one["lang"] == "en"]
    assert record["langs"]["en"]["clean"]["value"] == pytest.approx(fmean(one["clean"] for one in english))
    cells = {(one["kind"], one["place"], one["block"]): one for one in record["langs"]["en"]["effects"]}
    assert len(cells) <= len(KINDS) * len(PLACES) * 4
    cell = cells["mlp", "last", 2]
    assert cell["value"] == pytest.approx(fmean(one["effects"]["mlp"]["last"][2] for one in english))
    assert cell["n"] == 2 and cell["low"] <= cell["value"] <= cell["high"]
    assert Path("out/trace-ja.png").read_bytes().startswith(b"\x89PNG")
    assert b"<svg" in Path("out/trace-en.svg").read_bytes()


def test_the_same_command_goes_on_and_ends_the_same(
    trace: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    trace()
    before = {one.name: one.read_bytes() for one in Path("out").rglob("*.*") if one.is_file()}
    (Path("out/facts") / "en-00001.json").unlink()
    (Path("out/facts") / "ja-00002.json").write_bytes(b"{")
    traced: list[str] = []
    real = trace_run._traced

    def noted(lm: Any, one: Any, *rest: Any) -> Any:
        traced.append(one.lang)
        return real(lm, one, *rest)

    monkeypatch.setattr(trace_run, "_traced", noted)
    result = trace()
    assert traced == ["en", "ja"] and "MLPs: +" in result.stdout and "en: 2 facts;" in result.stdout
    assert {one.name: one.read_bytes() for one in Path("out").rglob("*.*") if one.is_file()} == before


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--lang", "xx"), "unknown language 'xx'"),
        (("--facts", "90"), "facts '90' is no slice"),
        (("--samples", "3"), "out was begun with other settings: samples; choose another --out"),
        (("--facts", "1"), "the model answers none of the 2 questions with the true answer"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    trace: Callable[..., Result], flags: tuple[str, ...], message: str
) -> None:
    trace()
    result = trace(*flags)
    (line,) = [one for one in result.stderr.splitlines() if one.startswith("mlake: ")]
    assert result.exit_code == 2 and message in line


def test_known_is_what_the_model_answers_truly() -> None:
    fact = FACTS[0].stated("en")
    assert trace_run._right(fact, Answer(f"In {fact.old}.", True))
    assert not trace_run._right(fact, Answer(f"In {fact.new}.", True))


def test_means_are_over_facts_that_have_such_a_token() -> None:
    one = {"lang": "en", "clean": 0.5, "corrupted": 0.1}
    effects: list[Any] = [{"last": [0.2, 0.4], "middle": [0.1, 0.1]}, {"last": [0.4, 0.0]}]
    rows = [one | {"effects": {kind: some for kind in KINDS}} for some in effects]
    found = {(c["kind"], c["place"], c["block"]): c for c in tracing_means(rows)["en"]["effects"]}
    assert found["state", "last", 0]["value"] == pytest.approx(0.3) and found["state", "last", 0]["n"] == 2
    assert found["mlp", "middle", 1]["n"] == 1 and found["mlp", "middle", 1]["low"] is None
