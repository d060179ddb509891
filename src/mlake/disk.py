"""The user cache folder, and writing files so that no reader ever sees half of one."""

import glob
import json
import logging
import os
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from mlake.errors import RunError

__all__ = [
    "TEMPORARY",
    "as_json",
    "cache_dir",
    "cannot_keep",
    "clear_temporaries",
    "encoded",
    "json_of",
    "keep",
    "keep_json",
    "kept_json",
    "write_atomic",
    "write_files",
]

TEMPORARY = ".tmp-"
"""What the names of half-written files begin with; a killed process leaves one at most."""

_LOG = logging.getLogger(__name__)


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
            stream.flush()
            os.fsync(handle)
        os.chmod(name, 0o666 & ~_umask())
        os.replace(name, path)
        _sync(path.parent)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def keep(path: Path, content: bytes) -> bool:
    """Writes a file of the cache; where it cannot be written, says so once and goes on.

    Returns:
        Whether it was written.
    """
    try:
        write_atomic(path, content)
    except OSError as error:
        cannot_keep(error)
        return False
    return True


@cache
def _say_once(why: str, folder: Path) -> None:
    _LOG.warning(
        "cannot write to the cache %s: %s; what is computed is not kept for other runs: make room, or set "
        "MLAKE_CACHE to a folder that can be written",
        folder,
        why,
    )


def cannot_keep(error: OSError) -> None:
    """Says once why the cache cannot be written."""
    _say_once(error.strerror or str(error), cache_dir())


def keep_json(path: Path, value: Any) -> bool:
    """Writes a JSON value to the cache, with its hash; where that cannot be, says so once and goes on."""
    text = json.dumps(value, ensure_ascii=False)
    return keep(path, encoded(f"{_hash(text)}\n{text}\n"))


def kept_json(path: Path) -> Any:
    """What ``keep_json`` wrote; None where nothing is or where it is damaged, to be made again."""
    try:
        digest, _, text = path.read_bytes().decode().partition("\n")
        text = text.removesuffix("\n")
        return json_of(text) if digest == _hash(text) else None
    except (OSError, ValueError):
        return None


def _hash(text: str) -> str:
    return sha256(encoded(text)).hexdigest()


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


def json_of(text: str | bytes) -> Any:
    """The value of a JSON text from a file.

    Raises:
        ValueError: It is no JSON, or nested too deeply to be read.
    """
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def as_json(value: Any) -> str:
    """A value as JSON with sorted keys; half characters, as names of files may hold, are escaped."""
    return encoded(json.dumps(value, sort_keys=True, ensure_ascii=False)).decode()


def encoded(text: str) -> bytes:
    """UTF-8, with lone surrogates as escapes."""
    return text.encode("utf-8", "backslashreplace")


def _sync(folder: Path) -> None:
    """Have the names in a folder written, where the system can."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
