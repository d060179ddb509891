"""A build whose writer is a small model on llama.cpp's own server, which binds replies to the schema."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.construct.llm.conftest import births
from tests.construct.toys import contents
from tests.tools.conftest import Served

from mlake.construct.build import Done

__all__ = ["births"]

pytestmark = pytest.mark.tools

FACTS = 5


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def shortened(path: Path) -> None:
    """The first facts alone, with one second hop in all and one question about another fact each."""
    rows = lines(path)
    hopped = next(row["id"] for row in rows if row["before"])
    chosen = sorted(rows, key=lambda row: row["id"] != hopped)[:FACTS]
    for row in chosen:
        row["others"] = row["others"][:1]
        row["before"] = row["before"][:1] if row["id"] == hopped else []
        row["after"] = []
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in chosen), encoding="utf-8")


def test_a_real_server_writes_and_a_replay_gives_the_same_bytes_without_it(
    births: Callable[..., list[Done]], smollm2: Served, tmp_path: Path
) -> None:
    births("out", smollm2.name, until="edits")
    shortened(tmp_path / "out/stages/edits.jsonl")
    births("out", smollm2.name, until="splits")
    calls, texts = (lines(tmp_path / "out" / name) for name in ("calls.jsonl", "stages/texts.jsonl"))
    assert {call["form"] for call in calls} == {"json_schema"}
    for call in calls:
        if call["tokens"]["reply"] < call["max_tokens"]:  # none was cut off
            assert json.loads(call["reply"]).keys() == call["schema"]["properties"].keys()
    assert len(texts) == FACTS
    assert any(call["attempt"] > 1 for call in calls)  # so small a model is often wrong

    (tmp_path / "again").mkdir()
    (tmp_path / "again/calls.jsonl").write_bytes((tmp_path / "out/calls.jsonl").read_bytes())
    nowhere = "openai:http://127.0.0.1:1/v1#smollm2"
    births("again", nowhere, "replay", until="edits")
    shortened(tmp_path / "again/stages/edits.jsonl")
    births("again", nowhere, "replay", until="splits")
    assert contents(tmp_path / "again") == contents(tmp_path / "out")
