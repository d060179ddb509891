"""A build keeps what is finished, takes what a hand changed, and ends with the same bytes."""

import errno
import json
import os
import re
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from tests.construct.toys import STAGES, contents, context, row

from mlake.construct.build import Done, build, planned
from mlake.construct.context import Context
from mlake.construct.folder import BuildFolder
from mlake.construct.stage import Made, Rows, Stage
from mlake.errors import DataError, MlakeError, RunError, UnknownNameError


def states(done: list[Done]) -> dict[str, str]:
    return {one.stage.name: one.state for one in done}


def edit(path: Path, *rows: object) -> bytes:
    path.write_text("".join(json.dumps(one) + "\n" for one in rows))
    return path.read_bytes()


@pytest.fixture
def out(tmp_path: Path) -> Path:
    build(tmp_path / "out", context(), STAGES)
    return tmp_path / "out"


def test_stages_are_made_in_order_and_counted(tmp_path: Path) -> None:
    said: list[tuple[str, str, int | None]] = []
    done = build(
        tmp_path / "out",
        context(),
        STAGES,
        say=lambda one: said.append((one.stage.name, one.state, one.rows)),
    )
    assert said[:4] == [
        ("numbers", "made", None),
        ("numbers", "made", 6),
        ("even", "made", None),
        ("even", "made", 3),
    ]
    assert [(one.rows, dict(one.dropped)) for one in done] == [(6, {}), (3, {"twice": 3}), (4, {})]
    files = contents(tmp_path / "out")
    assert files["stages/even.jsonl"].splitlines()[1] == b'{"id": "n2", "value": "2"}'
    assert json.loads(files["stages/even.dropped.jsonl"].splitlines()[0]) == {
        "id": "n1", "rule": "twice", "why": "1 is odd",
    }  # fmt: skip
    assert files["release/README.md"] == b"0 2 4 -n1 -n3 -n5"
    assert json.loads(files["build.json"])["seed"] == 0


def test_two_builds_are_the_same_bytes(out: Path, tmp_path: Path) -> None:
    build(tmp_path / "again", context(), STAGES)
    assert contents(tmp_path / "again") == contents(out)


def test_what_is_finished_is_kept(out: Path) -> None:
    before = contents(out)
    assert set(states(build(out, context(), STAGES)).values()) == {"kept"}
    assert contents(out) == before


def test_what_is_made_of_something_else_is_made_anew(out: Path) -> None:
    done = build(out, context(source="b"), STAGES)
    assert states(done) == {"numbers": "made", "even": "kept", "listed": "kept"}  # its rows are the same
    assert done[0].why == "source changed"


def test_an_edited_file_is_kept_and_changes_what_follows(out: Path) -> None:
    ours = edit(out / "stages" / "even.jsonl", row(2, "2"), row(8, "8"))
    expected = {"numbers": "kept", "even": "edited", "listed": "made"}
    assert states(planned(out, context(), STAGES)) == expected
    done = build(out, context(), STAGES)
    assert states(done) == expected and done[1].rows == 2
    assert (out / "stages" / "even.jsonl").read_bytes() == ours
    assert (out / "release" / "README.md").read_bytes() == b"2 8 -n1 -n3 -n5"
    assert sorted(path.name for path in (out / "release").iterdir()) == [
        "README.md",
        "n2",
        "n8",
    ]  # n0, n4 went
    assert states(build(out, context(), STAGES)) == {"numbers": "kept", "even": "edited", "listed": "kept"}


def test_an_edited_file_outlives_a_change_before_it(out: Path) -> None:
    edit(out / "stages" / "even.jsonl", row(2, "2"))
    edit(out / "stages" / "numbers.jsonl", row(0, "0"))
    done = build(out, context(), STAGES)
    assert states(done) == {"numbers": "edited", "even": "edited", "listed": "made"}
    assert done[1].why == "numbers changed; --from even makes it anew"
    done = build(out, context(), STAGES, start="even")
    assert done[1].why == "asked for, in place of what a hand edited"
    assert (out / "release" / "README.md").read_bytes() == b"0"


