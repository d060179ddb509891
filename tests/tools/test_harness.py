"""An edited checkpoint asked by lm_eval and by Inspect says and scores what it does in mlake.

In float32 answers are the same; a failure shows each that is not.
"""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import ROOT

from mlake.report.load import load_run

pytestmark = pytest.mark.tools

BIN = ROOT / "build" / "harness" / "bin"
FACTS = ("--data", "mini", "--facts", 12, "--kinds", "direct", "--max-new-tokens", 32)
LANGS = ("en", "de", "fr", "ja", "zh")
SCRIPTS = Path(__file__).parent


def ran(place: Path, *words: object, **env: str) -> str:
    """What a program prints that runs in a folder, without a network."""
    quiet = {"HF_HOME": str(place / "hf"), "HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"}
    command = [str(word) for word in words]
    done = subprocess.run(
        command, cwd=place, env=os.environ | quiet | env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return done.stdout


def mlake(place: Path, *words: object) -> str:
    return ran(place, sys.executable, "-m", "mlake", *words)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``edit/model``, the demo model with twelve facts edited, and a run that asks it."""
    if not (BIN / "lm_eval").exists():
        pytest.skip("other people's tools are not installed; run make test-tools")
    place = tmp_path_factory.mktemp("harness")
    lines = mlake(place, "data", "export", "mini").splitlines()
    twelve = [line for line in lines if json.loads(line)["row"] < 12]
    (place / "twelve.jsonl").write_text("".join(f"{line}\n" for line in twelve), encoding="utf-8")
    model = ("--model", "demo", "--dtype", "fp32")
    mlake(
        place, "edit", *model, "--method", "ft", "--facts", "twelve.jsonl", "--lang", "en", "--price", "none",
        "--merge", "--out", "edit",
    )  # fmt: skip
    edited = ("--model", "edit/model", "--dtype", "fp32", "--method", "none")
    mlake(place, "run", *edited, *FACTS, "--out", "run")
    return place


@pytest.fixture(scope="module")
def said(place: Path) -> dict[str, str]:
    """What mlake was answered by question."""
    answers = {one.probe.id: one.answer.text for one in load_run(place / "run").asked}
    assert len(answers) == 60
    return answers


@pytest.fixture(scope="module")
def means(place: Path) -> dict[str, float | None]:
    """What ``mlake score`` says by language."""
    rows = json.loads(mlake(place, "score", "run", "--json"))
    found = {row["test_lang"]: row["value"] for row in rows if row["scorer"] == "contains"}
    assert set(found) == set(LANGS) and found["en"] > 0.5
    return found


def differing(one: Mapping[str, str], other: Mapping[str, str]) -> dict[str, tuple[str | None, str | None]]:
    return {
        key: (one.get(key), other.get(key))
        for key in one.keys() | other.keys()
        if one.get(key) != other.get(key)
    }


def test_lm_eval_scores_what_mlake_scores(
    place: Path, said: dict[str, str], means: dict[str, float | None]
) -> None:
    mlake(place, "lm-eval", *FACTS, "--locality", 0, "--out", "tasks")
    (place / "tasks").rename(place / "moved")
    ran(
        place, BIN / "lm_eval", "run", "--include_path", "moved", "--tasks", "mlake_mini", "--model", "hf",
        "--model_args", "pretrained=edit/model,dtype=float32", "--batch_size", 8, "--device", "cpu",
        "--output_path", "out", "--log_samples",
    )  # fmt: skip
    lines = [line for path in place.glob("out/*/samples_*.jsonl") for line in path.open(encoding="utf-8")]
    rows = list(map(json.loads, lines))
    assert differing(said, {row["doc"]["id"]: row["filtered_resps"][0].strip() for row in rows}) == {}
    (results,) = place.glob("out/*/results_*.json")
    found = json.loads(results.read_text(encoding="utf-8"))["results"]
    assert {lang: found[f"mlake_mini_{lang}_direct"]["contains,none"] for lang in LANGS} == pytest.approx(
        means
    )


def test_inspect_scores_what_mlake_scores(
    place: Path, said: dict[str, str], means: dict[str, float | None]
) -> None:
    ran(
        place, BIN / "inspect", "eval", "mlake/questions", "-T", "facts=12", "-T", "kinds=direct", "-T",
        "locality=0", "-T", "max_new_tokens=32", "-T", r'template="Q: {question}\nA:"', "--model", "hf/local",
        "-M", "model_path=edit/model", "-M", "do_sample=false", "-M", "device=cpu", "-M",
        'chat_template="{{ messages[0].content }}"', "--log-dir", "logs", "--display", "plain",
    )  # fmt: skip
    found = read(place, "logs")["mlake/questions"]
    assert differing(said, found["answers"]) == {}
    assert found["means"]["contains"] == pytest.approx({f"direct {lang}": means[lang] for lang in LANGS})


def read(place: Path, logs: str) -> dict[str, Any]:
    found = json.loads(ran(place, BIN / "python", SCRIPTS / "read_logs.py", logs).splitlines()[-1])
    assert isinstance(found, dict)
    return found


def test_inspect_opens_a_run(place: Path, said: dict[str, str], means: dict[str, float | None]) -> None:
    mlake(place, "inspect-log", "run", "--out", "runlogs")
    (log,) = read(place, "runlogs").values()
    assert {name.partition(" ")[2]: text for name, text in log["answers"].items()} == said
    assert log["means"]["contains"] == {f"direct {lang}": means[lang] for lang in LANGS}
    ran(place, BIN / "inspect", "view", "bundle", "--log-dir", "runlogs", "--output-dir", "site")
    assert (place / "site" / "index.html").exists()
    assert [path.name for path in (place / "site" / "logs").glob("*mlake*.json")] == [
        path.name for path in (place / "runlogs").iterdir()
    ]


def test_mlflow_keeps_what_the_recipe_logs(place: Path, means: dict[str, float | None]) -> None:
    page = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")
    (recipe,) = re.findall(r"^```py\n(import json\n.*?mlflow.*?)^```", page, re.DOTALL | re.MULTILINE)
    (place / "recipe.py").write_text(recipe.replace("runs/memit", "run"), encoding="utf-8")
    store = {"MLFLOW_TRACKING_URI": "sqlite:///mlflow.db"}
    ran(place, BIN / "python", "recipe.py", **store)
    kept = json.loads(ran(place, BIN / "python", SCRIPTS / "read_mlflow.py", **store).splitlines()[-1])
    assert kept["params"]["method"] == "none" and "report.md" in kept["files"]
    assert {lang: kept["metrics"][f"contains/direct/unedited-{lang}"] for lang in LANGS} == means


def test_the_options_that_the_page_shows_exist(place: Path) -> None:
    page = (ROOT / "docs" / "harness.md").read_text(encoding="utf-8").replace("\\\n", " ")
    shown = [shlex.split(line) for line in page.splitlines() if line.startswith(("lm_eval ", "inspect "))]
    assert len(shown) == 4
    for words in shown:
        told = ran(place, BIN / words[0], words[1], "--help", COLUMNS="200")
        assert {word for word in words if word.startswith("--")} <= set(re.findall(r"--[\w-]+", told))
