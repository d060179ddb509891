"""SOURCES: where the statements of a build come from is a row."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from mlake.construct.asked import Asked
from mlake.construct.dump.source import Dump
from mlake.construct.live.source import Wikidata
from mlake.construct.source import Source, read_source
from mlake.errors import DataError, UnknownNameError

__all__ = ["SOURCES", "Folder", "Reader", "Snapshot", "source_named", "stored_name"]


class Reader(Protocol):
    """Reads a source."""

    def read(self, asked: Asked) -> Source:
        """Entities with their names in the languages asked for, and statements about them."""


class Snapshot:
    """The packaged snapshot."""

    def read(self, asked: Asked) -> Source:
        """Its entities and statements."""
        return read_source(None, asked.langs)


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder in the snapshot's layout.

    Attributes:
        path: The folder.
    """

    path: Path

    def read(self, asked: Asked) -> Source:
        """Its entities and statements."""
        return read_source(self.path, asked.langs)


SOURCES: dict[str, Callable[[], Reader]] = {"snapshot": Snapshot, "wikidata": Wikidata, "dump": Dump}
"""Name of a source to what reads it; what stands after a colon, as in ``dump:FILE``, is handed to it."""


def source_named(name: str) -> tuple[Reader, str]:
    """What reads a source, and what stands after the colon of its name.

    Args:
        name: A row of ``SOURCES``, or the path of a folder.

    Raises:
        UnknownNameError: There is no such row.
        DataError: There is no such folder.
    """
    row, _, rest = name.partition(":")
    if row in SOURCES:
        return SOURCES[row](), rest
    if Path(name).is_dir():
        return Folder(Path(name)), ""
    if Path(name).name != name:
        raise DataError(f"no folder {name}; give one in the layout of the snapshot, or: {', '.join(SOURCES)}")
    raise UnknownNameError("source", name, SOURCES)


def stored_name(name: str) -> str:
    """What a build calls its source: the name of a row or file, without a path of this machine."""
    row, _, rest = name.partition(":")
    if row in SOURCES:
        return f"{row}:{Path(rest).name}" if rest else row
    return Path(name).resolve().name