@pytest.mark.parametrize("name", ["stages/even.jsonl", "stages/even.dropped.jsonl", "stages/even.json"])
def test_a_file_that_is_gone_is_made_anew(out: Path, name: str) -> None:
    before = contents(out)
    (out / name).unlink()
    assert states(build(out, context(), STAGES)) == {"numbers": "kept", "even": "made", "listed": "kept"}
    assert contents(out) == before


def test_a_changed_file_of_the_release_is_made_anew(out: Path) -> None:
    before = contents(out)
    (out / "release" / "README.md").write_text("mine")
    done = build(out, context(), STAGES)
    assert (done[2].state, done[2].why) == ("made", "a file of it changed or is gone")
    assert contents(out) == before


def test_what_the_release_lists_is_not_edited_by_hand(out: Path) -> None:
    before = contents(out)
    edit(out / "stages" / "listed.jsonl", {"id": "mine"})
    assert states(build(out, context(), STAGES))["listed"] == "made"
    assert contents(out) == before


def test_a_stage_knows_what_a_hand_edited_before_it(out: Path) -> None:
    seen: list[tuple[str, ...]] = []

    def noted(context: Context, rows: Rows) -> Made:
        seen.append(context.edited)
        return Made([])

    edit(out / "stages" / "numbers.jsonl", row(0, "0"))
    build(out, context(), (*STAGES, Stage(name="noted", title="note", reads=("even",), make=noted)))
    assert seen == [("numbers",)]


def test_from_and_until(out: Path, tmp_path: Path) -> None:
    assert states(build(out, context(), STAGES, start="even")) == {
        "numbers": "kept", "even": "made", "listed": "made",
    }  # fmt: skip
    assert states(build(tmp_path / "half", context(), STAGES, until="even")) == {
        "numbers": "made",
        "even": "made",
    }
    assert not (tmp_path / "half" / "release").exists()
    build(tmp_path / "half", context(), STAGES)
    assert contents(tmp_path / "half") == contents(out)


def test_a_plan_writes_nothing(out: Path, tmp_path: Path) -> None:
    done = planned(tmp_path / "new", context(), STAGES)
    assert [(one.state, one.why, one.rows) for one in done] == [("made", "not made yet", None)] * 3
    assert not (tmp_path / "new").exists()
    before = contents(out)
    done = planned(out, context(source="b"), STAGES)
    assert [(one.state, one.why, one.rows) for one in done] == [
        ("made", "source changed", 6), ("made", "numbers changed", 3), ("made", "even changed", 4),
    ]  # fmt: skip
    assert contents(out) == before


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"id": "n2", "value": "2"', "line 2 is no JSON"),
        ("[1]", "line 2: the line must be an object, got a list"),
        ('{"id": "n2"}', "line 2: value is missing"),
        ('{"id": "n2", "value": 2}', "line 2: value must be a string, got a whole number"),
        ('{"id": "n2", "valeu": "2", "value": "2"}', "line 2: valeu is not known; did you mean 'value'"),
        ('{"id": "n0", "value": "2"}', "id 'n0' stand there twice"),
        ("\xff", "is no UTF-8 text"),
        ('{"id": "n2", "value": "\\ud83c"}', "half a character stands in the row {'id': 'n2'"),
    ],
)
def test_an_edited_file_that_breaks_its_schema(out: Path, line: str, message: str) -> None:
    (out / "stages" / "even.jsonl").write_bytes(f'{{"id": "n0", "value": "0"}}\n{line}\n'.encode("latin-1"))
    before = contents(out)
    for command in (build, planned):
        with pytest.raises(DataError, match=re.escape(message)) as caught:
            command(out, context(), STAGES)
        assert "even.jsonl" in str(caught.value)
    assert contents(out) == before


