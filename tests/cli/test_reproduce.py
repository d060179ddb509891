"""``mlake reproduce``: names, errors, and that it works from an installed wheel."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mlake.cli import main
from mlake.report.views import VIEWS

ROOT = Path(__file__).resolve().parents[2]


def reproduce(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["reproduce", *arguments])


def test_names_as_json() -> None:
    rows = json.loads(reproduce("--list", "--json").stdout)
    assert {f"table{n}" for n in (1, 2, 3, 4, 5, 8, 9, 10)} < {row["name"] for row in rows}
    assert {f"figure{n}" for n in range(2, 9)} < {row["name"] for row in rows}
    (table1,) = [row for row in rows if row["name"] == "table1"]
    assert table1["methods"] == ["mend", "rome", "memit", "stableke"]
    assert table1["models"] == ["lmsys/vicuna-7b-v1.5", "Qwen/Qwen1.5-7B-Chat"]


def test_names_for_people() -> None:
    lines = reproduce("--list").stdout.splitlines()
    assert lines[0].startswith("table1                Generalisation") and len(lines) == len(VIEWS)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "name a table or figure, such as table1, or all"),
        (("table6",), "'table6'"),
        (("table5", "--data", "no-such-data"), "no-such-data"),
        (("table5", "--data", "mini", "--judge-url", "http://127.0.0.1:1/v1"), "give --judge NAME"),
        # a model that is not there is not even looked for
        (
            ("lifelong", "--data", "mini", "--model", "/none", "--method", "grace", "--facts", "5"),
            "needs two batches or more, got 5 facts in batches of 10",
        ),
    ],
)
def test_errors_in_one_line(arguments: tuple[str, ...], message: str, tmp_path: Path) -> None:
    result = reproduce(*arguments, "--out", str(tmp_path))
    assert result.exit_code == 2
    (line,) = [line for line in result.stderr.splitlines() if line.startswith("mlake: ")]
    assert message in line


@pytest.mark.slow
def test_tables_of_the_data_need_no_model(tmp_path: Path) -> None:
    result = reproduce("table5", "figure8", "--data", "mini", "--out", str(tmp_path))
    assert result.exit_code == 0, result.output
    assert "Table 5" in (tmp_path / "table5.md").read_text()
    assert (tmp_path / "report.html").stat().st_size > 10_000
    assert len(list(tmp_path.glob("figure8*.pdf"))) == 5


@pytest.mark.slow
def test_it_works_from_a_wheel_outside_the_clone(tmp_path: Path) -> None:
    def python(*arguments: str, **environment: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=tmp_path, env=os.environ | environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    build = ("--no-deps", "--no-build-isolation", "--disable-pip-version-check")
    python("-m", "pip", "wheel", *build, "--wheel-dir", str(tmp_path), str(ROOT))
    (wheel,) = tmp_path.glob("mlake-*.whl")
    python("-m", "pip", "install", "--no-deps", "--no-index", "--target", "installed", str(wheel))
    installed = str(tmp_path / "installed")
    command = "import mlake, sys; from mlake.cli import main; print(mlake.__file__); main(sys.argv[1:])"
    out = python("-c", command, "reproduce", "--list", PYTHONPATH=installed)
    assert out.startswith(installed) and "figure8" in out
    python("-c", command, "reproduce", "table5", "--data", "mini", "--out", "made", PYTHONPATH=installed)
    assert (tmp_path / "made" / "table5.tex").exists() and (tmp_path / "made" / "report.html").exists()
