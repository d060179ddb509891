"""The source ``dump:FILE``: one pass over a dump of Wikidata, side by side, that goes on where it was."""

import multiprocessing
import os
import shutil
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from mlake.construct.asked import Asked
from mlake.construct.dump.joined import joined, parents_in
from mlake.construct.dump.opened import BLOCK, Block, blocks, check_dump, opened
from mlake.construct.dump.worker import Wanted, read_block
from mlake.construct.journal import Journal
from mlake.construct.live.access import value_of
from mlake.construct.live.source import held
from mlake.construct.source import Source, read_source
from mlake.construct.wikidata.entity import CLASS, SUPERCLASS
from mlake.construct.wikidata.laid import is_laid, lay, write_laid
from mlake.errors import DataError, RunError
from mlake.folders import os_errors

__all__ = ["Dump", "read_dump"]

_NEEDS = ("duckdb", "msgspec", "pyarrow", "rapidgzip", "zstandard")
_TABLES = "blocks"


class Dump:
    """Statements of a dump of Wikidata, in JSON, one entity a line.

    What is read out stands in the folder ``source`` of the build, in the snapshot's layout, from where it is
    read ever after.
    """

    def read(self, asked: Asked) -> Source:
        """Entities with enough sitelinks and names in all languages, and statements about them.

        Raises:
            DataError: The dump is missing or damaged, what reads it is not installed, or the folder is of
                another build.
            RunError: The folder cannot be written, or another process writes it.
        """
        path = Path(asked.rest)
        about = {"source": "dump", "file": path.name, "langs": [*asked.langs]}
        about |= {"relations": [*asked.relations], "sitelinks": value_of("sitelinks")}
        if asked.place is None or not is_laid(asked.place, about):
            _read_out(path, asked.writable("dump"), asked, about)
        return read_source(asked.place, asked.langs)


def _read_out(path: Path, place: Path, asked: Asked, about: Mapping[str, Any]) -> None:
    check_dump(path)
    if any(find_spec(one) is None for one in _NEEDS):
        raise DataError("dumps need further packages; run: pip install 'mlake[dump]'")
    wanted = Wanted(
        tuple(asked.langs),
        tuple(asked.relations),
        (CLASS, SUPERCLASS, *asked.relations),
        about["sitelinks"],
    )
    with ExitStack() as stack:
        held(stack, place)
        counts = read_dump(path, place / _TABLES, wanted, asked.say)
        rows = joined(place / _TABLES)
        day = _day(path, rows)
        laid = lay(
            rows,
            langs=asked.langs,
            relations=asked.relations,
            parents=parents_in(place / _TABLES, rows),
            today=day,
            moved={},
        )
        write_laid(place, laid, {**about, "day": day, "read": dict(counts)})
        shutil.rmtree(place / _TABLES)


def read_dump(
    path: Path,
    place: Path,
    wanted: Wanted,
    say: Callable[[str], object] = lambda line: None,
    *,
    size: int = BLOCK,
    workers: int = 0,
) -> Counter[str]:
    """Reads a dump into tables, block by block; blocks that were finished are not read again.

    Twice as many blocks as there are workers are held at a time, whatever the size of the dump.

    Args:
        path: The dump.
        place: Folder of the tables.
        wanted: What is wanted of it.
        say: Told in a line how far it is.
        size: Bytes of a block.
        workers: How many processes read; 0 for as many as there are cores.

    Returns:
        How many lines there are, and how many were left out, by reason.

    Raises:
        DataError: The dump is missing or damaged.
        RunError: The folder cannot be written, or a worker was killed.
    """
    with opened(path) as file:
        with os_errors(place):
            place.mkdir(parents=True, exist_ok=True)
        head = asdict(wanted) | {"file": path.name, "bytes": path.stat().st_size}
        journal = Journal(place / "done.jsonl", head)
        total = sum((Counter(row["counts"]) for row in journal.rows), Counter[str]())
        if journal.rows and journal.rows[-1]["last"]:
            return total
        start = journal.rows[-1]["end"] if journal.rows else 0
        todo = enumerate(blocks(file, start, size), start=len(journal.rows))
        for block, counts in _side_by_side(todo, place, wanted, workers or os.cpu_count() or 1):
            end = block.start + len(block.data)
            journal.add([{"end": end, "counts": counts, "last": block.last}])
            total.update(counts)
            say(f"read {end:,} bytes, {total['lines']:,} entities; kept {total['kept']:,}")
    return total


def _side_by_side(
    todo: Iterable[tuple[int, Block]], place: Path, wanted: Wanted, workers: int
) -> Iterator[tuple[Block, dict[str, int]]]:
    """Blocks and what was counted in them, in their order."""
    context = multiprocessing.get_context("spawn")  # a fork would copy the unpacker's threads
    pending: deque[tuple[Block, Future[dict[str, int]]]] = deque()
    try:
        with ProcessPoolExecutor(workers, context) as pool:
            for number, block in todo:
                pending.append((block, pool.submit(read_block, block.data, number, place, wanted)))
                if len(pending) == 2 * workers:
                    yield _finished(*pending.popleft(), place)
            while pending:
                yield _finished(*pending.popleft(), place)
    except BrokenProcessPool:
        raise RunError(
            "a process that read the dump was killed, perhaps for lack of memory; what was read is kept: "
            "give the command again"
        ) from None


def _finished(block: Block, future: Future[dict[str, int]], place: Path) -> tuple[Block, dict[str, int]]:
    with os_errors(place):
        return block, future.result()


def _day(path: Path, rows: list[dict[str, Any]]) -> str:
    """The day of a dump: that of its newest entity, else of its file."""
    days = [row["modified"][:10] for row in rows if row["modified"]]
    written = datetime.fromtimestamp(path.stat().st_mtime, UTC).date().isoformat()
    return max(days, default=written)
