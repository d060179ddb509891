"""The real stages on a few relations: same bytes after any kill, edits by hand, ids that nothing knows."""

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.construct.toys import contents

from mlake.construct.build import build
from mlake.construct.context import Context
from mlake.construct.open import open_context
from mlake.construct.pipeline import STAGES, meanings
from mlake.construct.stage import DROPPED
from mlake.errors import DataError

ROOT = Path(__file__).resolve().parents[2]
FEW = """
[P36]
label = "capital"
objects = { country = ["city"] }
hop = true
[P37]
label = "official language"
objects = { country = ["language"] }
hop = true
[P30]
label = "continent"
objects = { country = ["continent"] }
hop = true
[P495]
label = "country of origin"
objects = { book = ["country"], film = ["country"] }
"""


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("few") / "relations.toml"
    path.write_text(FEW)
    return path


def context(few: Path) -> Context:
    return open_context(langs=("en", "de"), relations=few)


@pytest.fixture(scope="module")
def made(few: Path) -> Path:
    build(few.parent / "out", context(few), STAGES)
    return few.parent / "out"


@pytest.fixture
def out(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "out"))


def rows(folder: Path, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "stages" / f"{name}.jsonl").read_text().splitlines()]


def change(folder: Path, name: str, mend: Callable[[list[dict[str, Any]]], object]) -> None:
    """Edit a stage's file by hand."""
    found = rows(folder, name)
    mend(found)
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in found)
    (folder / "stages" / f"{name}.jsonl").write_text(text)


def test_every_stage_makes_something(made: Path) -> None:
    for stage in STAGES:
        assert rows(made, stage.name), stage.name
    texts = rows(made, "texts")
    assert {row["lang"] for row in texts} == {"en", "de"}
    assert {row["fact"] for row in rows(made, "splits")} == {row["fact"] for row in texts}
    assert (made / "release" / "README.md").is_file()


def test_every_rule_that_dropped_something_has_a_meaning(made: Path) -> None:
    dropped = {row["rule"] for stage in STAGES for row in rows(made, stage.name + DROPPED)}
    assert len(dropped) > 3 and dropped <= set(meanings())


def test_stages_read_only_earlier_ones() -> None:
    before: set[str] = set()
    for stage in STAGES:
        assert set(stage.reads) <= before
        before |= {stage.name, stage.name + DROPPED}


KILLED = """
import os, signal, sys
from pathlib import Path
from mlake.construct.build import build
from mlake.construct.open import open_context
from mlake.construct.pipeline import STAGES

folder, relations, doomed = sys.argv[1:]
replace = os.replace

def watched(temporary, path):
    if Path(path) == Path(folder, doomed):
        os.kill(os.getpid(), signal.SIGKILL)
    replace(temporary, path)

os.replace = watched
build(Path(folder), open_context(langs=("en", "de"), relations=Path(relations)), STAGES)
"""


@pytest.mark.slow
def test_killed_in_every_stage_it_goes_on_to_the_same_bytes(made: Path, few: Path, tmp_path: Path) -> None:
    doomed = [f"stages/{stage.name}.jsonl" for stage in STAGES]
    for name in (*doomed[:-1], "release/README.md", doomed[-1], "stages/release.json"):
        command = [sys.executable, "-c", KILLED, str(tmp_path / "killed"), str(few), name]
        assert subprocess.run(command, check=False, cwd=ROOT).returncode == -signal.SIGKILL, name
        assert not (tmp_path / "killed" / name).exists()
    build(tmp_path / "killed", context(few), STAGES)
    assert contents(tmp_path / "killed") == contents(made)


