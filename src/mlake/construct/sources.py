"""SOURCES: where the statements of a build come from is a row."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from mlake.construct.source import Source, read_source
from mlake.errors import DataError, UnknownNameError

__all__ = ["SOURCES", "Folder", "Reader", "Snapshot", "source_named"]


class Reader(Protocol):
    """Reads a source."""

    def read(self, langs: Sequence[str]) -> Source:
        """Entities with their names in these languages, and statements about them."""


class Snapshot:
    """The packaged snapshot."""

    def read(self, langs: Sequence[str]) -> Source:
        """Its entities and statements."""
        return read_source(None, langs)


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder in the snapshot's layout.

    Attributes:
        path: The folder.
    """

    path: Path

    def read(self, langs: Sequence[str]) -> Source:
        """Its entities and statements."""
        return read_source(self.path, langs)


SOURCES: dict[str, Callable[[], Reader]] = {"snapshot": Snapshot}
"""Name of a source to what reads it."""


def source_named(name: str) -> Reader:
    """What reads a source.

    Args:
        name: A row of ``SOURCES``, or the path of a folder.

    Raises:
        UnknownNameError: There is no such row.
        DataError: There is no such folder.
    """
    if name in SOURCES:
        return SOURCES[name]()
    if Path(name).is_dir():
        return Folder(Path(name))
    if Path(name).name != name:
        raise DataError(f"no folder {name}; give one in the layout of the snapshot, or: {', '.join(SOURCES)}")
    raise UnknownNameError("source", name, SOURCES)
