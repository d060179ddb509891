"""The user cache folder, and writing files so that no reader ever sees half of one."""

import glob
import os
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from mlake.errors import RunError

__all__ = ["TEMPORARY", "cache_dir", "clear_temporaries", "encoded", "write_atomic", "write_files"]

TEMPORARY = ".tmp-"
"""How the name of every file begins that is being written."""


def cache_dir() -> Path:
    """The folder for everything that can be fetched or computed again.

    ``$MLAKE_CACHE``, else ``$XDG_CACHE_HOME/mlake``, else ``~/.cache/mlake``. It need not exist.
    """
    own = os.environ.get("MLAKE_CACHE")
    if own:
        return Path(own).expanduser()
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "mlake"


def write_atomic(path: Path, content: bytes) -> None:
    """Writes a file through a temporary neighbour, so that it is either complete or absent.

    Raises:
        OSError: The folder cannot be made or written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f"{TEMPORARY}{path.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        os.chmod(name, 0o666 & ~_umask())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def clear_temporaries(folder: Path, names: Iterable[str]) -> None:
    """Take away what a process that was killed left of these files; for whoever alone writes them.

    Raises:
        OSError: The folder cannot be read or written.
    """
    for name in names:
        for leftover in folder.glob(f"{TEMPORARY}{glob.escape(name)}.*"):
            if leftover.is_file():
                leftover.unlink(missing_ok=True)


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files, each whole or not at all.

    Raises:
        RunError: The folder cannot be written.
    """
    for name, content in files.items():
        try:
            clear_temporaries(folder, [name])
            write_atomic(folder / name, content)
        except OSError as error:
            reason = error.strerror or error
            raise RunError(f"cannot write {folder / name}: {reason}; make room or mend the rights") from error


def encoded(text: str) -> bytes:
    """UTF-8, with lone surrogates as escapes."""
    return text.encode("utf-8", "backslashreplace")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
