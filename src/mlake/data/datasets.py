"""The table of data sets, and loading one by its name or from a file."""

import urllib.request
from dataclasses import replace
from pathlib import Path

from mlake.data.check.clean import clean as cleaned
from mlake.data.dataset import Dataset
from mlake.data.embedded import EMBEDDED
from mlake.data.files import Files, Opener
from mlake.data.neighbours import ROWS
from mlake.data.own.read import is_place, read_own
from mlake.data.release.benchmark import read_aligned, read_released
from mlake.data.release.hashes import CURRENT, FILES, OLDER
from mlake.errors import UnknownNameError
from mlake.records import Benchmark

__all__ = ["DATASETS", "load"]


def load(
    name: str | Path,
    *,
    mirror: str | Path | None = None,
    cache: str | Path | None = None,
    clean: bool = False,
) -> Benchmark:
    """Loads a data set.

    Args:
        name: A name in ``DATASETS``, or a place of one's own facts: a ``.jsonl``, ``.json`` or ``.csv``
            file, or a folder in the release's format.
        mirror: Folder that holds the files of a published data set under the paths in its row; nothing is
            downloaded then.
        cache: Cache folder; None for ``cache_dir()``.
        clean: Whether to mend what ``mlake.data.check.clean`` can, which also lists what it changes.

    Raises:
        UnknownNameError: There is no data set of this name.
        FactsError: Rows or lines are wrong; every problem is listed.
        DataError: The data is missing or not what was published.
        DownloadError: A file could not be fetched.

    Examples:
        >>> mlake.load("mini")
        Benchmark('mini', 63 facts in en, de, fr, ja, zh, sha256 d03ab6ee7d27)
    """
    places = {"mirror": _place(mirror), "cache": _place(cache)}
    benchmark = _load(name, **places, opener=urllib.request.urlopen)
    return cleaned(benchmark).benchmark if clean else benchmark


def _place(path: str | Path | None) -> Path | None:
    return None if path is None else Path(path)


def _load(name: str | Path, *, mirror: Path | None, cache: Path | None, opener: Opener) -> Benchmark:
    row = DATASETS.get(str(name))
    if row is None:
        path = Path(name)
        if is_place(path):
            return read_own(path, cache)
        raise UnknownNameError("data set", str(name), [*DATASETS, "FILE.jsonl", "FILE.json", "FILE.csv"])
    return row.reader(row, Files(row.name, row.url, row.files, mirror, cache, opener))


_RELEASE = Dataset(
    name="mlake",
    reader=read_released,
    source="https://github.com/Hi-archers/MLaKE",
    licence="none stated: read where it lies, not to be passed on",
    facts=1072,
    url="https://raw.githubusercontent.com/Hi-archers/MLaKE/{path}",
    revisions=(CURRENT, OLDER),
    files=FILES,
)

DATASETS: dict[str, Dataset] = {
    row.name: row
    for row in (
        *EMBEDDED,
        _RELEASE,
        replace(
            _RELEASE,
            name="mlake-aligned",
            reader=read_aligned,
            source=f"{_RELEASE.source}, chains in all five languages",
            facts=519,
        ),
        *ROWS,
    )
}