def test_a_damaged_record(out: Path) -> None:
    (out / "stages" / "even.json").write_text("{}")
    with pytest.raises(DataError, match=r"even\.json is damaged: stage is missing; delete it"):
        build(out, context(), STAGES)


def test_another_builds_folder(out: Path, tmp_path: Path) -> None:
    before = contents(out)
    with pytest.raises(
        RunError, match=r"holds another build: seed is 0 there and 1 here; choose another --out"
    ):
        build(out, context(seed=1), STAGES)
    assert contents(out) == before
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").touch()
    with pytest.raises(RunError, match=r"holds 'thesis.tex' but no build"):
        build(tmp_path / "mine", context(), STAGES)
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["thesis.tex"]


def test_unknown_and_crossed_stages(out: Path) -> None:
    with pytest.raises(UnknownNameError, match=r"unknown stage 'evne'.*Did you mean 'even'"):
        build(out, context(), STAGES, start="evne")
    with pytest.raises(RunError, match="--from listed comes after --until even"):
        planned(out, context(), STAGES, start="listed", until="even")


def test_two_builds_at_once(out: Path) -> None:
    with (
        BuildFolder.open(out, context().settings),
        pytest.raises(RunError, match="another process runs in"),
    ):
        build(out, context(), STAGES)


def test_a_full_disk_keeps_what_is_stored(out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    build(tmp_path / "half", context(), STAGES, until="numbers")
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(RunError, match="No space left on device; what is stored is kept"):
            build(tmp_path / "half", context(), STAGES)
    assert not list((tmp_path / "half").rglob(".tmp-*"))
    assert states(build(tmp_path / "half", context(), STAGES))["numbers"] == "kept"
    assert contents(tmp_path / "half") == contents(out)


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match=r"cannot write .*out: Not a directory"):
        build(tmp_path / "file" / "out", context(), STAGES)


def test_a_stage_may_not_break_its_own_schema(tmp_path: Path) -> None:
    def wrong(_: object, rows: Rows) -> Made:
        return Made([{"id": "n0"}])

    stages: list[Stage] = [replace(STAGES[0], make=wrong)]
    with pytest.raises(DataError, match=r"numbers\.jsonl line 1: value is missing"):
        build(tmp_path / "out", context(), stages)


KILLED = """
import os, signal, sys
from pathlib import Path
import mlake.disk
from mlake.construct.build import build
from tests.construct.toys import STAGES, context

left = int(sys.argv[2])
replace = os.replace

def counted(*paths):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    replace(*paths)

os.replace = counted
build(Path(sys.argv[1]), context(source=sys.argv[3]), STAGES)
"""


def killed(folder: Path, writes: int, source: str) -> int:
    """The exit code of a build that is killed before it has put one more file than these in place."""
    command = [sys.executable, "-c", KILLED, str(folder), str(writes), source]
    root = Path(__file__).resolve().parents[2]
    return subprocess.run(command, check=False, cwd=root).returncode


@pytest.mark.parametrize("writes", range(14))
def test_killed_before_any_file_it_goes_on_to_the_same_bytes(out: Path, tmp_path: Path, writes: int) -> None:
    folder = tmp_path / "killed"
    assert killed(folder, writes, "a") == -signal.SIGKILL
    assert len(list(folder.rglob(".tmp-*"))) == 1
    try:
        build(folder, context(), STAGES)
    except MlakeError as error:
        pytest.fail(str(error))
    assert contents(folder) == contents(out)


def test_killed_while_it_makes_a_stage_anew_it_takes_no_half_for_a_hand(out: Path, tmp_path: Path) -> None:
    build(tmp_path / "other", context(source="b"), STAGES)
    assert killed(out, 3, "b") == -signal.SIGKILL  # build.json, dropped, rows; then the record
    assert states(build(out, context(source="b"), STAGES))["numbers"] == "made"
    assert contents(out) == contents(tmp_path / "other")
