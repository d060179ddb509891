"""Run folders: locked, checked, damaged."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mlake import disk
from mlake.errors import RunError
from mlake.evaluation.plan import make_plan
from mlake.evaluation.run import run
from mlake.evaluation.store import Store, read_run
from mlake.records import Answer, Probe, Triple

from . import worker
from .worker import Fakes, benchmark, make_spec


def finish(folder: Path) -> None:
    spec = make_spec()
    with Store.open(folder, spec) as store:
        run(make_plan(spec, benchmark()), store, Fakes().engine())


@pytest.fixture
def done(tmp_path: Path) -> Path:
    finish(tmp_path / "run")
    return tmp_path / "run"


@pytest.fixture
def stopped(tmp_path: Path) -> Iterator[tuple[Path, "subprocess.Popen[str]"]]:
    """A run in another process that holds its folder."""
    command = [sys.executable, worker.__file__, str(tmp_path / "run"), "20"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("at 20")
        yield tmp_path / "run", process
        process.kill()


def test_second_process_is_refused_until_the_first_is_killed(
    stopped: tuple[Path, "subprocess.Popen[str]"],
) -> None:
    folder, process = stopped
    with pytest.raises(RunError, match="another process runs in"), Store.open(folder, make_spec()):
        pass
    assert len(read_run(folder).missing()) > 0
    process.kill()
    process.wait()
    finish(folder)
    assert read_run(folder).missing() == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"batch_size": 3}, "batch_size is 2 there and 3 here"),
        ({"editor": {"steps": 26, "layers": [3]}}, "editor.steps is 25 there and 26 here"),
        ({"editor": {"layers": [3]}}, "editor.steps is 25 there and null here"),
        ({"facts": (1, 6)}, r"facts is \[0,6\] there and \[1,6\] here; choose another --out"),
    ],
)
def test_folder_of_another_spec(done: Path, change: dict[str, object], message: str) -> None:
    with pytest.raises(RunError, match=message), Store.open(done, make_spec(**change)):
        pass


def test_spec_file_is_the_canonical_json(done: Path) -> None:
    text = (done / "spec.json").read_text()
    assert json.loads(text) == make_spec().record()
    assert text.endswith("}\n") and text.count("\n") == 1


def test_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("do not touch")
    with pytest.raises(RunError, match=r"holds 'thesis.txt' but no run"), Store.open(tmp_path, make_spec()):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_file_where_the_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("")
    with pytest.raises(RunError, match="cannot write"), Store.open(tmp_path / "run", make_spec()):
        pass


def test_other_errors_inside_an_open_store_pass_through(tmp_path: Path) -> None:
    with pytest.raises(BrokenPipeError), Store.open(tmp_path / "run", make_spec()):
        raise BrokenPipeError


def test_data_that_changed_under_the_same_spec(done: Path) -> None:
    spec, data = make_spec(), benchmark()
    other = make_plan(spec, type(data)("fake", "r1", "0" * 64, data.facts[::-1]))
    with Store.open(done, spec) as store, pytest.raises(RunError, match="made from other data"):
        store.begin(other)


UNIT = "answers/en/001-ja.jsonl"


def lines(raw: bytes) -> list[bytes]:
    return raw.splitlines(keepends=True)


def test_answers_without_a_hash_are_those_of_older_versions(done: Path) -> None:
    before = list(read_run(done).asked())
    (done / UNIT).write_bytes(b"".join(lines((done / UNIT).read_bytes())[:-1]))
    assert list(read_run(done).asked()) == before
    finish(done)


def test_answers_to_other_questions_than_planned(done: Path) -> None:
    first, *others = lines((done / UNIT).read_bytes())[:-1]
    (done / UNIT).write_bytes(b"".join([*others, first]))
    with pytest.raises(RunError, match="it answers other questions than planned; delete it and run again"):
        finish(done)


def test_a_folder_that_looks_like_a_leftover_is_left_alone(done: Path) -> None:
    (done / ".tmp-mine").mkdir()
    (done / ".tmp-mine" / ".tmp-too").touch()
    finish(done)
    assert (done / ".tmp-mine").is_dir()


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda raw: raw[:-1], "damaged at line 7: it is cut off"),
        (lambda raw: raw[:-20], "damaged at line 7: it is cut off"),
        (lambda raw: lines(raw)[0] + raw, "damaged at line 2: a question stands there twice"),
        (lambda raw: b"".join(lines(raw)[:5]), "damaged at line 5: 5 rows, expected 6"),
        (lambda raw: b"".join(lines(raw)[1:]), "line 6: its lines are not those"),
        (lambda raw: raw.replace(b'"text": "', b'"text": "x', 1), "line 7: its lines are not those"),
        (lambda raw: raw.replace(b'"stopped": true', b'"stopped": false', 1), "line 7: its lines are not"),
        (lambda raw: lines(raw)[-1] + b"".join(lines(raw)[:-1]), "line 1: its lines are not those"),
        (lambda raw: b"", "damaged at line 0: 0 rows, expected 6"),
        (lambda raw: raw.replace("者".encode(), b"\xff", 1) if "者".encode() in raw else b"\xff" + raw,
         "damaged at line 1: 'utf-8' codec"),
        (lambda raw: b"[1]\n" + raw, "damaged at line 1: no JSON object"),
        (lambda raw: raw.replace(b'"stopped": true', b'"stopped": 1', 1), "line 1: probe, kind, text"),
        (lambda raw: raw.replace(b'"kind": "direct"', b'"kind": "dirct"', 1), "line 1: probe, kind, text"),
    ],
)  # fmt: skip
def test_damaged_answers(done: Path, damage: object, message: str) -> None:
    path = done / UNIT
    path.write_bytes(damage(path.read_bytes()))  # type: ignore[operator]
    with pytest.raises(RunError, match=message) as caught:
        list(read_run(done).asked())
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)
    with pytest.raises(RunError, match=message):
        finish(done)
    path.unlink()
    assert read_run(done).missing() == ["en/001-ja"]
    finish(done)
    assert read_run(done).missing() == []


@pytest.mark.parametrize("name", ["spec.json", "plan.json"])
def test_damaged_header(done: Path, name: str) -> None:
    (done / name).write_bytes(b'{"units": ')
    with pytest.raises(RunError, match=f"cannot read .*{name}"):
        read_run(done)


@pytest.mark.parametrize(
    ("name", "key", "value"),
    [
        ("spec.json", "edit_langs", 3),
        ("spec.json", "test_langs", [1]),
        ("spec.json", "editor", []),
        ("spec.json", "facts", None),
        ("plan.json", "notes", [1]),
        ("plan.json", "units", {"en/000-de": "6"}),
        ("plan.json", "units", {"en": 6}),
        ("plan.json", "units", {"en/x-de": 6}),
        ("plan.json", "units", {"../../000-de": 6}),
    ],
)
def test_a_header_of_other_types(done: Path, name: str, key: str, value: Any) -> None:
    stored = json.loads((done / name).read_text())
    (done / name).write_text(json.dumps(stored | {key: value}))
    with pytest.raises(RunError, match=f"{name} is damaged: "):
        read_run(done)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("id", []),
        ("text", 3),
        ("accept", [1]),
        ("reject", [None]),
        ("options", [[]]),
        ("triples", [[1, 2, 3]]),
    ],
)
def test_a_question_of_other_types(done: Path, key: str, value: Any) -> None:
    path = done / "probes.jsonl"
    first, *rest = path.read_text().splitlines(keepends=True)
    path.write_text(json.dumps(json.loads(first) | {key: value}) + "\n" + "".join(rest))
    with pytest.raises(RunError, match=r"probes.jsonl is damaged at line 1: not a question"):
        list(read_run(done).asked())


def test_damaged_probes(done: Path) -> None:
    path = done / "probes.jsonl"
    rows = path.read_text().splitlines(keepends=True)
    path.write_text(rows[0] + rows[1].replace('"accept"', '"akzept"') + "".join(rows[2:]))
    with pytest.raises(RunError, match=r"probes.jsonl is damaged at line 2: not a question"):
        list(read_run(done).asked())


def test_no_run_and_another_format(tmp_path: Path, done: Path) -> None:
    with pytest.raises(RunError, match="holds no run; name a folder that 'mlake run' wrote"):
        read_run(tmp_path)
    (done / "spec.json").write_text('{"format": "mlake-run/0"}')
    with pytest.raises(RunError, match="has format 'mlake-run/0', this mlake reads 'mlake-run/1'"):
        read_run(done)


def test_full_disk_keeps_what_is_stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = make_spec()
    plan = make_plan(spec, benchmark())
    with Store.open(tmp_path / "run", spec) as store:
        store.begin(plan)
        first, second = plan.unedited[:2]
        store.write(first, [Answer("a", True) for one in first.questions])

        def full(_: int) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(RunError, match="No space left on device; what is stored is kept"):
            store.write(second, [Answer("a", True) for one in second.questions])
        assert store.has(first) and not store.has(second)
    assert not list((tmp_path / "run").rglob(".tmp-*"))


def test_probes_survive_the_way_through_the_folder(tmp_path: Path) -> None:
    odd = Probe(
        "odd", "f0", "direct", "en", "Line\u2028break, “quotes”, \ud83c lone?",
        ("はい", "是"), ("no",), ("A", "B"), ("capital of",), (Triple("Q1", "P2", "Q3"),),
    )  # fmt: skip
    data = benchmark()
    fact = type(data.facts[0])("f0", 0, data.facts[0].statements, (odd,))
    spec = make_spec(test_langs=("en",), edit_langs=("en",), facts=(0, 1))
    with Store.open(tmp_path / "run", spec) as store:
        run(make_plan(spec, type(data)("fake", "r1", "0" * 64, (fact,))), store, Fakes().engine())
    asked = list(read_run(tmp_path / "run").asked())
    assert [one.probe for one in asked] == [odd, odd]


def test_what_a_killed_run_left_is_taken_away_and_folders_are_not(tmp_path: Path) -> None:
    """An edit that writes through a temporary file of its own leaves one inside another."""
    finish(tmp_path / "run")
    edits = tmp_path / "run" / "edits" / "en"
    edits.mkdir(parents=True, exist_ok=True)
    left = [
        edits / ".tmp-7-000.safetensors",
        edits / ".tmp-.tmp-7-000.safetensors.x1",
        edits / "..tmp-7-a.x2",
    ]
    for path in left:
        path.write_text("half")
    (tmp_path / "run" / ".tmp-dir").mkdir()
    finish(tmp_path / "run")
    assert not any(path.exists() for path in left) and (tmp_path / "run" / ".tmp-dir").is_dir()


def test_every_half_written_file_has_a_name_that_is_cleared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    monkeypatch.setattr("os.replace", lambda new, old: seen.append(Path(new).name))
    disk.write_atomic(tmp_path / "a.json", b"{}")
    assert seen[0].startswith(f"{disk.TEMPORARY}a.json.")
    monkeypatch.undo()
    other = tmp_path / f"{disk.TEMPORARY}b.json.x"
    other.write_text("half")
    disk.write_files(tmp_path, {"a.json": b"{}"})
    assert sorted(path.name for path in tmp_path.iterdir()) == [other.name, "a.json"]
