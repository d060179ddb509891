"""Recorded calls: what is kept, what is asked, and what a build that was killed leaves."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from mlake.construct.llm.asked import TRIES, Wish, asked, object_of, values_of
from mlake.construct.llm.calls import Call, Calls, Mode, Said
from mlake.construct.llm.model import Model
from mlake.construct.llm.prompts import read_prompts
from mlake.data.faults import TEXT
from mlake.errors import DataError

SHAPE = object_of(question=TEXT)


class Echo:
    """Says the last word of each prompt, and how often it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def ask(self, calls: Sequence[Call], /) -> list[Said]:
        self.asked += [call.item for call in calls]
        return [Said(f"{call.prompt.split()[-1]} {len(self.asked)}", "text", tokens=(3, 2)) for call in calls]


def calls(path: Path, chat: Echo, mode: Mode = "record", model: str = "m", seed: int = 0) -> Calls:
    return Calls(path, mode, {"kind": "openai", "model": model}, seed, lambda: chat)


def call(item: str, attempt: int = 1) -> Call:
    return Call(item, attempt, f"say {item}", SHAPE, 9)


def test_what_is_recorded_is_not_asked_again(tmp_path: Path) -> None:
    path, chat = tmp_path / "calls.jsonl", Echo()
    first = calls(path, chat)
    assert first.replies([call("b"), call("a"), call("b")]) == ["b 2", "a 2", "b 2"]
    first.finish()
    stored = path.read_bytes()
    rows = [json.loads(line) for line in stored.splitlines()]
    assert [row["key"] for row in rows] == sorted(row["key"] for row in rows)
    assert {row["item"]: (row["prompt"], row["reply"], row["tokens"]) for row in rows} == {
        "a": ("say a", "a 2", {"prompt": 3, "reply": 2}),
        "b": ("say b", "b 2", {"prompt": 3, "reply": 2}),
    }
    again = calls(path, chat, "replay")
    assert again.replies([call("a"), call("b")]) == ["a 2", "b 2"]
    again.finish()
    assert chat.asked == ["b", "a"] and path.read_bytes() == stored


@pytest.mark.parametrize(
    "other",
    [{"model": "n"}, {"seed": 1}, {"attempt": 2}],
)
def test_another_model_seed_or_try_is_another_call(tmp_path: Path, other: dict[str, object]) -> None:
    path, chat = tmp_path / "calls.jsonl", Echo()
    calls(path, chat).replies([call("a")])
    one = call("a", int(str(other.pop("attempt", 1))))
    with pytest.raises(DataError, match=r"does not hold try \d of a: .*; give --calls record"):
        calls(path, chat, "replay", **other).replies([one])  # type: ignore[arg-type]
    calls(path, chat, **other).replies([one])  # type: ignore[arg-type]
    assert chat.asked == ["a", "a"]


def test_refreshed_calls_are_asked_once_more_and_no_oftener(tmp_path: Path) -> None:
    path, chat = tmp_path / "calls.jsonl", Echo()
    calls(path, chat).replies([call("a"), call("b")])
    fresh = calls(path, chat, "refresh")
    assert fresh.replies([call("a")]) == fresh.replies([call("a")]) == ["a 3"]
    fresh.finish()
    assert calls(path, chat, "replay").replies([call("a"), call("b")]) == ["a 3", "b 2"]


def test_half_a_line_of_a_killed_build_is_asked_anew(tmp_path: Path) -> None:
    path, chat = tmp_path / "calls.jsonl", Echo()
    whole = calls(path, chat)
    whole.replies([call("a"), call("b")])
    path.write_bytes(path.read_bytes()[:-5])
    after = calls(path, chat)
    assert after.replies([call("a"), call("b")]) == ["a 2", "b 3"]
    after.finish()
    assert len(path.read_text(encoding="utf-8").splitlines()) == 2


def test_a_damaged_file_is_told_by_its_line(tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    path.write_text('{"key": "k", "item": "a"}\n', encoding="utf-8")
    with pytest.raises(DataError, match=r"calls\.jsonl line 1: reply is missing"):
        calls(path, Echo()).replies([call("a")])


@pytest.mark.parametrize(
    ("reply", "values"),
    [
        ('{"question": " Who\\n is it? ", "more": 1}', {"question": "Who is it?"}),
        ('Here you are:\n```json\n{"question": "Cafe\u0301?"}\n```', {"question": "Café?"}),
        ('<think>{}</think>{"question": "a"} {', {"question": "a"}),
        ("no", "the reply holds no JSON object"),
        ("", "the reply holds no JSON object"),
        ('{"question": ', "the reply holds no JSON object"),
        ("{" * 9999, "the reply holds no JSON object"),
        ("{}", "question is missing"),
        ('{"question": ["a"]}', "question must be a string, got a list"),
    ],
)
def test_what_is_read_of_a_reply(reply: str, values: object) -> None:
    assert values_of(reply, SHAPE) == values


class Learner:
    """Is right about an item once its prompt holds the reason why it was wrong so often."""

    def __init__(self, tries: dict[str, int]) -> None:
        self.tries = tries
        self.prompts: list[str] = []

    def ask(self, calls: Sequence[Call], /) -> list[Said]:
        self.prompts += [call.prompt for call in calls]
        right = [call.attempt >= self.tries[call.item] for call in calls]
        return [Said(json.dumps({"question": "yes" if one else "no"}), "text") for one in right]


def test_a_wrong_reply_is_asked_for_again_with_the_reason_and_then_given_up(tmp_path: Path) -> None:
    chat = Learner({"first": 1, "second": 2, "never": 99})
    kept = Calls(tmp_path / "calls.jsonl", "record", {"kind": "local", "model": "m"}, 0, lambda: chat)
    model = Model("local:m", {"en": read_prompts("en")}, kept)

    def wrong(values: dict[str, str]) -> str:
        return "" if values["question"] == "yes" else "it says no"

    wishes = [Wish(item, "en", f"Ask {item}.", SHAPE, 9, wrong) for item in chat.tries]
    found, drops = asked(model, wishes)
    assert found == {"first": {"question": "yes"}, "second": {"question": "yes"}}
    assert [(drop.id, drop.rule, drop.why) for drop in drops] == [("never", "writer", "3 tries: it says no")]
    assert len(chat.prompts) == 3 + 2 + 1 and TRIES == 3
    assert chat.prompts[3].startswith('Ask second.\n\nYour last reply was: {"question": "no"}')
    assert "It will not do: it says no." in chat.prompts[3]


def test_what_the_proof_blames_is_asked_for_again(tmp_path: Path) -> None:
    chat = Learner({"a": 1, "b": 1})
    kept = Calls(tmp_path / "calls.jsonl", "record", {"kind": "local", "model": "m"}, 0, lambda: chat)
    model = Model("local:m", {"en": read_prompts("en")}, kept)
    wishes = [Wish(item, "en", item, SHAPE, 9, lambda values: "") for item in chat.tries]
    found, drops = asked(model, wishes, lambda found: {"b": "like a"} if len(chat.prompts) == 2 else {})
    assert found.keys() == {"a", "b"} and not drops
    assert len(chat.prompts) == 3 and "It will not do: like a." in chat.prompts[2]
