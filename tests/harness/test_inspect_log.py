"""A run as logs of Inspect; that Inspect itself opens them, tests/tools holds."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from tests.cli.test_report import benchmark, stored

from mlake.cli import main
from mlake.report.load import load_run

RECORDED = json.loads(Path(__file__).with_name("inspect-log.json").read_text(encoding="utf-8"))
FREE = ("metadata", "value", "metrics", "packages", "params")
"""Fields whose keys are the writer's own."""


def keys(value: Any, place: str = "") -> Iterator[str]:
    """The place of every field, items of a list alike."""
    if isinstance(value, list):
        for one in value:
            yield from keys(one, place)
    elif isinstance(value, dict):
        for key, one in value.items():
            yield f"{place}/{key}"
            if key not in FREE:
                yield from keys(one, f"{place}/{key}")


@pytest.fixture
def logs(tmp_path: Path) -> dict[str, dict[str, Any]]:
    """The logs of a small run by the language edited in."""
    run = stored(tmp_path / "run", benchmark(), "direct")
    result = CliRunner().invoke(main, ["inspect-log", str(run), "--out", str(tmp_path / "logs")])
    assert result.exit_code == 0, result.output
    files = sorted((tmp_path / "logs").iterdir())
    assert result.stdout.splitlines() == [f"wrote {path}" for path in sorted(files, key=_order)]
    return {_lang(path): json.loads(path.read_text(encoding="utf-8")) for path in files}


def _lang(path: Path) -> str:
    name = re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\+00-00_mlake-(\w+)_[0-9a-f]{22}\.json", path.name)
    assert name
    return name[1]


def _order(path: Path) -> int:
    return ["unedited", "en", "zh"].index(_lang(path))


def test_there_is_one_for_each_model(logs: dict[str, dict[str, Any]], tmp_path: Path) -> None:
    assert set(logs) == {"unedited", "en", "zh"}
    run = load_run(tmp_path / "run")
    for lang, log in logs.items():
        asked = [one for one in run.asked if (one.edit_lang or "unedited") == lang]
        assert [sample["output"]["completion"] for sample in log["samples"]] == [
            one.answer.text for one in asked
        ]
        assert log["eval"]["dataset"]["sample_ids"] == [sample["id"] for sample in log["samples"]]
        assert len(set(log["eval"]["dataset"]["sample_ids"])) == len(asked) == log["results"]["total_samples"]
    assert len({log["eval"]["eval_id"] for log in logs.values()}) == 3
    assert len({log["eval"]["run_id"] for log in logs.values()}) == 1


def test_scores_are_the_runs(logs: dict[str, dict[str, Any]], tmp_path: Path) -> None:
    (contains,) = (one for one in logs["en"]["results"]["scores"] if one["name"] == "contains")
    assert {name: one["value"] for name, one in contains["metrics"].items()} == {
        "grouped_direct en": 1.0,
        "grouped_direct zh": 0.0,
    }
    values = [one["scores"]["measures"]["value"] for one in logs["en"]["samples"]]
    asked = [one["metadata"]["kind"] for one in logs["en"]["samples"]]
    told = [value["contains"] for value, kind in zip(values, asked, strict=True) if kind == "direct"]
    assert sum(told) == 4 and len(told) == 8


def test_it_has_no_field_that_inspects_own_logs_lack(logs: dict[str, dict[str, Any]]) -> None:
    """The recorded log was written by Inspect 0.3.285 for two of mlake's questions."""
    known = set(keys(RECORDED))
    for log in logs.values():
        assert set(keys(log)) - known <= {"/eval/metadata"}
        assert log["version"] == RECORDED["version"]


def test_no_run_is_one_line(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["inspect-log", str(tmp_path), "--out", str(tmp_path / "logs")])
    assert result.exit_code == 2 and "holds no run" in result.stderr
    assert len(result.stderr.splitlines()) == 1
