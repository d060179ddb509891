"""The folder of a search, written so that a kill at any moment costs one measurement at most.

::

    spec.json               everything that can change a number
    questions.json          every question by goal and language, in the order of the marks
    values/                 what values were optimised to, for trials that share them
    trials/<number>.json    the settings of a trial, and what was measured of it at each rung
    front.json, front.md, front.svg, front.png, settings.toml    what came of it
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from mlake.disk import as_json, json_of, write_files
from mlake.errors import RunError
from mlake.folders import clear_leftovers, lock, os_errors
from mlake.tuning.trial import Measured, Trial

__all__ = ["TuneFolder"]

_LOCK, _SPEC = "tune.lock", "spec.json"
_OURS = {_LOCK, _SPEC, "questions.json", "values", "trials"}


@dataclass(frozen=True)
class TuneFolder:
    """An open folder; the only writer of its trials."""

    path: Path

    @classmethod
    @contextmanager
    def open(cls, path: Path, spec: Mapping[str, Any], questions: Any) -> Iterator[Self]:
        """Lock a folder, made if need be, for a search.

        Raises:
            RunError: Another process searches in it, it holds another search or other files, or it cannot be
                written.
        """
        with ExitStack() as held:
            with os_errors(path):
                _refuse_foreign(path)
                path.mkdir(parents=True, exist_ok=True)
                lock(held, path, _LOCK)
                clear_leftovers(path)
            stored = _stored(path / _SPEC)
            if stored is None:
                write_files(path, {"questions.json": _bytes(questions), _SPEC: _bytes(spec)})
            else:
                _refuse_other(path, stored, json.loads(as_json(spec)))
            yield cls(path)

    @property
    def values(self) -> Path:
        """Folder of values."""
        return self.path / "values"

    def trials(self) -> list[Trial]:
        """Everything measured, by number; what is damaged, and all after it, is measured again."""
        found: list[Trial] = []
        while (trial := _read(self._trial(len(found)), len(found))) is not None:
            found.append(trial)
        return found

    def write(self, trial: Trial) -> None:
        """Store a trial.

        Raises:
            RunError: The folder cannot be written.
        """
        path = self._trial(trial.number)
        write_files(path.parent, {path.name: _bytes(asdict(trial))})

    def finish(self, files: Mapping[str, bytes]) -> Sequence[Path]:
        """Write what came of the search.

        Raises:
            RunError: The folder cannot be written.
        """
        write_files(self.path, files)
        return [self.path / name for name in files]

    def _trial(self, number: int) -> Path:
        return self.path / "trials" / f"{number:04d}.json"


def _refuse_foreign(path: Path) -> None:
    if path.is_dir() and not (path / _SPEC).exists():
        foreign = sorted({one.name for one in path.iterdir()} - _OURS)
        if foreign:
            raise RunError(f"{path} holds other files, such as {foreign[0]!r}; choose an empty or new --out")


def _refuse_other(path: Path, stored: Mapping[str, Any], spec: Mapping[str, Any]) -> None:
    other = sorted(key for key in stored.keys() | spec.keys() if stored.get(key) != spec.get(key))
    if other:
        raise RunError(
            f"{path} holds another search: {', '.join(other)} differ; choose another --out, or give the "
            "command that began it"
        )


def _stored(path: Path) -> dict[str, Any] | None:
    try:
        found = json_of(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise RunError(f"{path} cannot be read: {error}; delete it and search again") from error
    if not isinstance(found, dict):
        raise RunError(f"{path} is damaged; delete it and search again")
    return found


def _bytes(value: Any) -> bytes:
    return f"{as_json(value)}\n".encode()


def _read(path: Path, number: int) -> Trial | None:
    try:
        row = json_of(path.read_bytes())
        rungs = {int(rung): Measured(**one) for rung, one in row["rungs"].items()}
        trial = Trial(row["number"], row["settings"], rungs, row["failed"])
        return trial if trial.number == number and (rungs or trial.failed) else None
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return None
