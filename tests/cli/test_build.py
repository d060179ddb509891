"""``mlake build``: what it prints, and every mistake in one line."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.construct.toys import STAGES, contents

from mlake.cli import main
from mlake.construct import pipeline
from mlake.construct.context import Settings
from mlake.construct.folder import BuildFolder
from mlake.construct.release import push
from mlake.construct.source import snapshot

Build = Callable[..., Result]


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Build:
    """The command in an empty folder, with toy stages, in English."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(pipeline, "STAGES", STAGES)

    def call(*words: str, langs: str = "en", out: str = "out") -> Result:
        return CliRunner().invoke(main, ["build", "--langs", langs, "--out", out, *words])

    return call


ROW = '[{}]\nlabel = "{}"\nobjects = {{ country = ["city"] }}\n'
WORDING = """
[relations.P36]
label = "capital"
question = "What is the capital of {s}?"
paraphrases = ["Which city is the capital of {s}?"]
sentence = "The capital of {s} is {o}."
head = "bare"
phrase = "the capital of {s}"
"""


def refused(result: Result) -> str:
    assert result.exit_code == 2, result.output
    assert result.stderr.count("\n") == 1 and result.stdout == ""
    return result.stderr


def test_it_counts_what_each_stage_made_and_each_rule_cost(build: Build) -> None:
    result = build()
    assert result.exit_code == 0, result.output
    assert result.stderr.splitlines() == [
        "numbers: count (not made yet)",
        "even: leave the odd out (not made yet)",
        "listed: list what is left (not made yet)",
    ]
    assert result.stdout.splitlines() == [
        "STAGE    STATE  ROWS  DROPPED  IS MADE OF  WHY",
        "numbers  made   6     0        source      not made yet",
        "even     made   3     3        numbers     not made yet",
        "listed   made   4     0        even        not made yet",
        "",
        "RULE   STAGE  DROPPED  ASKS FOR, OR FINDS",
        "twice  even   3        it stands in the source once",
    ]


def test_a_dry_run_writes_nothing(build: Build) -> None:
    result = build("--dry-run", "--json")
    assert result.exit_code == 0 and result.stderr == ""
    assert [(one["stage"], one["state"]) for one in json.loads(result.stdout)["stages"]] == [
        ("numbers", "made"), ("even", "made"), ("listed", "made"),
    ]  # fmt: skip
    assert not Path("out").exists()
    lines = build("--dry-run").stdout.splitlines()
    assert lines[0].startswith("source: snapshot, 1,144 entities and 1,205 statements")
    assert lines[4].startswith("STAGE    WOULD BE  ROWS")


def test_from_until_and_what_a_hand_changed(build: Build) -> None:
    build("--until", "even")
    assert not Path("out/release").exists()
    Path("out/stages/even.jsonl").write_text('{"id": "n8", "value": "8"}\n')
    result = build("--json")
    assert "note: even was edited by hand and is taken as it is" in result.stderr
    told = json.loads(result.stdout)
    assert [one["state"] for one in told["stages"]] == ["kept", "edited", "made"]
    assert Path("out/release/README.md").read_text() == "8 -n1 -n3 -n5"
    result = build("--from", "even", "--json")
    assert [one["state"] for one in json.loads(result.stdout)["stages"]] == ["kept", "made", "made"]
    assert Path("out/release/README.md").read_text() == "0 2 4 -n1 -n3 -n5"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--source", "snapshto"), "known: dump, snapshot, wikidata. Did you mean 'snapshot'?"),
        (("--source", "dump:gone.json"), "there is no dump gone.json; give its file as dump:FILE"),
        (("--source", "no/folder"), "no folder no/folder; give one in the layout of the snapshot"),
        (("--writer", "template"), "known: local:, openai:, templates. Did you mean 'templates'?"),
        (("--writer", "openai"), "unknown writer 'openai'; known: local:, openai:, templates. Did you"),
        (("--writer", "openai:http://host/v1"), "a model on a server is written openai:URL#NAME"),
        (("--writer", "openai:http://me:key@host/v1#m"), "the address of a chat server must be"),
        (("--writer", "local:"), "a model on this machine is written local:NAME"),
        (("--from", "evne"), "unknown stage 'evne'; known: even, listed, numbers. Did you mean 'even'?"),
        (("--until", "all"), "unknown stage 'all'"),
        (("--with", "volatiel"), "unknown option of --with 'volatiel'; known: sensitive, volatile."),
        (("--without-source", "lm"), "unknown witness 'lm'; known: ml, mp, xf."),
        (("--langs", "jp"), "unknown language 'jp'"),
        (("--langs", ","), "no language is named"),
        (("--langs", "it"), "has no labels in 'it'; put them into extra-languages/it.jsonl"),
        (("--relations", "none.toml"), "cannot read none.toml: No such file or directory"),
        (("--relations", "mine.toml"), "the source has no statement of relation 'P9999'"),
        (
            ("--relations", "two.toml", "--wording", "."),
            "no wording of relation P30 (continent) in 'en': add [relations.P30] to en.toml",
        ),
        (("--wording", "nowhere"), "no folder nowhere"),
    ],
)
def test_mistakes_take_one_line(build: Build, words: tuple[str, ...], message: str) -> None:
    Path("mine.toml").write_text(ROW.format("P36", "capital") + ROW.format("P9999", "x"))
    Path("two.toml").write_text(ROW.format("P36", "capital") + ROW.format("P30", "continent"))
    Path("en.toml").write_text(WORDING)
    assert message in refused(build(*words))
    assert not Path("out").exists()


