"""A tiny release in the authors' format: two facts, five languages, all forty files."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from mlake.data import datasets
from mlake.data.dataset import Dataset
from mlake.data.release import benchmark as release
from mlake.data.release.annotation import Annotation, Place
from mlake.data.release.benchmark import read_released
from mlake.data.release.hashes import CURRENT, OLDER

LANGS = ("en", "de", "fr", "ja", "zh")
TEXTS = {
    "en": ("Where did {} work?", "{} worked at {}.", "In which city is the employer of {}?"),
    "de": ("Wo arbeitete {}?", "{} arbeitete bei {}.", "In welcher Stadt ist der Arbeitgeber von {}?"),
    "fr": (
        "Où {} a-t-il travaillé ?",
        "{} a travaillé chez {}.",
        "Dans quelle ville est l'employeur de {} ?",
    ),
    "ja": ("{}はどこで働きましたか？", "{}は{}で働きました。", "{}の雇用主はどの都市にありますか？"),
    "zh": ("{}在哪里工作？", "{}在{}工作。", "{}的雇主位于哪个城市？"),
}
NAMES = {
    "en": ("Ada Quill", "Bo Lind"),
    "de": ("Ada Quill", "Bo Lind"),
    "fr": ("Ada Quill", "Bo Lind"),
    "ja": ("エイダ・クイル", "ボー・リンド"),
    "zh": ("艾达·奎尔", "博·林德"),
}


def single(code: str, fact: int) -> dict[str, Any]:
    question, sentence, _ = TEXTS[code]
    name = NAMES[code][fact]
    return {
        "question": question.format(name),
        "o_prompt": sentence.format(name, "Oldco"),
        "o_answer": "Oldco",
        "o_answer_aliases": ["Old", "OC", "Old", "Oldco"],
        "e_prompt": sentence.format(name, "Newco"),
        "e_answer": "Newco",
        "e_answer_aliases": ["NC"],
    }


def release_rows() -> dict[str, list[dict[str, Any]]]:
    """Every file by its path: fact 0 has a question after and before the edit, and one before goes astray."""
    files: dict[str, list[dict[str, Any]]] = {}
    for code in LANGS:
        rows = [single(code, 0), single(code, 1)]
        ask = TEXTS[code][2]
        options = ["a", "b", "c", "d"]
        files[f"{CURRENT}/dataset/single_hop/{code}_qa.json"] = rows
        files[f"{OLDER}/dataset/single_hop/mcqa/{code}_mcqa.json"] = [
            {"question": row["question"], "options": options, "o_answer": "D", "e_answer": "B"}
            for row in rows
        ]
        after = {"question": ask.format(NAMES[code][0]), "e_prompt": single("en", 0)["e_prompt"]}
        answer = {"e_answer": "Rome", "e_answer_aliases": ["Roma", "Roma"]}
        files[f"{CURRENT}/dataset/multi_hop/new_{code}_qa.json"] = [{**after, **answer}]
        triples = [["Q1", "P108", "Q2"], ["Q2", "P159", "Q3"]]
        chain = {"triples": triples, "relations": [f"employer-{code}", "seat"]}
        files[f"{OLDER}/dataset/multi_hop/qa/new_{code}_qa.json"] = [
            {**after, **answer, **chain, "o_answer": "Paris" if code == "en" else None}
        ]
        files[f"{OLDER}/dataset/multi_hop/mcqa/new_{code}_mcqa.json"] = [
            {**after, "options": options, "e_answer": "C"}
        ]
        before = [{"question": ask.format(name)} for name in NAMES[code]]
        old = {"o_answer": "Paris", "o_answer_aliases": []}
        files[f"{CURRENT}/dataset/multi_hop/old_{code}_qa.json"] = [{**row, **old} for row in before]
        first = [["Q1", "P108", "Q9"], ["Q9", "P159", "Q90"]]
        other = [["Q5", "P108", "Q9"], ["Q9", "P159", "Q90"]]
        files[f"{OLDER}/dataset/multi_hop/qa/old_{code}_qa.json"] = [
            {**row, "triples": path, "relations": [f"employer-{code}", "seat"]}
            for row, path in zip(before, (first, other), strict=True)
        ]
        files[f"{OLDER}/dataset/multi_hop/mcqa/old_{code}_mcqa.json"] = [
            {**row, "options": options, "e_answer": "A"} for row in before
        ]
    return files


def encode(files: dict[str, list[dict[str, Any]]]) -> dict[str, bytes]:
    return {path: json.dumps(rows, ensure_ascii=False).encode() for path, rows in files.items()}


def annotation(row: int, subject_id: str | None) -> Annotation:
    places = {code: Place(names[row], "recovered", 0.99) for code, names in NAMES.items()}
    return Annotation(row, subject_id, "P108", "triple", places)


@pytest.fixture
def rows() -> dict[str, list[dict[str, Any]]]:
    return release_rows()


@pytest.fixture
def content(rows: dict[str, list[dict[str, Any]]]) -> dict[str, bytes]:
    return encode(rows)


@pytest.fixture
def tiny(content: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A mirror of the tiny release, which the data set ``tiny`` describes."""
    folder = tmp_path / "mirror"
    for path, data in content.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    hashes = {path: hashlib.sha256(data).hexdigest() for path, data in content.items()}
    row = Dataset(
        "tiny",
        read_released,
        "here",
        "none",
        2,
        "https://example.org/{path}",
        (CURRENT, OLDER),
        hashes,
    )
    monkeypatch.setattr(release, "annotations", lambda: (annotation(0, "Q1"), annotation(1, None)))
    monkeypatch.setitem(datasets.DATASETS, "tiny", row)
    monkeypatch.setenv("MLAKE_CACHE", str(tmp_path / "cache"))
    return folder
