"""The folder of a search, written so that a kill at any moment costs one measurement at most.

::

    spec.json               everything that can change a number
    questions.json          every question by goal and language, in the order of the marks
    values/                 what values were optimised to, for trials that share them
    trials/<number>.json    the settings of a trial, and what was measured of it at each rung
    front.json, front.md, front.svg, front.png, settings.toml    what came of it
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from mlake.disk import as_json, json_of, write_files
from mlake.folders import working_in
from mlake.tuning.trial import Measured, Trial

__all__ = ["TuneFolder"]

_LOCK = "tune.lock"
_OURS = ("values", "trials")


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
        files = {"questions.json": _bytes(questions)}
        with working_in(path, spec, lock_name=_LOCK, ours=_OURS, files=files):
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
