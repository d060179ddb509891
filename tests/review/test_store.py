"""Decisions on disk: what was decided is there after any kill, and nothing else is."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest
from tests.conftest import ROOT
from tests.review.toys import decided, line

from mlake.errors import DataError, RunError
from mlake.review import store as stores
from mlake.review.store import REVIEW, Store, digest_of_all, read_decisions


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / REVIEW


def test_what_is_decided_is_read_again(path: Path) -> None:
    one = decided(line(), "ann", "correct", changes={"question": "何？ \u202e <script>"})
    two = decided(line(lang="de"), "bob", "reject", broken=("decent", "sound"), reason="'; drop table log --")
    with Store.open(path) as store:
        store.decide(one)
        store.decide(two)
        assert store.decisions() == [two, one]
    assert read_decisions(path) == [two, one]


def test_a_later_decision_takes_the_place_of_an_earlier_one_and_the_log_keeps_both(path: Path) -> None:
    with Store.open(path) as store:
        store.decide(decided(line(), verdict="reject"))
        store.decide(decided(line()))
        store.decide(decided(line(), "bob"))
    assert [(one.reviewer, one.verdict) for one in read_decisions(path)] == [
        ("ann", "accept"),
        ("bob", "accept"),
    ]
    with sqlite3.connect(path) as connection:
        log = connection.execute("select number, reviewer, verdict from log order by number").fetchall()
    assert log == [(1, "ann", "reject"), (2, "ann", "accept"), (3, "bob", "accept")]


def test_no_file_no_decision_and_none_is_made(path: Path) -> None:
    assert read_decisions(path) == [] and not path.exists()


def test_a_hash_of_all_does_not_depend_on_their_order() -> None:
    two = [decided(line()), decided(line(), "bob")]
    assert digest_of_all(two) == digest_of_all(two[::-1]) != digest_of_all(two[:1])
    assert digest_of_all([]) == ""


def test_all_or_none(path: Path) -> None:
    with Store.open(path) as store:
        store.decide(decided(line()))
        with sqlite3.connect(path, isolation_level=None) as other:
            other.execute("create trigger full before insert on log when new.reviewer = 'bob'"
                          " begin select raise(abort, 'disk full'); end")  # fmt: skip
        with pytest.raises(RunError, match=r"cannot use .*: disk full; what was decided before is kept"):
            store.decide_all([decided(line(), "ann", "reject"), decided(line(), "bob")])
        assert store.decisions() == [decided(line())]


def test_several_writers_at_once(path: Path) -> None:
    def write(reviewer: str) -> None:
        with Store.open(path) as store:
            for number in range(20):
                store.decide(decided(line(f"Q{number}/P17"), reviewer))

    threads = [threading.Thread(target=write, args=[name]) for name in ("ann", "bob", "cyd")]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(read_decisions(path)) == 60


def test_a_file_that_another_one_makes_meanwhile_is_ours(path: Path) -> None:
    """The number is read before the other one writes it, and the tables after."""
    made: list[bool] = []

    def make(statement: str) -> None:
        if "sqlite_master" in statement and not made:
            made.append(True)
            with Store.open(path) as other:
                other.decide(decided(line()))

    with closing(sqlite3.connect(path)) as connection:
        connection.execute("pragma journal_mode = wal")
        connection.set_trace_callback(make)
        stores._refuse_foreign(path, connection, fresh=True)
    assert made and len(read_decisions(path)) == 1


def test_a_new_file_is_whole_or_empty(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stores, "_TABLES", (*stores._TABLES, "create no table"))
    with pytest.raises(RunError, match="syntax error"), Store.open(path):
        pass
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("pragma application_id").fetchone() == (0,)
        assert connection.execute("select * from sqlite_master").fetchall() == []


def test_a_file_that_another_one_writes_is_waited_for(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first two to open a new file: SQLite refuses at once where it would have to wait."""
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("begin immediate")
    waited: list[float] = []

    def wait(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 2:
            other.execute("rollback")

    monkeypatch.setattr(stores, "sleep", wait)
    with Store.open(path) as store:
        store.decide(decided(line("Q1/P17"), "ann"))
    other.close()
    assert len(waited) == 2 and len(read_decisions(path)) == 1


def test_a_file_that_stays_locked_is_told(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stores, "_PATIENCE", 0.0)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("begin immediate")
        with pytest.raises(RunError, match="database is locked"), Store.open(path):
            pass


def test_a_file_that_cannot_be_written_is_not_waited_for(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connect = sqlite3.connect
    with closing(connect(path)) as made:
        made.execute("create table other (a)")
        made.execute(f"pragma application_id = {stores._FORMAT}")
    monkeypatch.setattr(stores, "sleep", lambda seconds: pytest.fail("waited"))
    read_only = f"{path.resolve().as_uri()}?mode=ro"
    monkeypatch.setattr(sqlite3, "connect", lambda _, **how: connect(read_only, uri=True, **how))
    with pytest.raises(RunError, match="readonly database"), Store.open(path):
        pass


KILLED = """
import sys
from pathlib import Path
from tests.review.toys import decided, line
from mlake.review.store import Store
with Store.open(Path(sys.argv[1])) as store:
    for number in range(10_000):
        store.decide(decided(line(f"Q{number}/P17")))
        print(number, flush=True)
"""


def test_killed_at_any_moment_it_holds_all_that_was_decided(path: Path) -> None:
    command = [sys.executable, "-c", KILLED, str(path)]
    env = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])}
    for stop in (1, 3, 8):
        with subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            for _ in range(stop):
                last = int(writer.stdout.readline())
            writer.send_signal(signal.SIGKILL)
        assert {one.fact for one in read_decisions(path)} >= {f"Q{number}/P17" for number in range(last + 1)}


@pytest.mark.parametrize("content", [b"no database, and long enough to be none", b""])
def test_a_file_that_is_something_else(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(RunError, match=f"{REVIEW}"):
        read_decisions(path)
    assert path.read_bytes() == content


def test_a_database_of_something_else(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("create table decisions (mine)")
    with pytest.raises(RunError, match="holds no decisions of reviewers; move it away"), Store.open(path):
        pass


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("broken", "{", "is damaged"),
        ("broken", json.dumps(["worse"]), "unknown criterion 'worse'"),
        ("changes", "3", "is damaged"),
        ("verdict", "maybe", "unknown decision 'maybe'"),
    ],
)
def test_a_damaged_row(path: Path, field: str, value: str, message: str) -> None:
    with Store.open(path) as store:
        store.decide(decided(line(), verdict="reject"))
    with sqlite3.connect(path) as connection:
        connection.execute(f"update decisions set {field} = ?", (value,))
    with pytest.raises(DataError if "unknown" not in message else Exception, match=message):
        read_decisions(path)