def test_a_broken_stage_file_keeps_all_as_it_was(build: Build, tmp_path: Path) -> None:
    build()
    Path("out/stages/even.jsonl").write_text('{"id": "n8"}\n')
    before = contents(tmp_path / "out")
    said = refused(build())
    assert "out/stages/even.jsonl line 1: value is missing; mend it, or delete the file" in said
    assert contents(tmp_path / "out") == before


def test_folders_that_cannot_be_built_in(build: Build, tmp_path: Path) -> None:
    build()
    assert "out holds another build: seed is 0 there and 7 here" in refused(build("--seed", "7"))
    Path("mine").mkdir()
    Path("mine/notes.txt").touch()
    assert "mine holds 'notes.txt' but no build" in refused(build(out="mine"))
    assert "cannot write mine/notes.txt/out: Not a directory" in refused(build(out="mine/notes.txt/out"))
    with BuildFolder.open(tmp_path / "out", Settings(langs=("en",))):
        assert "another process runs in out" in refused(build())


def test_a_source_of_ones_own(build: Build, tmp_path: Path) -> None:
    shutil.copytree(str(snapshot()), "own")
    assert build("--source", "own").exit_code == 0
    assert json.loads(Path("out/build.json").read_text())["source"] == "own"
    Path("own/statements.jsonl").write_text("[]\n")
    assert "statements.jsonl line 1: the line must be an object" in refused(build("--source", "own"))


def test_a_language_without_wording(build: Build) -> None:
    shutil.copytree(str(snapshot()), "own")
    Path("own/extra-languages/it.jsonl").write_text('{"id": "Q90", "label": "Parigi"}\n')
    said = refused(build("--source", "own", langs="en,it"))
    assert "no wording in 'it': there are files for" in said and "write it.toml" in said


def test_what_would_be_pushed_is_listed_and_sent_only_when_asked(
    build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []
    monkeypatch.setattr(push, "_send", lambda hub, folder, repo: sent.append(repo))
    lines = build("--push", "me/toys").stdout.splitlines()
    assert "FILE       BYTES" in lines and lines[-1] == "would be sent to me/toys: add --really to send it"
    assert sent == []
    told = json.loads(build("--push", "me/toys", "--really", "--json").stdout)["push"]
    assert sent == ["me/toys"] and told["sent"] and "README.md" in {one["path"] for one in told["files"]}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--really",), "--really sends what --push lists; give both."),
        (("--push", "me/toys", "--dry-run"), "--push needs a release"),
        (("--push", "me/toys", "--until", "even"), "--push needs a release"),
        (("--push", "toys"), "'toys' is no repository of the hub; expected OWNER/NAME"),
    ],
)
def test_what_cannot_be_pushed(build: Build, words: tuple[str, ...], message: str) -> None:
    result = build(*words)
    assert result.exit_code == 2 and message in result.stderr
    assert not Path("out").exists()
