"""The table of data sets, and loading one by its name or from a file."""

import hashlib
import json
import logging
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path

from mlake.data.cache import cache_dir, write_atomic
from mlake.data.files import Files, Opener
from mlake.data.jsonl import parse_jsonl, read_jsonl
from mlake.data.released import LANGS, READER, Released, parse
from mlake.data.released_files import CURRENT, FILES, OLDER
from mlake.data.subjects import Recovered, recover, version
from mlake.errors import DataError, UnknownNameError
from mlake.records import Benchmark

__all__ = ["DATASETS", "Dataset", "load"]

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Dataset:
    """One data set.

    Attributes:
        name: What ``load`` knows it by.
        reader: Makes the benchmark.
        source: Where it comes from, for people.
        licence: Its licence, for people.
        facts: How many facts it has; None for an embedded data set, which is counted by loading it.
        url: Address of a file with ``{path}`` for ``<commit>/<path in the repository>``; empty if embedded.
        revisions: The commits that are read.
        files: Path of every file to its SHA-256.
    """

    name: str
    reader: Callable[["Dataset", Files], Benchmark]
    source: str
    licence: str
    facts: int | None = None
    url: str = ""
    revisions: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)


def load(name: str | Path, *, mirror: Path | None = None, cache: Path | None = None) -> Benchmark:
    """Loads a data set.

    Args:
        name: A name in ``DATASETS``, or the path of a ``.jsonl`` file of facts.
        mirror: Folder that holds a published data set as ``<commit>/dataset/…``; nothing is downloaded then.
        cache: Cache folder; None for ``cache_dir()``.

    Raises:
        UnknownNameError: There is no data set of this name.
        DataError: The data is missing or not what was published.
        DownloadError: A file could not be fetched.
    """
    return _load(name, mirror=mirror, cache=cache, opener=urllib.request.urlopen)


def _load(name: str | Path, *, mirror: Path | None, cache: Path | None, opener: Opener) -> Benchmark:
    row = DATASETS.get(str(name))
    if row is None:
        path = Path(name)
        if path.suffix == ".jsonl" or path.exists() or len(path.parts) > 1:
            return read_jsonl(path)
        raise UnknownNameError("data set", str(name), [*DATASETS, "FILE.jsonl"])
    return row.reader(row, Files(row.name, row.url, row.files, mirror, cache, opener))


def _read_released(row: Dataset, files: Files) -> Benchmark:
    released = parse(files.read_all())
    read = "".join(f"{path} {sha256}\n" for path, sha256 in sorted(row.files.items()))
    sha256 = hashlib.sha256(f"reader {READER} recovery {version(LANGS)}\n{read}".encode()).hexdigest()
    subjects = _subjects(released, (files.cache or cache_dir()) / "subjects" / f"{sha256}.json")
    revision = "+".join(commit[:7] for commit in row.revisions)
    facts = released.facts(subjects)
    return Benchmark(row.name, revision, sha256, facts, tuple(released.unlinked), tuple(released.notes))


def _subjects(released: Released, place: Path) -> Mapping[str, Sequence[Recovered]]:
    """Recovered subjects, kept in the cache: the recovery takes many seconds and never changes."""
    try:
        stored = json.loads(place.read_bytes())
        found = {code: [Recovered(*one) for one in stored[code]] for code in released.single}
        if all(_fits(found[code], rows) for code, rows in released.single.items()):
            return found
    except FileNotFoundError:
        pass
    except (OSError, ValueError, TypeError, KeyError) as error:
        _LOG.warning("ignoring damaged %s: %s", place, error)
    found = recover(released.clues())
    try:
        write_atomic(place, json.dumps(found, ensure_ascii=False).encode())
    except OSError as error:
        _LOG.warning("cannot keep recovered subjects in %s: %s", place, error)
    return found


def _fits(found: Sequence[Recovered], rows: Sequence[Mapping[str, str]]) -> bool:
    return len(found) == len(rows) and all(
        one.subject is None or one.subject in row["question"] for one, row in zip(found, rows, strict=True)
    )


def _read_mini(row: Dataset, files: Files) -> Benchmark:
    place = resources.files("mlake.data").joinpath("mini", "facts.jsonl")
    try:
        content = place.read_bytes()
    except OSError:
        raise DataError(
            "the embedded facts are missing from this installation; install mlake again"
        ) from None
    return parse_jsonl(content, name=row.name, revision="embedded", source="mini/facts.jsonl")


DATASETS: dict[str, Dataset] = {
    row.name: row
    for row in (
        Dataset(
            name="mini",
            reader=_read_mini,
            source="embedded in mlake",
            licence="Apache-2.0",
        ),
        Dataset(
            name="mlake",
            reader=_read_released,
            source="https://github.com/Hi-archers/MLaKE",
            licence="none stated: read where it lies, not to be passed on",
            facts=1072,
            url="https://raw.githubusercontent.com/Hi-archers/MLaKE/{path}",
            revisions=(CURRENT, OLDER),
            files=FILES,
        ),
    )
}
