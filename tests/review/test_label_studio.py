"""Label Studio's tasks and annotations."""

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from tests.review.test_desk import EDIT, faults
from tests.review.toys import decided, line

from mlake.errors import DataError, UnknownNameError
from mlake.review.criteria import CRITERIA
from mlake.review.desk import Case
from mlake.review.label_studio import CONFIG, decisions_of, tasks_of

CASES = [Case(line(lang=lang), EDIT, ["odd: <b>"]) for lang in ("en", "de")]


def result(name: str, *values: str) -> dict[str, Any]:
    """A part of an annotation, as Label Studio writes it."""
    kind = "choices" if name in ("verdict", "broken") else "textarea"
    value = {"choices" if kind == "choices" else "text": list(values)}
    return {"id": name, "from_name": name, "to_name": "texts", "type": kind, "value": value}


def exported(path: Path, *results: dict[str, Any], **more: Any) -> Path:
    """A file as Label Studio exports it."""
    (task,) = json.loads(tasks_of(CASES, "en", []))
    task["annotations"] = [
        {"id": 7, "completed_by": 3, "was_cancelled": False, "result": list(results)} | more
    ]
    (path / "out.json").write_text(json.dumps([task]))
    return path / "out.json"


def test_the_interface_names_what_is_decided_and_shows_what_tasks_hold() -> None:
    view = ElementTree.fromstring(CONFIG)
    choices = {one.get("name"): [each.get("value") for each in one] for one in view.iter("Choices")}
    assert choices == {"verdict": ["accept", "correct", "reject"], "broken": [row.name for row in CRITERIA]}
    shown = {(one.get("value") or "").removeprefix("$") for one in view if one.tag in ("Text", "Header")}
    (task,) = json.loads(tasks_of(CASES, "en", []))
    assert shown <= set(task["data"])
    assert task["data"]["about"] == "Lyon | country | France -> Japan"
    assert "1. asks for the answer:\nIn which country is Lyon?" in task["data"]["texts"]
    assert task["data"]["elsewhere"].startswith("de: ") and task["data"]["warnings"] == "odd: <b>"


def test_what_was_decided_goes_out_and_comes_in_the_same(tmp_path: Path) -> None:
    made = [
        decided(
            line(), "ann", "correct", changes={"question": "Lyon: in which country?", "multihop-P36": ""}
        ),
        decided(line(), "bob", "reject", broken=("aligned", "decent"), reason="two\nlines"),
        decided(line(), "cyd"),
    ]
    (tmp_path / "tasks.json").write_bytes(tasks_of(CASES, "en", made))
    assert decisions_of(tmp_path / "tasks.json", [line(), line(lang="de")], faults) == made


def test_an_annotation_by_number_and_one_that_was_skipped(tmp_path: Path) -> None:
    (one,) = decisions_of(exported(tmp_path, result("verdict", "accept")), [line()], faults)
    assert (one.reviewer, one.verdict) == ("3", "accept")
    assert decisions_of(exported(tmp_path, was_cancelled=True), [line()], faults) == []


@pytest.mark.parametrize(
    ("results", "message"),
    [
        ([], "task 1: unknown decision ''; known: accept, correct, reject"),
        ([result("verdict", "reject")], "no criterion is named"),
        (
            [result("verdict", "correct"), result("corrections", "better")],
            "must begin with the number of a text",
        ),
        (
            [result("verdict", "correct"), result("corrections", "99: x")],
            "must begin with the number of a text",
        ),
        ([result("verdict", "correct"), result("corrections", "1: ")], "question would be empty"),
        ([result("verdict", "correct"), result("corrections", "1: Where?")], "the fact would be left out"),
        ([{"value": {}}], "from_name is missing; expected tasks as Label Studio exports them"),
        ([{"from_name": "verdict", "value": {"choices": "accept"}}], "must be a list, got a string"),
    ],
)
def test_annotations_that_are_none(tmp_path: Path, results: list[Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        decisions_of(exported(tmp_path, *results), [line()], faults)


def test_an_annotation_of_nobody(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not say who made it"):
        decisions_of(exported(tmp_path, result("verdict", "accept"), completed_by=None), [line()], faults)


def test_tasks_of_other_texts(tmp_path: Path) -> None:
    path = exported(tmp_path, result("verdict", "accept"))
    with pytest.raises(DataError, match="Q1/P17 in en has other texts in this build; write tasks anew with"):
        decisions_of(path, [line(question="Where is Lyon?")], faults)


@pytest.mark.parametrize(("content", "message"), [("[", "cannot read"), ("{}", "it must be a list")])
def test_files_that_are_something_else(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "x.json").write_text(content)
    with pytest.raises(DataError, match=message):
        decisions_of(tmp_path / "x.json", [line()], faults)


def test_a_language_that_is_not_there() -> None:
    with pytest.raises(UnknownNameError, match="unknown language of this build 'fr'; known: de, en"):
        tasks_of(CASES, "fr", [])
