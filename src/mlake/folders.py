"""A folder that one process writes, step by step: its lock, and errors that say what to do."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from mlake.disk import TEMPORARY
from mlake.errors import RunError

__all__ = ["clear_leftovers", "lock", "os_errors"]


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
