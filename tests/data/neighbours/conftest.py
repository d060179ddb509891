"""Small invented files in the formats of other projects' data sets."""

import json
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mlake.data import DATASETS, load
from mlake.records import Benchmark, Fact, Probe

Read = Callable[..., Benchmark]


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Read:
    """``read(name, *contents)``: what a data set's reader makes of invented files, in the row's order.

    A language names the file that holds it beside English: ``read(name, de=content)``.
    """

    def reader(name: str, *contents: Any, **by_lang: Any) -> Benchmark:
        row = DATASETS[name]
        given = zip(row.files, contents, strict=True) if contents else ()
        paths = {lang: paths_of(name)[lang] for lang in by_lang}
        for path, content in (*given, *((paths[lang], content) for lang, content in by_lang.items())):
            place = tmp_path / "mirror" / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        monkeypatch.setitem(DATASETS, name, replace(row, files=dict.fromkeys(row.files, "")))
        return load(name, mirror=tmp_path / "mirror", cache=tmp_path / "cache")

    return reader


@pytest.fixture
def tables(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in for pyarrow that takes JSON for Parquet."""

    def read_table(stream: Any) -> SimpleNamespace:
        rows = json.loads(stream.read())
        return SimpleNamespace(to_pylist=lambda: rows)

    parquet = SimpleNamespace(read_table=read_table)
    monkeypatch.setitem(sys.modules, "pyarrow", SimpleNamespace(parquet=parquet))
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", parquet)


def paths_of(name: str) -> dict[str, str]:
    """Language to the file that holds it beside English, of a data set with one for each."""
    reader: Any = DATASETS[name].reader
    return dict(reader.keywords["layout"].paths)


def kinds(fact: Fact) -> Counter[str]:
    return Counter(probe.kind for probe in fact.probes)


def asked(fact: Fact, kind: str) -> list[Probe]:
    return [probe for probe in fact.probes if probe.kind == kind]
