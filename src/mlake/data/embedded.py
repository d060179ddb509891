"""Data sets that come with the package."""

import hashlib
import json
import lzma
from dataclasses import replace
from functools import lru_cache
from importlib import resources

from mlake.data.dataset import Dataset
from mlake.data.files import Files
from mlake.data.own.jsonl import parse_jsonl
from mlake.errors import DataError
from mlake.records import Benchmark

__all__ = ["EMBEDDED", "WIKIDATA"]

WIKIDATA = "wikidata-5"
"""The packaged build of ``mlake build``: ``python -m benchmarks.wikidata`` makes its files."""


def _read_mini(row: Dataset, files: Files) -> Benchmark:
    content = _content("mini/facts.jsonl")
    return parse_jsonl(content, name=row.name, revision="embedded", source="mini/facts.jsonl")


def _read_wikidata(row: Dataset, files: Files) -> Benchmark:
    """The build, or one of its splits, which is named after a colon."""
    whole, split = _wikidata(), row.name.partition(":")[2]
    if not split:
        return whole
    tuning = set(json.loads(_content("wikidata5/splits.json"))["tuning"])
    facts = tuple(fact for fact in whole.facts if (fact.id in tuning) == (split == "tuning"))
    sha256 = hashlib.sha256(f"{whole.sha256}:{split}".encode()).hexdigest()
    return replace(whole, name=row.name, sha256=sha256, facts=facts)


@lru_cache(maxsize=1)
def _wikidata() -> Benchmark:
    content = lzma.decompress(_content("wikidata5/facts.jsonl.xz"))
    return parse_jsonl(content, name=WIKIDATA, revision="embedded", source="wikidata5/facts.jsonl")


def _content(path: str) -> bytes:
    try:
        return (resources.files("mlake.data") / path).read_bytes()
    except OSError:
        raise DataError(
            "the embedded facts are missing from this installation; install mlake again"
        ) from None


def _built(name: str, source: str, facts: int) -> Dataset:
    licence = "names and facts CC0-1.0, texts CC-BY-4.0"
    return Dataset(name=name, reader=_read_wikidata, source=source, licence=licence, facts=facts)


EMBEDDED = (
    Dataset(name="mini", reader=_read_mini, source="embedded in mlake", licence="Apache-2.0"),
    _built(WIKIDATA, "embedded in mlake, built from Wikidata by mlake build", 731),
    _built(f"{WIKIDATA}:test", f"{WIKIDATA}: the facts to report on", 571),
    _built(f"{WIKIDATA}:tuning", f"{WIKIDATA}: the facts to choose settings with", 160),
)
"""Their rows in the table of data sets."""
