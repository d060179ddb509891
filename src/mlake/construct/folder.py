"""The folder of a build, written so that a kill at any moment costs one stage at most.

::

    build.json                    the settings that name the build
    stages/<stage>.jsonl          its rows, to be looked at and edited by hand
    stages/<stage>.dropped.jsonl  what it left out, by which rule and why
    stages/<stage>.json           counts by rule, hashes of what it was made of and of what it wrote
    release/                      the files of the release
    source/                       what the source fetched or read out, if it does
    calls.jsonl                   what a model that writes was asked, and what it said
    review.sqlite                 what reviewers decided

No file holds a time, a path or a host name: equal settings and inputs give equal bytes.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any, Self

from mlake.construct.context import Context, Settings
from mlake.construct.lines import read_rows, read_text, rows_of, written
from mlake.construct.llm.calls import CALLS
from mlake.construct.stage import DROPPED, Made, Row, Stage
from mlake.data.faults import FILLED, OBJECT, Shape, faults, shown
from mlake.disk import encoded, json_of, write_atomic
from mlake.errors import DataError, RunError
from mlake.folders import clear_leftovers, lock, os_errors

__all__ = ["SOURCE", "BuildFolder", "Record"]

SOURCE = "source"
"""The part of the folder that is the source's; it may stand there before the build does."""

_FORMAT = "mlake-build/1"
_LOCK, _SETTINGS = "build.lock", "build.json"
_RECORD: Shape = {
    "type": "object",
    "properties": {
        "stage": FILLED,
        "made_of": OBJECT,
        "wrote": OBJECT,
        "rows": {"type": "integer", "minimum": 0},
        "dropped": OBJECT,
    },
    "required": ["stage", "made_of", "wrote", "rows", "dropped"],
}


@dataclass(frozen=True, slots=True)
class Record:
    """What is stored of a stage that was made.

    Attributes:
        made_of: Name to SHA-256 of all that it was made of.
        wrote: Path in the folder to SHA-256 of each file that it wrote.
        rows: How many rows it made.
        dropped: Rule to how much it left out.
    """

    made_of: Mapping[str, str]
    wrote: Mapping[str, str]
    rows: int
    dropped: Mapping[str, int]


class BuildFolder:
    """A build's folder. One that was not opened with ``open`` is only read."""

    def __init__(self, folder: Path, settings: Settings):
        """Look at a folder, which need not be there.

        Args:
            folder: The folder.
            settings: Those of the build.

        Raises:
            RunError: It holds another build, or other files.
        """
        self.folder = folder
        self.settings = settings
        self._rows: dict[str, Sequence[Row]] = {}
        with os_errors(folder):
            _refuse_foreign(folder)
        _check_settings(folder, self._described())

    @classmethod
    @contextmanager
    def open(cls, folder: Path, settings: Settings) -> Iterator[Self]:
        """Lock the folder, made if need be, and clear what a killed build left half written.

        Raises:
            RunError: Another process builds in it, it holds another build or other files, or it cannot be
                written.
        """
        with ExitStack() as held:
            found = cls(folder, settings)
            with os_errors(folder):
                folder.mkdir(parents=True, exist_ok=True)
                lock(held, folder, _LOCK)
                clear_leftovers(folder)
            found = cls(folder, settings)  # another process may have begun a build before the lock was ours
            found._write(_SETTINGS, (json.dumps(found._described(), indent=1) + "\n").encode())
            yield found

    def _described(self) -> dict[str, Any]:
        return {"format": _FORMAT} | self.settings.record()

    def made_of(self, stage: Stage, context: Context) -> dict[str, str]:
        """Name to SHA-256 of all that a stage is made of, as it stands now; empty where a file is missing."""
        files = {name: self._hash(_rows_path(name)) for name in stage.reads}
        uses = {name: context.inputs.get(name, "") for name in stage.uses}
        return {"mlake": version("mlake")} | uses | files

    def record(self, stage: Stage) -> Record | None:
        """What is stored of a stage; None where it was never finished.

        Raises:
            DataError: The record is damaged.
        """
        path = self.folder / _record_path(stage.name)
        try:
            value = json_of(path.read_bytes().decode())
            wrong = [f"{field or 'it'} {what}" for field, what in faults(value, _RECORD)]
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            wrong = [str(error)]
        if wrong:
            raise DataError(f"{path} is damaged: {wrong[0]}; delete it, and the stage is made anew")
        return Record(value["made_of"], value["wrote"], value["rows"], value["dropped"])

    def is_edited(self, stage: Stage) -> bool:
        """Whether a hand edited the rows of a finished stage: of one that makes nothing beside them."""
        record, path = self.record(stage), _rows_path(stage.name)
        if record is None or record.wrote.keys() - {path, _rows_path(stage.name + DROPPED)}:
            return False
        return self._hash(path) not in ("", record.wrote.get(path))

    def is_whole(self, stage: Stage) -> bool:
        """Whether every file that a finished stage wrote stands as it was written."""
        record = self.record(stage)
        return record is not None and all(self._hash(path) == digest for path, digest in record.wrote.items())

    def rows(self, stage: Stage) -> Sequence[Row]:
        """The rows of a stage as they stand in its file.

        Raises:
            DataError: A line is no JSON object, or breaks the stage's schema.
        """
        if stage.name not in self._rows:
            path = self.folder / _rows_path(stage.name)
            shape = stage.shape(self.settings) if self.is_edited(stage) else OBJECT
            self._rows[stage.name] = _checked(path, read_text(path), shape, stage.key)
        return self._rows[stage.name]

    def dropped(self, stage: Stage) -> Sequence[Row]:
        """What a stage left out, as it stands in its file.

        Raises:
            DataError: A line is no JSON object.
        """
        return read_rows(self.folder / _rows_path(stage.name + DROPPED), OBJECT)

    def write(self, stage: Stage, made: Made, made_of: Mapping[str, str]) -> None:
        """Store what a stage made. Without its record, written last, it counts as never made.

        Raises:
            DataError: A row breaks the stage's schema.
            RunError: The folder cannot be written.
        """
        content = written(made.rows)
        path = _rows_path(stage.name)
        rows = _checked(self.folder / path, content.decode(), stage.shape(self.settings), stage.key)
        drops = written(drop._asdict() for drop in made.drops)
        files = {_rows_path(stage.name + DROPPED): drops, **made.files, path: content}
        self._forget(stage, files)
        for name, one in files.items():
            self._write(name, one)
        record = {
            "stage": stage.name,
            "made_of": dict(made_of),
            "wrote": {name: sha256(one).hexdigest() for name, one in files.items()},
            "rows": len(rows),
            "dropped": made.counted(),
        }
        self._write(
            _record_path(stage.name), encoded(json.dumps(record, ensure_ascii=False, indent=1) + "\n")
        )
        self._rows[stage.name] = rows

    def _forget(self, stage: Stage, files: Iterable[str]) -> None:
        """Take away the record of a stage, and before it the files that the stage makes no more."""
        record = self.record(stage)
        with os_errors(self.folder):
            for path in sorted(set(record.wrote if record else ()) - set(files)):
                (self.folder / path).unlink(missing_ok=True)
            (self.folder / _record_path(stage.name)).unlink(missing_ok=True)

    def _write(self, path: str, content: bytes) -> None:
        with os_errors(self.folder / path):
            write_atomic(self.folder / path, content)

    def _hash(self, path: str) -> str:
        """SHA-256 of a file; empty if it is missing."""
        try:
            return sha256((self.folder / path).read_bytes()).hexdigest()
        except FileNotFoundError:
            return ""
        except OSError as error:
            raise DataError(
                f"cannot read {self.folder / path}: {error.strerror}; make it readable"
            ) from error


