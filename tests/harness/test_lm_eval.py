"""The task files for lm-evaluation-harness; that lm_eval itself reads them, tests/tools holds."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from mlake.cli import main
from mlake.harness.lm_eval import process_results, questions_of

RECORDED = Path(__file__).with_name("lm-eval-samples.jsonl")


Loader: Any = type("Loader", (yaml.SafeLoader,), {})  # one that knows lm_eval's tag for functions
Loader.add_constructor("!function", lambda loader, node: f"function {loader.construct_scalar(node)}")


def lm_eval(out: Path, *arguments: object) -> Result:
    words = ["lm-eval", "--data", "mini", "--facts", 3, "--locality", 1, "--out", out, *arguments]
    return CliRunner().invoke(main, [str(word) for word in words])


def task(path: Path) -> dict[str, Any]:
    return dict(yaml.load(path.read_text(encoding="utf-8"), Loader))


def test_there_is_a_task_for_each_language_and_kind(tmp_path: Path) -> None:
    result = lm_eval(tmp_path, "--test-lang", "en,ja", "--kinds", "direct,negation")
    assert result.exit_code == 0, result.output
    assert result.stdout == f"wrote 6 tasks to {tmp_path}; all of them: --tasks mlake_mini\n"
    found = {path.stem: task(path) for path in tmp_path.glob("*.yaml")}
    assert set(found) == {
        f"mlake_mini_{lang}_{kind}" for lang in ("en", "ja") for kind in ("direct", "negation", "locality")
    }
    for name, one in found.items():
        assert one["task"] == name and one["tag"] == ["mlake_mini", f"mlake_mini_{name.split('_')[-1]}"]
        rows = (tmp_path / one["dataset_kwargs"]["file"]).read_text(encoding="utf-8").splitlines()
        assert len(rows) == (1 if name.endswith("locality") else 3)
        first = json.loads(rows[0])
        assert first[one["doc_to_text"]] == f"Q: {first['text']}\nA:"
        assert first[one["doc_to_target"]] == first["accept"][0]
        assert one["generation_kwargs"] == {"until": ["\n"], "do_sample": False, "max_gen_toks": 128}
        assert one["custom_dataset"] == "function mlake_mini.questions"
        assert one["process_results"] == "function mlake_mini.process_results"
    space: dict[str, Any] = {"__file__": str(tmp_path / "mlake_mini.py")}
    exec((tmp_path / "mlake_mini.py").read_text(encoding="utf-8"), space)
    assert space["process_results"] is process_results and callable(space["questions"])


def test_questions_for_a_chat_stand_alone_and_end_by_themselves(tmp_path: Path) -> None:
    assert lm_eval(tmp_path, "--template", "{question}").exit_code == 0
    one = task(tmp_path / "mlake_mini_en_direct.yaml")
    assert one["generation_kwargs"]["until"] == []
    first = json.loads((tmp_path / "mlake_mini_en_direct.jsonl").read_text(encoding="utf-8").splitlines()[0])
    assert first["prompt"] == first["text"]
    assert lm_eval(tmp_path, "--template", "{question}", "--stop", "line").exit_code == 0
    assert task(tmp_path / "mlake_mini_en_direct.yaml")["generation_kwargs"]["until"] == ["\n"]


def test_answers_that_lm_eval_handed_over_score_as_it_wrote_down() -> None:
    """Lines that lm_eval 0.4.13 wrote with ``--log_samples``, for an edit of the demo model."""
    lines = [json.loads(line) for line in RECORDED.read_text(encoding="utf-8").splitlines()]
    assert len(lines) >= 10 and {line["contains"] for line in lines} == {0.0, 1.0}
    for line in lines:
        told = process_results(line["doc"], line["filtered_resps"])
        assert told == {name: line[name] for name in line["metrics"] if name in line}


def test_a_moved_folder_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    datasets = pytest.importorskip("datasets")
    lm_eval(tmp_path / "there", "--test-lang", "en")
    (tmp_path / "there").rename(tmp_path / "here")
    found = questions_of(tmp_path / "here")("mlake_mini_en_direct.jsonl", version="0.1.0")
    assert isinstance(found["test"], datasets.Dataset) and len(found["test"]) == 3


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--template", "Answer:"], "must hold {question} exactly once"),
        (["--kinds", "choice"], "'choice' are not scored by their text"),
        (["--facts", "90"], "no slice of the 63 facts"),
        (["--data", "minni"], "Did you mean 'mini'"),
        (["--test-lang", "xx"], "unknown language 'xx'"),
    ],
)
def test_what_is_wrong_is_one_line(tmp_path: Path, arguments: list[str], says: str) -> None:
    result = lm_eval(tmp_path / "out", *arguments)
    assert result.exit_code == 2
    assert says in result.stderr and len(result.stderr.splitlines()) == 1
    assert not (tmp_path / "out").exists()
