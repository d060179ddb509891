"""``mlake edit`` on a tiny model in a folder, and ``mlake run`` on fakes."""

import json
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner, Result
from tests.cli.fakes import Edit, Editor, benchmark

from mlake.cli import main
from mlake.models.prompts import PLAIN, PromptStyle
from mlake.records import Answer, Benchmark

SAGAN = {
    "fact": "sagan",
    "question": "Where did Carl Sagan work?",
    "subject": "Carl Sagan",
    "old_answer": "Harvard",
    "new_answer": "BBC",
}
SCHILLER = {
    "fact": "schiller",
    "question": "Where did Schiller work?",
    "subject": "Schiller",
    "new_answer": "Bonn",
}
JA = {
    "fact": "sagan",
    "lang": "ja",
    "question": "カール・セーガンの職場は？",
    "subject": "カール・セーガン",
    "new_answer": "東京",
}


@pytest.fixture(scope="module")
def model(tiny_lm: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny Llama with its tokenizer, as a checkpoint."""
    lm, folder = tiny_lm("llama"), tmp_path_factory.mktemp("model")
    lm.model.float().save_pretrained(folder)
    lm.tokenizer.save_pretrained(folder)
    return folder  # type: ignore[no-any-return]


@pytest.fixture
def edit(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """``edit([facts], *flags)``: run the command in a folder of its own, writing to ``out``."""
    monkeypatch.setenv("MLAKE_CACHE", str(tmp_path / "cache"))
    (tmp_path / "cwd").mkdir()
    monkeypatch.chdir(tmp_path / "cwd")

    def run(facts: list[dict[str, Any]] | None, *flags: str) -> Result:
        if facts is not None:
            text = "".join(json.dumps(fact) + "\n" for fact in facts)
            Path("my.jsonl").write_text(text, encoding="utf-8")
        base = ["edit", "--model", str(model), "--facts", "my.jsonl", "--out", "out", "--max-new-tokens", "5"]
        base += [] if "--method" in flags else ["--method", "rome"]
        base += [] if "--price" in flags else ["--price", "none"]
        base += ["--set", "steps=2", "--set", "contexts=1", "--set", "corpus_tokens=500"]
        return CliRunner().invoke(main, [*base, *flags], catch_exceptions=False)

    return run


def stored() -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(Path("out/answers.json").read_text(encoding="utf-8"))
    return rows


def written(folder: str = "out") -> list[str]:
    return sorted(file.name for file in Path(folder).iterdir())


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Replace what is heavy; returns what it was called with."""
    seen: dict[str, Any] = {"answered": 0}
    import_module("mlake.evaluation.session")  # first imported below, it would hold the fakes for good

    def put(module: str, **content: Any) -> None:
        for name, value in content.items():
            monkeypatch.setattr(import_module(module), name, value)

    def load_model(name: str, **options: Any) -> Any:
        seen["model"] = (name, options)
        style = PromptStyle(PLAIN, stop_rule=options["stop"])
        pin = options["revision"] or "m1"
        device = SimpleNamespace(type="cpu")
        record = {"model": name, "model_revision": pin, "dtype": "bfloat16", "template": style.template}
        record["stop"] = style.recorded_stop
        about = {"name": name, "revision": pin, "positions": None, "at_hand": True, "record": lambda: record}
        return SimpleNamespace(style=style, device=device, **about)

    def answers(lm: Any, questions: Any, *, max_new_tokens: int, progress: Any, **edits: Any) -> list[Answer]:
        seen["answered"] += len(questions)
        seen["max_new_tokens"] = max_new_tokens
        return [Answer("x", True) for _ in questions]

    def load_data(name: str, *, mirror: Path | None, clean: bool) -> Benchmark:
        seen["data"] = (name, mirror, clean)
        return benchmark()

    def editor(name: str, lm: Any = None, **overrides: Any) -> Editor:
        return Editor(**overrides)

    def write_report(folder: Path, spec: dict[str, Any], rows: Any, tables: Any) -> list[Path]:
        seen["tables"] = [table.name for table in tables]
        return [folder / "report.md"]

    put("mlake.data", load=load_data)
    put("mlake.editing", editor=editor)
    put("mlake.models", load=load_model)
    known: dict[str, Any] = {"identity": lambda lm, longest: {"longest": longest}}
    known |= {"editing_method": editor, "load_edit": lambda path: Edit(), "answers": answers}
    known |= {"questions_a_fact": lambda *what: 1.0}
    known |= {"too_large": lambda plan, lm, spec: "it may not fit"}
    put("mlake.evaluation.session", **known)
    put(
        "mlake.analysis.examine",
        examine=lambda lm, edit, langs=None: Edit(),
        keep_ability=lambda lm, run: None,
    )
    put("mlake.analysis.forced_run", keep_forced=lambda lm, run, *_: seen.update(forced=run))
    put("mlake.evaluation.cost", dry_run=None)
    put("mlake.report.write", write_report=write_report)
    return seen


@pytest.fixture
def mlake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, calls: dict[str, Any]) -> Callable[..., Result]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLAKE_CACHE", str(tmp_path / "cache"))
    return lambda *arguments: CliRunner().invoke(main, ["run", *arguments], catch_exceptions=False)
