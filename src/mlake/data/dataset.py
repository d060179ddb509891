"""One row of the table of data sets."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from mlake.data.files import Files
from mlake.records import Benchmark

__all__ = ["Dataset"]


@dataclass(frozen=True)
class Dataset:
    """One data set.

    Attributes:
        name: What ``load`` knows it by.
        reader: Makes the benchmark.
        source: Where it comes from, for people.
        licence: Its licence, for people.
        facts: How many facts it has; None for an embedded data set, which is counted by loading it.
        url: Address of a file with ``{path}`` for its path; empty if embedded.
        revisions: The commits that are read.
        files: Path of every file, which usually starts with its commit, to its SHA-256; to an empty string
            where nobody published one: it is recorded when the file is first fetched.
    """

    name: str
    reader: Callable[["Dataset", Files], Benchmark]
    source: str
    licence: str
    facts: int | None = None
    url: str = ""
    revisions: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
