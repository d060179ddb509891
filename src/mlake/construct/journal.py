"""Rows that are kept as they come, so that work that was stopped goes on where it was."""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from mlake.construct.lines import Row, written
from mlake.disk import write_atomic
from mlake.folders import os_errors

__all__ = ["Journal"]


class Journal:
    """A file of JSON Lines that grows. Its first line says what the others are of.

    Attributes:
        path: The file.
        rows: What it held when it was opened.
    """

    def __init__(self, path: Path, head: Mapping[str, Any]):
        """Open a journal; one of another head begins anew, and a half-written line is taken away.

        Args:
            path: The file, which need not be there.
            head: What its rows are of.

        Raises:
            RunError: It cannot be written.
        """
        self.path = path
        with os_errors(path):
            first, *lines = path.read_bytes().split(b"\n") if path.is_file() else [b""]
            self.rows = list(_read(lines)) if first + b"\n" == written([head]) else []
            write_atomic(path, written([head, *self.rows]))

    def add(self, rows: Iterable[Row]) -> None:
        """Keep some rows.

        Raises:
            RunError: The file cannot be written.
        """
        with os_errors(self.path), self.path.open("ab") as file:
            file.write(written(rows))


def _read(lines: Iterable[bytes]) -> Iterator[Row]:
    for line in lines:
        try:
            row = json.loads(line)
        except ValueError:
            return  # nothing after a torn line is trusted
        if not isinstance(row, dict):
            return
        yield row