def _rows_path(name: str) -> str:
    return f"stages/{name}.jsonl"


def _record_path(name: str) -> str:
    return f"stages/{name}.json"


def _checked(path: Path, text: str, shape: Shape, key: Sequence[str]) -> list[Row]:
    """The rows of a stage's file; each has the shape, and none stands there twice."""
    try:
        rows = rows_of(text, str(path), shape)
        if "\\ud" in text.lower():
            _check_whole(path, rows)
        named = Counter(tuple(row[name] for name in key) for row in rows)
        for twin in (one for one, times in named.items() if times > 1):
            raise DataError(f"{path}: {' and '.join(key)} {', '.join(map(shown, twin))} stand there twice")
    except DataError as error:
        raise DataError(f"{error}; mend it, or delete the file to have it made anew") from None
    return rows


def _check_whole(path: Path, rows: Sequence[Row]) -> None:
    """Refuse escapes of half a character, which no other file could hold."""
    for row in rows:
        try:
            json.dumps(row, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise DataError(f"{path}: half a character stands in the row {shown(row)}") from None


def _refuse_foreign(folder: Path) -> None:
    if not folder.exists() or (folder / _SETTINGS).exists():
        return
    for path in sorted(folder.iterdir()):
        if path.name not in (_LOCK, SOURCE, CALLS) and not path.name.startswith(".tmp-"):
            raise RunError(f"{folder} holds {path.name!r} but no build; choose an empty folder with --out")


def _check_settings(folder: Path, new: Mapping[str, Any]) -> None:
    """Refuse a folder whose build has other settings."""
    path = folder / _SETTINGS
    if not path.exists():
        return
    try:
        stored = json_of(path.read_bytes().decode())
    except (OSError, ValueError) as error:
        raise RunError(f"cannot read {path}: {error}; mend it or choose another --out") from error
    if not isinstance(stored, dict):
        raise RunError(f"{path} is damaged: it is no JSON object; mend it or choose another --out")
    for key in (*new, *stored):
        if stored.get(key) != new.get(key):
            there, here = (json.dumps(one.get(key), ensure_ascii=False) for one in (stored, new))
            raise RunError(
                f"{folder} holds another build: {key} is {there} there and {here} here; choose another --out "
                f"or use the settings in its {_SETTINGS}"
            )