def test_an_edited_fact_goes_through_all_that_follows(out: Path, few: Path) -> None:
    gone = rows(out, "edits")[0]["id"]
    before = contents(out)
    change(out, "edits", lambda found: found.pop(0))
    mine = (out / "stages" / "edits.jsonl").read_bytes()
    done = {one.stage.name: one.state for one in build(out, context(few), STAGES)}
    assert done == {
        "facts": "kept", "chains": "kept", "filters": "kept", "edits": "edited",
        "names": "made", "texts": "made", "splits": "made", "reviewed": "made", "release": "made",
    }  # fmt: skip
    assert (out / "stages" / "edits.jsonl").read_bytes() == mine
    assert gone not in {row["fact"] for row in rows(out, "texts")}
    assert "edited by hand" in (out / "release" / "README.md").read_text()
    after = contents(out)
    assert {name for name in before if before[name] != after.get(name)} >= {
        "stages/texts.jsonl", "release/README.md", "release/croissant.json",
    }  # fmt: skip


def test_a_mended_text_is_released(out: Path, few: Path) -> None:
    def mend(found: list[dict[str, Any]]) -> None:
        found[0]["question"] = f"Please say: {found[0]['question']}"

    change(out, "texts", mend)
    done = build(out, context(few), STAGES)
    assert [one.stage.name for one in done if one.state == "made"] == ["splits", "reviewed", "release"]
    question = rows(out, "texts")[0]["question"].encode()
    assert any(question in content for name, content in contents(out / "release").items() if "mlake" in name)


@pytest.mark.parametrize(
    ("stage", "message"),
    [
        ("facts", "names 'Q0', which the source does not have"),
        ("chains", "names 'Q0', which the source does not have"),
        ("filters", "names 'Q0', which the source does not have"),
        ("edits", "names 'Q0', which the source does not have"),
    ],
)
def test_ids_that_nothing_knows(out: Path, few: Path, stage: str, message: str) -> None:
    change(out, stage, lambda found: found[0].update(subject="Q0"))
    with pytest.raises(DataError, match=message):
        build(out, context(few), STAGES)


def test_nothing_that_can_be_edited(tmp_path: Path) -> None:
    (tmp_path / "one.toml").write_text('[P36]\nlabel = "capital"\nobjects = { dish = ["city"] }\n')
    with pytest.raises(DataError, match=r"no fact is edited: the files stages/\*\.dropped\.jsonl say why"):
        build(tmp_path / "out", open_context(langs=("en",), relations=tmp_path / "one.toml"), STAGES)
    assert rows(tmp_path / "out", "facts") == [] and rows(tmp_path / "out", "facts.dropped")


@pytest.mark.parametrize("stage", ["chains", "filters"])
def test_relations_that_nothing_knows(out: Path, few: Path, stage: str) -> None:
    change(out, stage, lambda found: found[0].update(relation="P9"))
    with pytest.raises(
        DataError, match=f"stages/{stage}.jsonl names 'P9', which the table of relations does"
    ):
        build(out, context(few), STAGES)


@pytest.mark.parametrize(
    ("part", "value", "message"),
    [
        ("labels", {"en": "Chile"}, r"labels\.de is missing"),
        ("aliases", {"en": [1], "de": []}, r"aliases\.en\[0\] must be a string, got a whole number"),
        ("flagged", {"en": {}, "de": ["x"]}, r"flagged\.de must be an object, got a list"),
    ],
)
def test_names_that_are_none(out: Path, few: Path, part: str, value: object, message: str) -> None:
    change(out, "names", lambda found: found[0].update({part: value}))
    with pytest.raises(DataError, match=rf"names\.jsonl line 1: {message}"):
        build(out, context(few), STAGES)


def test_a_name_that_was_taken_out(out: Path, few: Path) -> None:
    change(out, "names", lambda found: found.pop(0))
    with pytest.raises(DataError, match=r"which stages/names\.jsonl does not have; mend the line"):
        build(out, context(few), STAGES)


def test_texts_that_were_all_taken_out(out: Path, few: Path) -> None:
    change(out, "texts", lambda found: found.clear())
    with pytest.raises(DataError, match="states no fact; make it anew with --from texts"):
        build(out, context(few), STAGES)


def test_a_fact_without_split(out: Path, few: Path) -> None:
    change(out, "splits", lambda found: found.pop(0))
    with pytest.raises(DataError, match="into no split"):
        build(out, context(few), STAGES)
