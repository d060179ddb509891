"""A folder that one process writes, step by step: its lock, and errors that say what to do."""

import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from mlake.disk import TEMPORARY, as_json, json_of, write_files
from mlake.errors import RunError

__all__ = ["clear_leftovers", "lock", "os_errors", "slug", "working_in"]

_SPEC = "spec.json"


def slug(name: str) -> str:
    """What names a folder by a model: the last part of its name, in letters, digits, dots and dashes."""
    return re.sub(r"[^\w.-]+", "-", Path(name).name).strip("-.") or "model"


@contextmanager
def os_errors(path: Path) -> Iterator[None]:
    """Whatever keeps the block from writing is one line.

    Raises:
        RunError: The system refuses to write.
    """
    try:
        yield
    except OSError as error:
        raise RunError(
            f"cannot write {path}: {error.strerror or error}; what is stored is kept: mend it and run again"
        ) from error


def lock(held: ExitStack, folder: Path, name: str) -> None:
    """Keep other processes out of a folder for as long as the stack is held.

    Args:
        held: What gives the lock back.
        folder: The folder, which is there.
        name: File name of the lock.

    Raises:
        RunError: Another process holds it.
    """
    try:
        held.enter_context(FileLock(folder / name, blocking=False))
    except Timeout:
        raise RunError(f"another process runs in {folder}; wait for it or choose another --out") from None


def clear_leftovers(folder: Path) -> None:
    """Take away what a killed process left half written, at any depth; for whoever holds the lock.

    Raises:
        OSError: The folder cannot be read or written.
    """
    for pattern in (f"{TEMPORARY}*", f".{TEMPORARY}*"):  # the second is that of older runs
        for leftover in filter(Path.is_file, sorted(folder.rglob(pattern))):
            leftover.unlink()


@contextmanager
def working_in(
    path: Path,
    spec: Mapping[str, Any],
    *,
    lock_name: str,
    ours: Collection[str],
    files: Mapping[str, bytes] = {},
) -> Iterator[Path]:
    """A block that alone works in a folder, made if need be, on what a spec says; it can be gone on with.

    Args:
        path: The folder.
        spec: Everything that can change what is written, as JSON values; stored as ``spec.json``.
        lock_name: File name of the lock.
        ours: Names of what else may stand in the folder before the spec does.
        files: What is written along with the spec, once.

    Raises:
        RunError: Another process works in it, it is of another spec, it holds other files, or it cannot be
            written.
    """
    with ExitStack() as held:
        with os_errors(path):
            _refuse_foreign(path, {lock_name, *ours, *files})
            path.mkdir(parents=True, exist_ok=True)
            lock(held, path, lock_name)
            clear_leftovers(path)
        stored, content = _stored(path / _SPEC), as_json(spec)
        if stored is None:
            write_files(path, {**files, _SPEC: f"{content}\n".encode()})
        else:
            _refuse_other(path, stored, json_of(content))
        yield path


def _refuse_foreign(path: Path, ours: Collection[str]) -> None:
    if path.is_dir() and not (path / _SPEC).exists():
        foreign = sorted({one.name for one in path.iterdir() if not one.name.startswith(TEMPORARY)} - {*ours})
        if foreign:
            raise RunError(f"{path} holds other files, such as {foreign[0]!r}; choose an empty or new --out")


def _refuse_other(path: Path, stored: Mapping[str, Any], spec: Mapping[str, Any]) -> None:
    other = sorted(key for key in stored.keys() | spec.keys() if stored.get(key) != spec.get(key))
    if other:
        raise RunError(
            f"{path} was begun with other settings: {', '.join(other)}; choose another --out, or give the "
            "command that began it"
        )


def _stored(path: Path) -> dict[str, Any] | None:
    try:
        found = json_of(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise RunError(f"{path} cannot be read: {error}; delete it and begin again") from error
    if not isinstance(found, dict):
        raise RunError(f"{path} is damaged; delete it and begin again")
    return found
