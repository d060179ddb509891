"""A build by a model on a server: its texts and faults, its end in the middle, the same bytes without it."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.chats import Fake, Reply, said
from tests.construct.llm.conftest import KEY, good, quizzed
from tests.construct.toys import contents

from mlake.construct.build import Done
from mlake.errors import DataError, ModelError

Births = Callable[..., list[Done]]
Start = Callable[..., Fake]

NAMES, DROPPED = "stages/names.jsonl", "stages/names.dropped.jsonl"


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_its_texts_stand_and_a_replay_needs_no_server(births: Births, fake: Start, tmp_path: Path) -> None:
    server = fake(good)
    done = births("out", f"openai:{server.url}#org/m", until="release")
    texts = lines(tmp_path / "out/stages/texts.jsonl")
    assert len(texts) >= 5
    assert all(row["question"].startswith("What fills the gap in “") for row in texts)
    assert all(row["new_sentence"].startswith("It is so: ") for row in texts)
    kinds = {probe["kind"] for row in texts for probe in row["probes"] if "“" in probe["text"]}
    assert {"paraphrase", "bridge", "locality"} < kinds and kinds & {"multihop", "multihop_before"}
    assert not any(one.dropped.get("writer") for one in done)
    body = server.seen[0][2]
    assert body["response_format"]["json_schema"]["strict"] and body["seed"] == 0
    assert "`org/m`" in (tmp_path / "out/release/README.md").read_text(encoding="utf-8")

    server.stop()
    (tmp_path / "again").mkdir()
    (tmp_path / "again/calls.jsonl").write_bytes((tmp_path / "out/calls.jsonl").read_bytes())
    births("again", f"openai:{server.url}#org/m", "replay", until="release")
    assert contents(tmp_path / "again") == contents(tmp_path / "out")
    told = b"".join(contents(tmp_path / "out").values())
    assert KEY.encode() not in told and b"127.0.0.1" not in told


def test_a_server_that_knows_no_schema_is_asked_in_words(births: Births, fake: Start, tmp_path: Path) -> None:
    bare: list[str] = []

    def reply(prompt: str, number: int) -> Reply:
        form = server.seen[number - 1][2].get("response_format", {}).get("type", "text")
        bare.append(form)
        return good(prompt, number) if form == "text" else (400, {}, b"response_format is not known")

    server = fake(reply)
    births("out", f"openai:{server.url}#m", until="edits")
    calls = lines(tmp_path / "out/calls.jsonl")
    assert bare[:3] == ["json_schema", "json_object", "text"] and set(bare[3:]) == {"text"}
    assert {call["form"] for call in calls} == {"text"}


def test_bad_replies_are_counted_and_the_templates_texts_stand(
    births: Births, fake: Start, tmp_path: Path
) -> None:
    def bad(prompt: str, number: int) -> Reply:
        names = quizzed(prompt)
        return said(json.dumps(dict.fromkeys(names, "What is x2?")))

    server = fake(bad)
    done = {one.stage.name: one for one in births("out", f"openai:{server.url}#m")}
    births("plain")
    assert (
        contents(tmp_path / "out")["stages/texts.jsonl"] == contents(tmp_path / "plain")["stages/texts.jsonl"]
    )
    dropped = lines(tmp_path / "out/stages/texts.dropped.jsonl")
    given_up = [one for one in dropped if one["rule"] == "writer"]
    assert len(given_up) == done["texts"].dropped["writer"] > len(lines(tmp_path / "out/stages/texts.jsonl"))
    assert all(one["why"].startswith("3 tries: ") and "letter for letter" in one["why"] for one in given_up)
    assert done["edits"].dropped["writer"] > 0


def test_a_reply_that_names_the_answer_is_asked_again(births: Births, fake: Start, tmp_path: Path) -> None:
    def hasty(prompt: str, number: int) -> Reply:
        values = quizzed(prompt)
        if "after the change" in prompt and "It will not do" not in prompt:
            values["question"] = values["old_sentence"].removesuffix(".") + ", is it?"
        return said(json.dumps(values))

    server = fake(hasty)
    done = births("out", f"openai:{server.url}#m")
    assert not any(one.dropped.get("writer") for one in done)
    again = [body for _, _, body in server.seen if "It will not do" in body["messages"][0]["content"]]
    assert len(again) == len(lines(tmp_path / "out/stages/texts.jsonl"))
    assert all("which must not be named" in body["messages"][0]["content"] for body in again)


def test_what_was_asked_before_the_server_failed_is_kept(births: Births, fake: Start, tmp_path: Path) -> None:
    def failing(prompt: str, number: int) -> Reply:
        return good(prompt, number) if number <= 40 else (404, {}, b"gone")

    first, second = fake(failing), fake(good)
    with pytest.raises(ModelError, match="status 404"):
        births("out", f"openai:{first.url}#m")
    kept = len(lines(tmp_path / "out/calls.jsonl"))
    assert kept >= 16
    births("out", f"openai:{second.url}#m")
    births("whole", f"openai:{second.url}#m")
    stages = [
        {name: content for name, content in contents(tmp_path / out).items() if name != "calls.jsonl"}
        for out in ("out", "whole")
    ]
    assert stages[0] == stages[1]
    assert len(second.seen) == 2 * len(lines(tmp_path / "whole/calls.jsonl")) - kept


def test_a_replay_of_another_build_says_what_is_missing(births: Births, fake: Start, tmp_path: Path) -> None:
    server = fake(good)
    births("out", f"openai:{server.url}#m", until="edits")
    with pytest.raises(DataError, match=r"calls\.jsonl does not hold try 1 of Q\d+/P\d+/en/fact"):
        births("out", f"openai:{server.url}#m", "replay")
    asked = len(server.seen)
    births("out", f"openai:{server.url}#m", "refresh", start="edits", until="edits")
    assert len(server.seen) == 2 * asked


def test_forms_of_names_count_as_answers(births: Births, fake: Start, tmp_path: Path) -> None:
    spoilt: list[str] = []

    def reply(prompt: str, number: int) -> Reply:
        match = re.search(r"der Name (.+) in deutschen Texten", prompt)
        if match is None:
            return good(prompt, number)
        if not spoilt:
            spoilt.append(match[1])
        forms = ["Nirgendwo"] if match[1] in spoilt else [f"{match[1]}s", match[1]]
        return said(json.dumps({"names": forms}))

    births("out", f"openai:{fake(reply).url}#m", langs="en,de", until="names")
    rows = [(row["labels"]["de"], row["aliases"]["de"]) for row in lines(tmp_path / "out" / NAMES)]
    assert sum(f"{name}s" in aliases for name, aliases in rows) > 5
    assert not any("Nirgendwo" in aliases or name in aliases for name, aliases in rows)
    (dropped,) = (one for one in lines(tmp_path / "out" / DROPPED) if "Nirgendwo" in one["why"])
    assert dropped["rule"] == "writer" and f"is no form of {spoilt[0]!r}" in dropped["why"]
