"""The project's own rules: small files, a map that is true, workflows that call what is there."""

import os
import re
import statistics
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

import mlake

ROOT = Path(__file__).resolve().parents[1]
SOURCE = Path(mlake.__file__).parent
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
FORMS = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
OURS = ("src", "tests", "docs", "benchmarks", "website", ".github", ".ci")


def read(path: Path) -> dict[Any, Any]:
    found = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


def jobs(path: Path) -> dict[str, Any]:
    found = read(path)["jobs"]
    assert found
    return dict(found)


def test_files_are_short() -> None:
    lengths = {
        path.relative_to(SOURCE).as_posix(): len(path.read_text(encoding="utf-8").splitlines())
        for path in SOURCE.rglob("*.py")
    }
    assert {name: lines for name, lines in lengths.items() if lines > 400} == {}
    assert statistics.median(lengths.values()) <= 120


def test_no_path_of_this_machine_is_written_down() -> None:
    folders = {f"{folder}{os.sep}" for folder in (ROOT, ROOT.parent, Path.home()) if folder.name}
    here = re.compile(rf"(?<![\w.-])(?:{'|'.join(map(re.escape, folders))})")
    texts = [path for path in ROOT.iterdir() if path.is_file() and path.name != ".git"]
    texts += [path for folder in OURS for path in (ROOT / folder).rglob("*") if path.is_file()]
    texts = [path for path in texts if "__pycache__" not in path.parts]
    assert len(texts) > 300
    found = [path for path in texts if here.search(path.read_bytes().decode("utf-8", "replace"))]
    assert found == []


def test_the_map_is_the_house() -> None:
    section = CONTRIBUTING.split("## The map of the house")[1].split("\n## ")[0]
    shown = re.findall(r"^\| `([\w/]+)` \| \S", section, re.MULTILINE)
    rooms = {path.parent.relative_to(SOURCE).as_posix() for path in SOURCE.rglob("__init__.py")} - {"."}
    assert len(shown) == len(set(shown))
    assert set(shown) == rooms


def test_every_guide_is_linked() -> None:
    linked = re.findall(r"\]\(docs/(add-a-[\w-]+\.md)\)", CONTRIBUTING)
    assert {path.name for path in (ROOT / "docs").glob("add-a-*.md")} <= set(linked)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_workflows_call_targets_that_exist(path: Path) -> None:
    called = set()
    for job in jobs(path).values():
        for step in job["steps"]:
            assert ("run" in step) != ("uses" in step)
            if "uses" in step:
                assert re.fullmatch(r"actions/[\w-]+@v\d+", step["uses"])
            else:
                program, target = step["run"].split()
                assert program == "make"
                called.add(target)
    assert called and called <= TARGETS


def test_each_python_that_is_named_is_tested() -> None:
    tested = jobs(ROOT / ".github/workflows/ci.yml")["check"]["strategy"]["matrix"]["python"]
    named = [line.rpartition(" ")[2] for line in PROJECT["classifiers"] if "Python :: 3." in line]
    assert tested == named
    assert PROJECT["requires-python"] == f">={named[0]}"


def test_what_runs_before_a_commit_is_there() -> None:
    (repo,) = read(ROOT / ".pre-commit-config.yaml")["repos"]
    assert repo["repo"] == "local"
    (hook,) = repo["hooks"]
    program, target = hook["entry"].split()
    assert program == "make" and target in TARGETS


@pytest.mark.parametrize("path", [one for one in FORMS if one.stem != "config"], ids=lambda path: path.stem)
def test_issue_forms_ask_something(path: Path) -> None:
    form = read(path)
    assert form["name"] and form["description"]
    kinds = {"textarea", "input", "dropdown"}
    assert form["body"] and all(part["type"] in kinds for part in form["body"])
    ids = [part["id"] for part in form["body"]]
    assert len(set(ids)) == len(ids)
    assert all(part["attributes"]["label"] for part in form["body"])


def test_the_only_address_is_the_papers() -> None:
    assert PROJECT["urls"] == {"Paper": "https://arxiv.org/abs/2404.04990"}


def test_versions_agree() -> None:
    version = PROJECT["version"]
    assert read(ROOT / "CITATION.cff")["version"] == version
    newest = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)[0]
    assert newest == version
