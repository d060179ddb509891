import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from tests.data.neighbours.conftest import Read

from mlake.cli import main
from mlake.data import DATASETS
from mlake.data.files import Files
from mlake.data.neighbours import ROWS
from mlake.data.neighbours.common import Reading
from mlake.errors import DataError


def test_every_row_is_pinned_and_listed() -> None:
    listed = json.loads(CliRunner().invoke(main, ["data", "list", "--json"]).stdout)
    shown = {row["name"]: row["facts"] for row in listed}
    for row in ROWS:
        assert DATASETS[row.name] is row
        assert shown[row.name] == row.facts and row.facts
        if not row.url:
            assert row.name == "multi-counterfact", "only this one has no address and needs a folder"
            continue
        assert row.url.startswith("https://") and row.url.endswith("{path}")
        assert all(len(commit) == 40 and int(commit, 16) for commit in row.revisions)
        for path, sha256 in row.files.items():
            assert path.startswith(row.revisions or ("data/dsets/",))
            assert not sha256 or (len(sha256) == 64 and int(sha256, 16))
            assert sha256 or row.revisions, "without a commit the content itself must be pinned"


def test_the_page_names_every_row_and_path() -> None:
    page = (Path(__file__).resolve().parents[3] / "docs/neighbours.md").read_text(encoding="utf-8")
    for row in ROWS:
        assert f"\n| `{row.name}` | {row.facts}" in page
        for path in row.files:
            rule = re.sub(r"_(en)?[a-z]{2,3}\.json$", r"_\1LANG.json", path)
            assert f"DIR/{path}\n" in page or f"DIR/{rule}\n" in page


def test_parquet_without_its_library(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(
        DataError, match=r"CF3k-.*parquet is a Parquet table, which needs pyarrow; run: pip install"
    ):
        read("mquake-remastered-cf-3k", b"PAR1")


def test_damaged_parquet(read: Read, tables: None) -> None:
    with pytest.raises(DataError, match=r"parquet is no Parquet table \(.*\); fetch it again"):
        read("mquake-remastered-cf-3k", b"PAR1")


FORMATS = ["kebench", "mquake-cf-3k-v2", "zsre", "counterfact", "rippleedits-popular"]


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'[{"subject": "Gr', r"json is no UTF-8 JSON \(Unterminated string.*\); fetch it again"),
        (b"\xff[]", r"json is no UTF-8 JSON \('utf-8' codec"),
        (b'{"rows": []}', "json must hold a list of rows, got an object; fetch it again"),
        (b"[]", "json.* holds no facts; fetch it again"),
        (
            b"[3, null]",
            "row 0 must be a JSON object, got a whole number; row 1 must be a JSON object, got null",
        ),
        (b'[{"subject": "\\ud83d"}]', r"row 0 holds half a character \(a lone surrogate\); fetch it again"),
        (b"[{}]", r"json: row 0 field '\w+': is missing; row 0 field '\w+': is missing"),
    ],
)
def test_damaged_files(read: Read, name: str, content: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        read(name, *[content] * len(DATASETS[name].files))
    assert "\n" not in str(caught.value)


def row(**changes: Any) -> dict[str, Any]:
    """A row of zsRE."""
    texts = ("subject", "src", "rephrase", "alt", "loc", "loc_ans")
    return {**dict.fromkeys(texts, "a"), "answers": ["b"], **changes}


def test_all_problems_are_told_at_once(read: Read) -> None:
    bad = [row(src=" ", alt=3, answers=[None, "x", True]), row(), row(answers={}, loc=None)]
    with pytest.raises(DataError) as caught:
        read("zsre", bad)
    assert str(caught.value) == (
        "data/dsets/zsre_mend_eval.json: row 0 field 'src': is empty; "
        "row 0 field 'answers[0]': must be a string, got null; "
        "row 0 field 'answers[2]': must be a string, got true or false; "
        "row 0 field 'alt': must be a string, got a whole number; "
        "row 2 field 'answers': must be a list, got an object; "
        "row 2 field 'loc': must be a string, got null; fetch it again"
    )


def test_many_problems_are_counted(read: Read) -> None:
    with pytest.raises(DataError, match=r"row 19 field 'alt': must be .*; and 5 more; fetch it again"):
        read("zsre", [row(alt=[])] * 25)


def test_a_missing_object_is_told_once(read: Read) -> None:
    with pytest.raises(DataError) as caught:
        read("counterfact", [{"requested_rewrite": 3, "paraphrase_prompts": []}])
    assert "row 0 field 'requested_rewrite': must be an object, got a whole number" in str(caught.value)
    assert "'requested_rewrite." not in str(caught.value)


def test_nested_fields_are_named(read: Read) -> None:
    rewrite = {"prompt": "{} and {}", "subject": "a", "target_true": {"str": 1}, "target_new": {"str": "b"}}
    with pytest.raises(DataError) as caught:
        read("counterfact", [{"requested_rewrite": rewrite}])
    assert "field 'requested_rewrite.prompt': must hold {} once" in str(caught.value)
    assert "field 'requested_rewrite.target_true.str': must be a string, got a whole" in str(caught.value)


def test_the_content_is_part_of_the_hash(read: Read) -> None:
    first = read("zsre", [row()])
    assert read("zsre", [row()]) == first
    assert read("zsre", [row(loc_ans="other")]).sha256 != first.sha256


@pytest.mark.parametrize(
    ("question", "subject", "found"),
    [
        ("Who led Ruritania?", "Ruritania", "Ruritania"),
        ("Wer regierte Österreich?", "Österreich", "Österreich"),
        ("Qui dirigeait l'Érythrée ?", "Erythrée", None),
        ("青い橋は誰が作りましたか？", "青い橋", "青い橋"),
        ("谁建造了蓝桥？", "藍橋", None),
        ("Who led it?", " ", None),
    ],
)
def test_a_subject_must_stand_in_the_question(
    tmp_path: Path, question: str, subject: str, found: str | None
) -> None:
    (tmp_path / "x.json").write_text("[]")
    files = Files("x", "", {"x.json": ""}, mirror=tmp_path, cache=tmp_path)
    reading = Reading(DATASETS["zsre"], files, "1")
    assert reading.subject(subject, question) == found
