"""A small model on llama.cpp's own server, beside the same weights in process."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.tools.conftest import Served

import mlake
from mlake.cli import main
from mlake.data import load
from mlake.models.served import Served as ServedModel
from mlake.models.tokens import token_ids
from mlake.report.load import load_run

pytestmark = pytest.mark.tools

QUESTIONS = [fact.stated(lang).question for fact in load("mini").facts[:4] for lang in ("en", "de", "ja")]


def test_it_reads_the_prompts_that_are_read_in_process_and_mostly_answers_the_same(smollm2: Served) -> None:
    there, here = mlake.load_model(smollm2.name), mlake.load_model(smollm2.file, dtype="fp32", device="cpu")
    assert isinstance(there, ServedModel)
    assert there.told["model"]["owned_by"] == "llamacpp" and "build_info" in there.told["/props"]
    replies = there.server.complete([there.request(one, 6) for one in QUESTIONS])
    prompts = token_ids(here, [here.style.prompt(one) for one in QUESTIONS], special=not here.style.chat)
    assert [reply.tokens[0] for reply in replies] == [len(ids) for ids in prompts]
    mine = mlake.ask(here, QUESTIONS, max_new_tokens=6)
    same = sum(reply.text == own for reply, own in zip(replies, mine, strict=True))
    assert same > len(QUESTIONS) / 2  # llama.cpp rounds activations to eight bits
    plain = mlake.load_model(smollm2.name, template="Q: {question}\nA:")
    assert mlake.ask(plain, ["What is the capital of France?"], max_new_tokens=12)[0].count("Paris") == 1


def test_runs_ask_it_with_and_without_a_memory(
    smollm2: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLAKE_CACHE", str(tmp_path / "cache"))
    few = [
        "--facts",
        "2",
        "--kinds",
        "direct",
        "--test-lang",
        "en,de",
        "--locality",
        "0",
        "--max-new-tokens",
        "8",
    ]
    for method, more in (("none", []), ("ice", ["--edit-lang", "en", "--batch-size", "1"])):
        done = CliRunner().invoke(
            main, ["run", "--model", smollm2.name, "--data", "mini", "--method", method, *few, *more,
                   "--out", str(tmp_path / method)]
        )  # fmt: skip
        assert done.exit_code == 0, done.output
        assert load_run(tmp_path / method).spec["server"]["model"]["owned_by"] == "llamacpp"
    shown = [
        row for row in load_run(tmp_path / "ice").scored if row.edit_lang == "en" and row.scorer == "paper"
    ]
    assert len(shown) == 4 and sum(row.value or 0 for row in shown) > 0  # it copies what is shown
    assert "127.0.0.1" not in json.dumps(load_run(tmp_path / "none").spec)
