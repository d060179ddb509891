"""Decisions on disk: each in a transaction of its own, so that what was decided outlives any kill.

An SQLite file. ``decisions`` holds what stands now, a row per fact, language and reviewer; ``log`` all that
was ever decided, in order. It holds no time.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from hashlib import sha256
from pathlib import Path
from time import monotonic, sleep
from typing import Self

from mlake.errors import DataError, RunError
from mlake.review.decision import Decision

__all__ = ["REVIEW", "Store", "digest_of_all", "read_decisions"]

REVIEW = "review.sqlite"
"""Name of the file in the folder of a build."""

_FORMAT = 0x6D6C7201  # application id: it tells the file from any other of SQLite
_FIELDS = ("fact", "lang", "reviewer", "digest", "verdict", "broken", "reason", "changes")
_COLUMNS = ", ".join(f"{name} text not null" for name in _FIELDS)
_TABLES = (
    f"create table if not exists decisions ({_COLUMNS}, primary key (fact, lang, reviewer))",
    f"create table if not exists log (number integer primary key autoincrement, {_COLUMNS})",
)
_NAMES, _PLACES = ", ".join(_FIELDS), ", ".join("?" * len(_FIELDS))
_PATIENCE = 20.0  # seconds that a writer waits for another
_PAUSE = 0.02


class Store:
    """Decisions, kept in a file that several processes may write."""

    def __init__(self, path: Path, connection: sqlite3.Connection):
        self.path = path
        self._connection = connection

    @classmethod
    @contextmanager
    def open(cls, path: Path) -> Iterator[Self]:
        """Open the file, made if need be, for writing.

        Raises:
            RunError: It cannot be written, or is something else.
        """
        with (
            _told(path),
            closing(sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None)) as connection,
        ):
            _refuse_foreign(path, connection, fresh=True)
            _write_ahead(connection)
            connection.execute("pragma synchronous = full")
            with connection:
                connection.execute("begin immediate")
                connection.execute(f"pragma application_id = {_FORMAT}")
                for table in _TABLES:
                    connection.execute(table)
            yield cls(path, connection)

    def decide(self, decision: Decision) -> None:
        """Keep a decision, in place of an earlier one of the same reviewer; on return it is on disk.

        Raises:
            RunError: It cannot be written.
        """
        self.decide_all([decision])

    def decide_all(self, decisions: list[Decision]) -> None:
        """Keep some decisions, all or none.

        Raises:
            RunError: They cannot be written.
        """
        rows = [_row(one) for one in decisions]
        with _told(self.path), self._connection as transaction:
            transaction.execute("begin immediate")
            transaction.executemany(f"insert or replace into decisions ({_NAMES}) values ({_PLACES})", rows)
            transaction.executemany(f"insert into log ({_NAMES}) values ({_PLACES})", rows)

    def decisions(self, lang: str | None = None) -> list[Decision]:
        """What stands now, by fact, language and reviewer.

        Args:
            lang: The language of the texts; None for all.

        Raises:
            DataError: A row is damaged.
            RunError: The file cannot be read.
        """
        with _told(self.path):
            return _read(self.path, self._connection, lang)


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Let readers and a writer not wait for each other. SQLite does not wait where another one writes."""
    end = monotonic() + _PATIENCE
    while True:
        try:
            connection.execute("pragma journal_mode = wal")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or monotonic() > end:
                raise
            sleep(_PAUSE)


def read_decisions(path: Path) -> list[Decision]:
    """What stands in a file, without writing to it; nothing where there is no file.

    Raises:
        DataError: A row is damaged.
        RunError: The file cannot be read, or is something else.
    """
    if not path.exists():
        return []
    address = f"{path.resolve().as_uri()}?mode=ro"
    with _told(path), closing(sqlite3.connect(address, uri=True, timeout=_PATIENCE)) as connection:
        _refuse_foreign(path, connection, fresh=False)
        return _read(path, connection)


def digest_of_all(decisions: list[Decision]) -> str:
    """Hash of decisions, whatever their order; empty where there are none."""
    rows = sorted(_row(one) for one in decisions)
    return sha256(json.dumps(rows).encode()).hexdigest() if rows else ""


def _row(decision: Decision) -> tuple[str, ...]:
    values = {name: getattr(decision, name) for name in _FIELDS}
    values["broken"] = json.dumps(values["broken"])
    values["changes"] = json.dumps(dict(values["changes"]), ensure_ascii=False, sort_keys=True)
    return tuple(values.values())


def _read(path: Path, connection: sqlite3.Connection, lang: str | None = None) -> list[Decision]:
    order = "order by fact, lang, reviewer"
    query = f"select {_NAMES} from decisions where ? is null or lang = ? {order}"
    rows = connection.execute(query, (lang, lang)).fetchall()
    return [_decision(path, dict(zip(_FIELDS, row, strict=True))) for row in rows]


def _decision(path: Path, values: dict[str, str]) -> Decision:
    try:
        broken, changes = json.loads(values.pop("broken")), json.loads(values.pop("changes"))
        return Decision(**values, broken=tuple(broken), changes=dict(changes))  # type: ignore[arg-type]
    except (ValueError, TypeError) as error:
        raise DataError(f"{path} is damaged: {error}; take it away, or mend the row") from None


def _refuse_foreign(path: Path, connection: sqlite3.Connection, *, fresh: bool) -> None:
    with connection:
        connection.execute("begin")  # both as of one moment: another one may be making the file
        (number,) = connection.execute("pragma application_id").fetchone()
        empty = not connection.execute("select count(*) from sqlite_master").fetchone()[0]
    if number != _FORMAT and not (fresh and empty):
        raise RunError(f"{path} holds no decisions of reviewers; move it away")


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise RunError(
            f"cannot use {path}: {error}; what was decided before is kept: mend it and go on"
        ) from error
