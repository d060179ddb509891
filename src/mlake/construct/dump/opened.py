"""Dump files, opened by the end of their name, and cut into blocks of whole lines."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple, cast

from mlake.errors import DataError

__all__ = ["BLOCK", "Block", "blocks", "check_dump", "opened"]

BLOCK = 2**26
"""Bytes of a block, about; each worker holds one at a time."""


class Block(NamedTuple):
    """Whole lines of a dump.

    Attributes:
        start: Where they begin in what the file unpacks to.
        data: The lines.
        last: Whether the dump ends with them.
    """

    start: int
    data: bytes
    last: bool


def _plain(path: Path) -> IO[bytes]:
    return path.open("rb")


def _gzip(path: Path) -> IO[bytes]:
    import rapidgzip

    return cast(IO[bytes], rapidgzip.open(str(path), parallelization=0))


def _bzip2(path: Path) -> IO[bytes]:
    import rapidgzip

    return cast(IO[bytes], rapidgzip.IndexedBzip2File(str(path), parallelization=0))


def _zstd(path: Path) -> IO[bytes]:
    import zstandard

    reader = zstandard.ZstdDecompressor().stream_reader(path.open("rb"), read_across_frames=True)
    return cast(IO[bytes], reader)


_OPENED: Mapping[str, Callable[[Path], IO[bytes]]] = {
    ".json": _plain,
    ".gz": _gzip,
    ".bz2": _bzip2,
    ".zst": _zstd,
}


def check_dump(path: Path) -> None:
    """Does nothing where there is a dump.

    Args:
        path: The file; the end of its name says how it is packed.

    Raises:
        DataError: It is not there, or its name has another end.
    """
    if path.suffix not in _OPENED:
        raise DataError(f"cannot tell how {path} is packed; a dump's name ends in {', '.join(_OPENED)}")
    if not path.is_file():
        raise DataError(f"there is no dump {path}; give its file as dump:FILE")


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """A block in which a dump is read, unpacked.

    Args:
        path: The file; the end of its name says how it is packed.

    Raises:
        DataError: There is none, or it is damaged.
    """
    check_dump(path)
    with _unpacking():
        file = _OPENED[path.suffix](path)
    with file:
        yield file


@contextmanager
def _unpacking() -> Iterator[None]:
    """A block in which what the unpackers raise is one line."""
    try:
        yield
    except _faults() as error:
        said = str(error).splitlines() or [type(error).__name__]
        raise DataError(f"cannot unpack the dump ({said[0]}); fetch it again") from None


def _faults() -> tuple[type[Exception], ...]:
    import zstandard

    zstd: type[Exception] = zstandard.ZstdError
    return (EOFError, OSError, RuntimeError, ValueError, zstd)


def blocks(file: IO[bytes], start: int, size: int) -> Iterator[Block]:
    """The lines of a dump in blocks, the same ones from whichever block they are begun.

    Args:
        file: The dump, unpacked.
        start: Where to begin, which is where a block begins.
        size: Bytes of a block; a line is never cut, however long it is.

    Raises:
        DataError: The dump ends before its last line, which is ``]``.
    """
    rest = b""
    with _unpacking():
        file.seek(start)
    data = b"\n"
    while data:
        data = _read(file, size)
        rest += data
        while len(rest) > size and 0 < (cut := _cut(rest, size)) < len(rest):
            yield Block(start, rest[:cut], last=False)
            start, rest = start + cut, rest[cut:]
    if rest.rstrip().rpartition(b"\n")[2] != b"]":
        raise DataError("the dump ends in the middle: its last line must be ]; fetch it again")
    yield Block(start, rest, last=True)


def _cut(text: bytes, size: int) -> int:
    """Where the last line ends that ends within a size, or else the first one; 0 where none does."""
    return (text.rfind(b"\n", 0, size) + 1) or (text.find(b"\n", size) + 1)


def _read(file: IO[bytes], size: int) -> bytes:
    with _unpacking():
        return file.read(size)
