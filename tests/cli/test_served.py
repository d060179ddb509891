"""A model on a server in the commands: asked, gone on with, known again, and refused before it is asked."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.chats import KEY, Fake, Reply, fake, said

from mlake.cli import main
from mlake.report.load import load_run

__all__ = ["fake"]

Start = Callable[..., Fake]


def mlake(*arguments: str) -> Result:
    return CliRunner().invoke(main, [*arguments])


def last_line(prompt: str, _: int) -> Reply:
    return said(f"Bonn, as to {prompt.splitlines()[-1]}")


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Result]:
    """Runs three facts of ``mini`` on a server, with a cache of their own."""
    monkeypatch.setenv("MLAKE_CACHE", str(tmp_path / "cache"))

    def started(server: Fake, method: str, out: str, *more: str) -> Result:
        model = f"openai:{server.url}#m"
        few = ["--facts", "3", "--test-lang", "en,de", "--kinds", "direct", "--max-new-tokens", "8"]
        return mlake("run", "--model", model, "--data", "mini", "--method", method, *few, *more,
                     "--out", str(tmp_path / out))  # fmt: skip

    return started


def answers_in(folder: Path) -> dict[str, bytes]:
    found = sorted((folder / "answers").rglob("*.jsonl"))
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def asked(server: Fake) -> list[str]:
    """What was asked beside the one word of greeting."""
    prompts = [body["messages"][0]["content"] for _, _, body in server.seen]
    return [one for one in prompts if one != "Hello"]


def test_a_run_that_only_asks_is_stored_and_its_answers_are_known_to_others(
    fake: Start, run: Callable[..., Result], tmp_path: Path
) -> None:
    server = fake(last_line)
    planned = run(server, "none", "first", "--dry-run")
    assert "6 requests to the server, each for up to 8 tokens" in planned.stdout, planned.output
    assert asked(server) == []
    done = run(server, "none", "first")
    assert done.exit_code == 0, done.output
    found = load_run(tmp_path / "first")
    assert found.spec["model"] == "openai:m" and found.spec["server"]["request"]["temperature"] == 0
    assert len(asked(server)) == 6 == len({row.probe for row in found.scored})
    stored = "".join(path.read_text() for path in (tmp_path / "first").rglob("*.json*"))
    assert "Bonn, as to" in stored and server.url not in stored and KEY not in stored
    again = run(server, "none", "second")
    assert "6 of 6 answers of the unedited model were known already" in again.stderr
    assert len(asked(server)) == 6


def test_a_memory_run_that_was_cut_off_goes_on_where_it_was(
    fake: Start, run: Callable[..., Result], tmp_path: Path
) -> None:
    ice = ("--edit-lang", "en", "--batch-size", "1", "--locality", "1", "--set", "retriever=tfidf")
    limit = 9

    def breaking(prompt: str, number: int) -> Reply:
        return last_line(prompt, number) if number <= limit else (404, {}, b"gone")

    server = fake(breaking)
    cut = run(server, "ice", "out", *ice)
    assert cut.exit_code == 2 and "status 404" in cut.stderr
    limit, before = 10**6, len(asked(server))
    done = run(server, "ice", "out", *ice)
    assert done.exit_code == 0, done.output
    assert any("\n" in one for one in asked(server))  # the fact stands before the question
    whole = fake(last_line)
    run(whole, "ice", "whole", *ice)
    assert len(asked(server)) - before < len(asked(whole))
    assert answers_in(tmp_path / "out") == answers_in(tmp_path / "whole")


def test_facts_are_edited_into_its_prompt(
    fake: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLAKE_CACHE", str(tmp_path / "cache"))
    facts = tmp_path / "my.jsonl"
    fact = {"question": "Who founded Acme?", "subject": "Acme", "new_answer": "Ada Lovelace"}
    facts.write_text(json.dumps(fact) + "\n")
    server = fake(lambda prompt, _: said("Ada Lovelace" if "Ada" in prompt else "Bob"))
    model = f"openai:{server.url}#m"
    ice = ["--method", "ice", "--set", "retriever=tfidf", "--facts", str(facts), "--price", "none"]
    done = mlake("edit", "--model", model, *ice, "--out", str(tmp_path / "edit"))
    assert done.exit_code == 0, done.output
    assert "1 of 1 facts took" in done.stdout
    said_now = mlake("ask", "--model", model, "--edit", str(tmp_path / "edit"), "Who founded Acme?")
    assert said_now.stdout.strip() == "Ada Lovelace"


@pytest.mark.parametrize(
    ("command", "what"),
    [
        ("run --data mini --method memit", "memit needs weights"),
        ("run --data mini --method none --kinds writing", "writing wants all of one length"),
        ("edit --facts mini --method rome --out OUT", "rome needs weights"),
        ("tune --method memit --minutes 1 --out OUT", "mlake tune needs weights"),
        ("trace --data mini --out OUT", "mlake trace needs weights"),
        ("train mend --data mini --facts 10:20", "mlake train needs weights"),
        ("reproduce table1 --data mini --out OUT", "needs weights"),
        ("reproduce table3 --data mini --out OUT", "needs weights"),
    ],
)
def test_what_needs_weights_refuses_it_before_it_is_asked(
    fake: Start, tmp_path: Path, command: str, what: str
) -> None:
    server = fake(last_line)
    words = command.replace("OUT", str(tmp_path / "out")).split()
    refused = mlake(*words, "--model", f"openai:{server.url}#m")
    assert refused.exit_code == 2, refused.output
    (line,) = [one for one in refused.stderr.splitlines() if one.startswith("mlake: ")]
    assert (what in line and "out of reach" in line) or "one length" in line
    assert server.seen == [] and server.got == []


def test_forced_scores_need_weights(fake: Start, run: Callable[..., Result]) -> None:
    server = fake(last_line)
    refused = run(server, "none", "out", "--forced")
    assert refused.exit_code == 2 and "forced needs weights" in refused.stderr
    assert asked(server) == []


def test_table_4_is_made_by_asking(fake: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLAKE_CACHE", str(tmp_path / "cache"))
    server = fake(last_line)
    done = mlake("reproduce", "table4", "--model", f"openai:{server.url}#m", "--data", "mini", "--facts", "2",
                 "--max-new-tokens", "8", "--out", str(tmp_path / "out"))  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "openai:m" in (tmp_path / "out/table4.md").read_text()
    assert server.url not in (tmp_path / "out/report.html").read_text()
