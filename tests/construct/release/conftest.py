"""Small data sets to publish."""

import json
from pathlib import Path
from typing import Any

import pytest

from mlake.construct.context import Settings
from mlake.construct.release.built import Built, Step
from mlake.construct.stage import Drop
from mlake.data import load, read_jsonl, to_lines
from mlake.records import Benchmark, Fact

ODD = (
    {
        "fact": "bridge",
        "lang": "zh",
        "question": "蓝桥在哪里？",
        "subject": "蓝桥",
        "new_answer": "奥斯陆",
        "probes": [
            {"kind": "direct", "text": "蓝桥在哪里？", "accept": ["奥斯陆"]},
            {"kind": "choice", "text": "|蓝桥|在哪里？", "accept": ["A"], "options": ["奥斯陆", "巴黎"]},
            {"id": "far", "kind": "paraphrase", "lang": "hi", "text": "कहाँ?", "accept": ["ओस्लो"]},
        ],
    },
    {"fact": "tower", "lang": "id", "question": "Di mana?", "new_answer": "Oslo", "old_aliases": ["a", "b"]},
    {"unlinked": [{"id": "lost", "kind": "multihop", "lang": "en", "text": "Where?", "accept": ["Oslo"]}]},
)
"""Facts in one language each, one without a subject, questions of no fact and of another language."""


@pytest.fixture
def odd(tmp_path: Path) -> Benchmark:
    path = tmp_path / "odd.jsonl"
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in ODD), encoding="utf-8")
    return read_jsonl(path)


@pytest.fixture(params=["mini", "odd"])
def benchmark(request: pytest.FixtureRequest, odd: Benchmark) -> Benchmark:
    return odd if request.param == "odd" else load("mini")


LANGS = ("en", "de", "fr", "ja", "zh")
DROPS = (
    Drop("Q1/P1", "several-objects", "has 2 objects"),
    Drop("mini-00/multihop-P17", "answer-in-question", "en: “Italy | <b>”"),
)


def draft(fact: Fact) -> dict[str, Any]:
    """A row of the stage ``edits``, from the chains of a fact of ``mini``."""
    chains = {probe.kind: probe.triples for probe in fact.probes if probe.lang == "en" and probe.triples}
    after, before = chains["multihop"], chains["multihop_before"]
    return {
        "id": fact.id,
        "subject": fact.subject_id,
        "relation": fact.relation_id,
        "object": before[0].object,
        "source": ["ml", "mp"] if fact.row % 2 else ["mp"],
        "text": "for people",
        "new": after[0].object,
        "before": [list(before[1])],
        "after": [list(after[1])],
        "others": [["Q142", "P36", "Q90"]],
        "distractors": ["Q84", "Q2807"],
    }


def entity(number: int) -> dict[str, Any]:
    """A row of the stage ``names``."""
    return {
        "id": f"Q{number}",
        "kind": "city",
        "labels": dict.fromkeys(LANGS, f"City {number}"),
        "aliases": {"en": ["The City"], "zh": []},
        "flagged": {"de": {"St": "short"}},
        "label_from": dict.fromkeys(LANGS, "mp"),
    }


@pytest.fixture(scope="session")
def built() -> Built:
    """A build of 24 facts of ``mini``, six of them for choosing settings."""
    mini = load("mini")
    facts = mini.facts[:24]
    lines = [json.loads(line) for line in to_lines(Benchmark("few", "", "", facts))]
    splits = [{"fact": fact.id, "split": "test" if fact.row >= 6 else "tuning"} for fact in facts]
    return Built(
        settings=Settings(langs=LANGS, seed=7),
        edits=[draft(fact) for fact in facts],
        names=[entity(number) for number in (60, 64, 90)],
        texts=lines,
        splits=splits,
        steps=[Step("facts", "Facts of the source", 30, DROPS[:1]), Step("texts", "Texts", 120, DROPS[1:])],
        meanings={"several-objects": "A relation has more than one object."},
    )
