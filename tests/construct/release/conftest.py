"""Small data sets to publish."""

import json
from pathlib import Path

import pytest

from mlake.data import load, read_jsonl
from mlake.records import Benchmark

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
