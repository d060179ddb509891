"""A whole reproduction with a tiny random model: everything is written, and nothing is computed twice."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mlake.chat_server import ChatServer
from mlake.data import load
from mlake.editing.edits import parameters
from mlake.editing.mend.files import TrainedFile
from mlake.editing.mend.hypernet import GradientNetwork
from mlake.editing.mend.prepare import trained_on_the_rest
from mlake.errors import EditError, RunError
from mlake.records import Benchmark
from mlake.report.views import chosen
from mlake.reproduce import work
from mlake.reproduce.make import make
from mlake.reproduce.options import Options
from mlake.reproduce.wishes import wishes
from mlake.reproduce.work import estimates


@pytest.fixture
def tiny(tiny_lm: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """Loads a tiny model whatever the name, with quick settings; counts what is computed."""
    monkeypatch.setenv("MLAKE_CACHE", str(tmp_path / "cache"))
    lm = tiny_lm("llama")
    lm.model.config.max_position_embeddings = 512  # for long answers
    counts = {"edits": 0}
    monkeypatch.setattr(work, "load", lambda name, **options: replace(lm, name=name))
    monkeypatch.setattr("mlake.reproduce.make.load_tokenizer", lambda name: lm.tokenizer)
    monkeypatch.setattr("mlake.editing.mend.prepare._STEPS", 2)
    session = work.session_of

    def counted(*arguments: Any) -> Any:
        made: Any = session(*arguments)
        carry_out = made.carry_out

        def carried(folder: Path, **options: Any) -> Any:
            counts["edits"] += not list((folder / "examined").glob("*/*"))
            return carry_out(folder, **options)

        made.carry_out = carried
        return made

    monkeypatch.setattr(work, "session_of", counted)
    return counts


@pytest.fixture
def mini() -> Benchmark:
    return load("mini")


def options(out: Path, **changes: Any) -> Options:
    quick: dict[str, Any] = {"facts": "3", "batch_size": 2, "locality": 1, "max_new_tokens": 2}
    return Options(models=("tiny",), out=out, **quick | changes)


@pytest.mark.slow
def test_everything_is_made_once(
    tiny: dict[str, int], mini: Benchmark, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parameters, "_MOST_BYTES", 0)  # a tiny model is small beside a real bound
    told: list[str] = []
    views = chosen(("all",))
    failed = make(views, mini, options(tmp_path), told.append)
    assert not failed, failed
    names = {path.name for path in tmp_path.iterdir()}
    for stem in ("table1", "table3", "table5", "hypotheses", "negation"):
        assert any(name.startswith(stem) and name.endswith(".tex") for name in names), stem
    for stem in ("figure2", "figure3", "figure4", "figure5", "figure6", "figure7", "figure8"):
        for kind in ("png", "pdf", "svg", "csv"):
            assert any(name.startswith(stem) and name.endswith(kind) for name in names), (stem, kind)
    text = (tmp_path / "report.md").read_text()
    assert all(f"## {view.name}: " in text for view in views)
    assert b"Content-Security-Policy" in (tmp_path / "report.html").read_bytes()
    runs = sorted(path.name.split("-")[0] for path in (tmp_path / "runs").iterdir())
    assert runs == ["memit", "memit", "mend", "none", "rome", "rome", "stableke"]
    assert not list((tmp_path / "runs").glob("stableke-*/edits/*/*.safetensors")), (
        "whole weights are not kept"
    )
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "runs").rglob("*") if path.is_file()}
    made = tiny["edits"]
    work.carry_out(wishes(views, options(tmp_path)), mini, options(tmp_path), told.append)
    assert tiny["edits"] == made + 1, "only the run that edits nothing has nothing examined"
    assert {path: path.stat().st_mtime_ns for path in before} == before


@pytest.mark.slow
def test_texts_can_be_withheld(tiny: dict[str, int], mini: Benchmark, tmp_path: Path) -> None:
    failed = make(chosen(("table8", "table10")), mini, options(tmp_path, withhold=True), lambda line: None)
    assert not failed
    question = mini.facts[0].stated("de").question
    written = [path for path in tmp_path.iterdir() if path.is_file()]
    assert not [path.name for path in written if question.encode() in path.read_bytes()]
    assert not [path.name for path in written if path.name.startswith("table10")]


def test_a_dry_run_computes_nothing(tiny: dict[str, int], mini: Benchmark, tmp_path: Path) -> None:
    choices = options(tmp_path)
    lines = list(estimates(wishes(chosen(("table1", "table4")), choices), mini, choices))
    assert sum("floating-point operations" in line for line in lines) == 4
    assert any("mend: its editor is trained first, 2 steps" in line for line in lines)
    assert not list(tmp_path.glob("*/*"))


@pytest.mark.slow
def test_mend_is_never_trained_on_what_is_reported(
    tiny: dict[str, int], tiny_lm: Callable[..., Any], mini: Benchmark, tmp_path: Path
) -> None:
    lm = tiny_lm("llama")
    path = trained_on_the_rest(GradientNetwork, lm, mini, (3, 6), 3, tmp_path)
    ids = TrainedFile.read(path, GradientNetwork).head["fact_ids"]
    assert not {fact.id for fact in mini.facts[3:6]} & set(ids)
    assert len(ids) == len(mini.facts) - 6
    told: list[str] = []

    def edit(given: Options) -> None:
        asked = [wish for wish in wishes(chosen(("table1",)), given) if wish.settings.method == "mend"]
        assert list(work.carry_out(asked, mini, given, told.append)) == ["transfer"]

    edit(options(tmp_path / "own", facts="3:6"))
    assert told and not [line for line in told if "trained on" in line]
    edit(options(tmp_path / "other", facts="4:8", batch_size=4, trained={"mend": path}))
    assert (
        "note: 2 of 4 facts are among those that mend was trained on; "
        "mend was trained to edit 3 together, not 4: no fair test"
    ) in told
    with pytest.raises(EditError, match="mend wants other facts to be trained on, and 3 are left"):
        trained_on_the_rest(GradientNetwork, lm, mini, (0, 60), 10, tmp_path)


def test_a_server_needs_the_name_of_its_model(tiny: dict[str, int], mini: Benchmark, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="give --judge NAME"):
        make(
            chosen(("table5",)), mini, options(tmp_path, judge_url="http://127.0.0.1:1/v1"), lambda line: None
        )


@pytest.mark.slow
def test_a_judge_rates_each_run_once_however_it_is_named(
    tiny: dict[str, int], mini: Benchmark, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def ask(server: ChatServer, prompts: list[str], *, max_tokens: int, progress: Any) -> list[str]:
        assert (server.url, server.model) == ("http://127.0.0.1:1/v1", "judge")
        asked.append(len(prompts))
        return ["4"] * len(prompts)

    monkeypatch.setattr(ChatServer, "ask", ask)
    for named in (
        {"judge": "judge", "judge_url": "http://127.0.0.1:1/v1"},
        {"judge": "openai:http://127.0.0.1:1/v1#judge"},
    ):
        choices = options(tmp_path, **named)
        assert not make(chosen(("table8",)), mini, choices, lambda line: None)
    (kept,) = tmp_path.glob("runs/memit-*/analysis/judge-*.jsonl")
    settings = json.loads(kept.read_text().splitlines()[0])["settings"]
    assert settings["judge"] == "judge" and settings["scale"] == [1, 5]
    assert len(asked) == 1 and asked[0] > 0
