"""Facts of one's own, whatever they stand in: JSON, JSON Lines, CSV, or a folder in the release's format."""

import os
from pathlib import Path

from mlake.data.own.csv_file import ENDINGS, read_csv
from mlake.data.own.jsonl import read_jsonl
from mlake.data.own.release_format import read_release
from mlake.disk import cache_dir
from mlake.records import Benchmark

__all__ = ["is_place", "read_own"]


def is_place(path: Path) -> bool:
    """Whether a place is meant, not a name: it ends like a file of facts, names a folder, or exists."""
    return (
        path.suffix.lower() in (".jsonl", ".json", *ENDINGS) or len(path.parts) > 1 or os.path.lexists(path)
    )


def read_own(path: Path, cache: Path | None) -> Benchmark:
    """Reads a ``.jsonl``, ``.json``, ``.csv`` or ``.tsv`` file, or a folder with ``single_hop/LANG_qa.json``.

    Args:
        path: The file or folder.
        cache: Cache folder; None for the user's.

    Raises:
        DataError: It cannot be read.
        FactsError: Something in it is wrong; the text lists the problems.
    """
    if os.path.isdir(path):  # unlike the path's own method, it never raises
        return read_release(path, cache or cache_dir())
    return read_csv(path) if path.suffix.lower() in ENDINGS else read_jsonl(path)
