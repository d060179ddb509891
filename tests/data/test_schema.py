"""The schema and the loader say the same of the same lines."""

import json
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from mlake.data.faults import faults
from mlake.data.own.jsonl import parse_jsonl
from mlake.data.own.schema import FACT, PROBE, fact_shape, schema, unlinked_shape
from mlake.errors import FactsError
from mlake.kinds import KINDS
from mlake.languages import LANGUAGES

DOCS = Path(__file__).resolve().parents[2] / "docs"
LEAST = {"question": "Wer ist Ann?", "new_answer": "x"}
ASKED = {"kind": "direct", "text": "t?", "accept": ["a"]}
LOST = {**ASKED, "id": "p", "lang": "ja"}
NAMES = {
    "en": ("Where is the Blue Bridge?", "Blue Bridge"),
    "de": ("Wo steht die Blaue Brücke?", "Blaue Brücke"),
    "fr": ("Où est le Pont bleu ?", "Pont bleu"),
    "ja": ("青い橋はどこにありますか？", "青い橋"),
    "zh": ("蓝桥在哪里？", "蓝桥"),
}


def asks(**change: Any) -> dict[str, Any]:
    """A line with one question that is changed."""
    return {**LEAST, "probes": [{**ASKED, **change}]}


GOOD: list[Any] = [
    LEAST,
    *({"lang": code, "question": q, "subject": s, "new_answer": "x"} for code, (q, s) in NAMES.items()),
    {**LEAST, "subject": None, "subject_id": None, "relation_id": None, "relation": None},
    {**LEAST, "row": 0},
    {**LEAST, "row": 3.0},
    {**LEAST, "old_answer": "", "old_sentence": "", "new_sentence": "", "relation": ""},
    {**LEAST, "subject": "Ann", "subject_sure": False, "fact": "蓝"},
    {**LEAST, "old_aliases": [], "new_aliases": ["y"], "probes": []},
    *(asks(kind=kind) for kind in KINDS),
    asks(id="p", lang="zh", reject=[], options=["", "b"], relations=["r"], needs=["f"]),
    asks(triples=[["Q1", "P1", "Q2"], ["", "", ""]]),
    {"unlinked": []},
    {"unlinked": [LOST, {**LOST, "id": "q"}]},
]

BAD: list[Any] = [
    {},
    [],
    "question",
    None,
    3,
    {"question": "a?"},
    {"new_answer": "a"},
    {**LEAST, "unlinked": []},
    {**LEAST, "Question": "a?"},
    *({**LEAST, one.name: {"a": 1}} for one in FACT),
    *({**LEAST, one.name: [3]} for one in FACT),
    *({**LEAST, one.name: 2.5} for one in FACT),
    *(asks(**{one.name: {"a": 1}}) for one in PROBE),
    *(asks(**{one.name: [3]}) for one in PROBE),
    *(asks(**{name: None}) for name in ("kind", "text", "accept")),
    *({**LEAST, name: " "} for name in ("fact", "lang", "question", "subject", "new_answer")),
    *({**LEAST, name: None} for name in ("question", "new_answer")),
    {**LEAST, "lang": "jp"},
    {**LEAST, "lang": "EN"},
    {**LEAST, "row": -1},
    {**LEAST, "row": True},
    {**LEAST, "row": "1"},
    {**LEAST, "subject_sure": 1},
    {**LEAST, "old_aliases": "x"},
    {**LEAST, "new_aliases": ["x", ""]},
    *({**LEAST, "probes": [{k: v for k, v in ASKED.items() if k != name}]} for name in ASKED),
    asks(kind="indirect"),
    asks(accept=[]),
    asks(accept=["\t"]),
    asks(triples=[["Q1", "P1"]]),
    asks(triples=[["Q1", "P1", "Q2", "Q3"]]),
    asks(triples=[["Q1", "P1", 2]]),
    asks(fact="a"),
    {"unlinked": [ASKED]},
    {"unlinked": {}},
    {"unlinked": [LOST], "fact": "a"},
]


def loads(line: object) -> bool:
    content = json.dumps(line, ensure_ascii=False).encode()
    fact = json.dumps({"fact": "another", **LEAST}).encode()  # a file needs a fact beside unlinked questions
    try:
        parse_jsonl(content + b"\n" + fact, name="n", revision="r", source="s")
    except FactsError:
        return False
    return True


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    found = json.loads(schema())
    Draft202012Validator.check_schema(found)
    return Draft202012Validator(found)


def test_the_committed_schema_is_the_codes() -> None:
    assert (DOCS / "facts.schema.json").read_text(encoding="utf-8") == schema()


@pytest.mark.parametrize("line", GOOD, ids=repr)
def test_good_lines(validator: Draft202012Validator, line: object) -> None:
    assert validator.is_valid(line) and loads(line)


@pytest.mark.parametrize("line", BAD, ids=repr)
def test_bad_lines(validator: Draft202012Validator, line: object) -> None:
    assert not validator.is_valid(line) and not loads(line)


def test_the_embedded_facts_are_valid(validator: Draft202012Validator) -> None:
    content = resources.files("mlake.data").joinpath("mini", "facts.jsonl").read_text(encoding="utf-8")
    lines = [json.loads(line) for line in content.splitlines()]
    assert len(lines) > 100
    assert [error.message for line in lines for error in validator.iter_errors(line)] == []


def test_a_new_language_is_in_the_schema_and_loads(monkeypatch: pytest.MonkeyPatch) -> None:
    line = {**LEAST, "lang": "tlh"}
    monkeypatch.setitem(LANGUAGES, "tlh", LANGUAGES["fr"])
    assert Draft202012Validator(json.loads(schema())).is_valid(line) and loads(line)


def test_a_language_without_a_file_loads(validator: Draft202012Validator) -> None:
    line = {**LEAST, "lang": "fi"}
    assert validator.is_valid(line) and loads(line)


def keywords(shape: dict[str, Any]) -> set[str]:
    inner = [*shape.get("properties", {}).values(), *([shape["items"]] if "items" in shape else [])]
    return set(shape).union(*map(keywords, inner))


@pytest.mark.parametrize("shape", [fact_shape(), unlinked_shape()], ids=["fact", "unlinked"])
def test_the_loader_executes_every_keyword(shape: dict[str, Any]) -> None:
    executed = {"type", "properties", "required", "additionalProperties", "items", "minItems", "maxItems"}
    assert keywords(shape) <= executed | {"pattern", "enum", "minimum"} | {"title", "description", "examples"}


def test_faults_name_the_place() -> None:
    assert list(faults(asks(triples=[["Q1", 2, "Q3"]]), fact_shape())) == [
        ("probes[0].triples[0][1]", "must be a string, got a whole number")
    ]
    assert list(faults(3, fact_shape())) == [("", "must be an object, got a whole number")]
    assert list(faults({"row": 0.5}, {**fact_shape(), "required": []})) == [
        ("row", "must be a whole number, got a number")
    ]
