"""``python -m benchmarks.dump --gigabytes 10``: how fast a dump is read out, and in how much memory.

The dump is made by repeating entities of the packaged snapshot under ids of their own, padded with statements
that no build wants, as real entities are; it is packed with zstd, written to a folder of its own, read by a
process of its own, and deleted.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from mlake.construct.dump.opened import BLOCK
from mlake.construct.dump.source import read_dump
from mlake.construct.dump.worker import Wanted
from mlake.construct.source import Source, read_source

__all__ = ["LANGS", "POPULAR", "WANTED", "measured", "write_dump"]

LANGS = ("en", "de", "fr", "ja", "zh")
POPULAR = 100
"""One of so many entities has enough sitelinks."""

WANTED = Wanted(LANGS, ("P17", "P19", "P36"), ("P31", "P279", "P17", "P19", "P36"), 100)
_OTHER_STATEMENTS = 60
_NUMBER = 987_654_321_012  # stands in a line nowhere else


def write_dump(path: Path, size: int) -> int:
    """Writes a packed dump.

    Args:
        path: The file, whose name ends in ``.zst``.
        size: Bytes that it unpacks to, about.

    Returns:
        How many entities it has.
    """
    import zstandard

    written = count = 0
    with zstandard.open(path, "wb") as file:
        file.write(b"[\n")
        for line in _lines(read_source(None, LANGS)):
            file.write(line if not count else b",\n" + line)
            written, count = written + len(line), count + 1
            if written >= size:
                break
        file.write(b"\n]\n")
    return count


def _lines(source: Source) -> Iterator[bytes]:
    """Entities without end, each under an id of its own."""
    ids = list(source.entities)
    made = {(name, popular): _parts(source, name, popular) for name in ids for popular in (False, True)}
    for number, name in enumerate(cycle(ids), 1):
        yield (b"%d" % number).join(made[name, number % POPULAR == 0])


def _parts(source: Source, name: str, popular: bool) -> list[bytes]:
    """The line of an entity, cut where its number stands."""
    entity = _entity(source, name, popular)
    return json.dumps(entity, ensure_ascii=False, separators=(",", ":")).encode().split(str(_NUMBER).encode())


def _entity(source: Source, name: str, popular: bool) -> dict[str, Any]:
    labels = source.entities[name].labels
    claims = {"P31": [_statement("Q515")], "P17": [_statement("Q30")]}
    sites = 120 if popular else 3
    return {
        "type": "item",
        "id": f"Q{_NUMBER}",
        "labels": {lang: {"language": lang, "value": labels[lang]} for lang in LANGS},
        "aliases": {},
        "claims": claims | _others(),
        "sitelinks": {f"{at}wiki": {"site": f"{at}wiki", "title": name} for at in range(sites)},
        "lastrevid": _NUMBER,
        "modified": "2026-01-05T12:00:00Z",
    }


def _statement(value: str) -> dict[str, Any]:
    number = {"entity-type": "item", "numeric-id": int(value[1:]), "id": value}
    snak = {"snaktype": "value", "datavalue": {"value": number, "type": "wikibase-entityid"}}
    return {"mainsnak": snak, "type": "statement", "rank": "normal"}


def _others() -> dict[str, Any]:
    return {f"P{5000 + at}": [_statement(f"Q{at + 1}")] for at in range(_OTHER_STATEMENTS)}


def measured(path: Path, size: int = BLOCK) -> dict[str, Any]:
    """What reading a dump takes, measured in a process of its own.

    Args:
        path: The dump.
        size: Bytes of a block.

    Returns:
        ``counts`` by reason, ``seconds`` of the clock and ``cpu_seconds`` of all processes, and the most
        bytes that the reader and a worker held.
    """
    code = "import sys; from benchmarks.dump import read_here; read_here(sys.argv[1], int(sys.argv[2]))"
    done = subprocess.run(
        [sys.executable, "-c", code, str(path), str(size)], capture_output=True, text=True, check=True
    )
    row: dict[str, Any] = json.loads(done.stdout)
    return row


def read_here(path: str, size: int) -> None:
    """Reads a dump and prints what that took."""
    import resource

    begun = time.perf_counter()
    with TemporaryDirectory() as place:
        counts = read_dump(Path(path), Path(place), WANTED, size=size)
    unit = 1024  # Linux counts in KiB
    reader, workers = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    print(
        json.dumps(
            {
                "counts": counts,
                "seconds": time.perf_counter() - begun,
                "cpu_seconds": reader.ru_utime + reader.ru_stime + workers.ru_utime + workers.ru_stime,
                "reader_bytes": reader.ru_maxrss * unit,
                "worker_bytes": workers.ru_maxrss * unit,
            }
        )
    )


def main() -> None:
    """Measure and print a line."""
    parser = argparse.ArgumentParser(description="Time the reading of a dump.")
    parser.add_argument("--gigabytes", type=float, default=10.0, help="what the dump unpacks to")
    size = int(parser.parse_args().gigabytes * 1e9)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "made.zst"
        count = write_dump(path, size)
        row = measured(path)
    rates = {
        "entities_a_second": count / row["seconds"],
        "bytes_a_second": size / row["seconds"],
        "entities_a_cpu_second": count / row["cpu_seconds"],
    }
    print(json.dumps({"bytes": size, "entities": count, "cores": os.cpu_count(), **row, **rates}))


if __name__ == "__main__":
    main()
