"""The source ``dump:FILE``: every packing, damage, a stop in the middle, and what is joined."""

import bz2
import gzip
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from tests.construct.wikidata.items import WORLD, item, named

from mlake.construct.asked import Asked
from mlake.construct.dump import source as dump
from mlake.construct.dump.opened import blocks, opened
from mlake.construct.dump.source import Dump, read_dump
from mlake.construct.dump.worker import Wanted, read_block
from mlake.construct.source import read_source
from mlake.errors import DataError

pytest.importorskip("duckdb")
pytest.importorskip("rapidgzip")
zstandard = pytest.importorskip("zstandard")

PACKED: dict[str, Callable[[bytes], bytes]] = {
    ".json": bytes,
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".zst": zstandard.compress,
}
WANTED = Wanted(("en", "de"), ("P36", "P17"), ("P31", "P279", "P36", "P17"), 100)
FACTS = {("Q142", "P36", "Q90"), ("Q183", "P36", "Q64"), ("Q90", "P17", "Q142"), ("Q64", "P17", "Q183")}


def lines(*more: object) -> bytes:
    """A dump, as it is unpacked."""
    rows = [json.dumps(one, separators=(",", ":"), ensure_ascii=False) for one in (*WORLD.values(), *more)]
    return ("[\n" + ",\n".join(rows) + "\n]\n").encode()


@pytest.fixture
def in_process(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Blocks are read in this process; gives their numbers as they are."""
    seen: list[int] = []

    def side_by_side(todo, place, wanted, workers):  # type: ignore[no-untyped-def]
        for number, block in todo:
            seen.append(number)
            yield block, read_block(block.data, number, place, wanted)

    monkeypatch.setattr(dump, "_side_by_side", side_by_side)
    return seen


def asked(path: Path, place: Path) -> Asked:
    return Asked(langs=("en", "de"), relations=("P36", "P17"), place=place, rest=str(path))


def test_a_dump_is_read_by_other_processes_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "some.json.gz"
    path.write_bytes(gzip.compress(lines()))
    source = Dump().read(asked(path, tmp_path / "source"))
    assert {(one.subject, one.relation, one.object) for one in source.claims} == FACTS
    assert source.kind("Q64") == "city"  # by classes above its own, which no one has a page about
    path.unlink()
    assert Dump().read(asked(path, tmp_path / "source")) == source
    assert read_source(tmp_path / "source", ("en", "de")) == source
    record = json.loads((tmp_path / "source" / "source.json").read_text())
    assert record["read"] == {"lines": 7, "kept": 4, "class": 2, "unpopular": 1}
    assert record["day"] == "2026-01-05" and str(tmp_path) not in json.dumps(record)


@pytest.mark.parametrize("end", PACKED)
def test_every_packing_gives_the_same_lines_in_blocks(tmp_path: Path, end: str) -> None:
    path = tmp_path / f"some{end}"
    path.write_bytes(PACKED[end](lines()))
    with opened(path) as file:
        found = list(blocks(file, 0, 700))
    assert b"".join(one.data for one in found) == lines() and len(found) > 2
    assert all(one.data.endswith(b"\n") for one in found)
    assert [one.last for one in found] == [False] * (len(found) - 1) + [True]
    with opened(path) as file:
        assert b"".join(one.data for one in blocks(file, found[1].start, 700)) == lines()[found[1].start :]


def test_a_stop_costs_no_block_that_was_finished(
    tmp_path: Path, in_process: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "some.json"
    path.write_bytes(lines())
    whole = read_dump(path, tmp_path / "whole", WANTED, size=700)
    count = len(in_process)
    in_process.clear()

    def stop(line: str) -> None:
        if len(in_process) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        read_dump(path, tmp_path / "torn", WANTED, stop, size=700)
    assert read_dump(path, tmp_path / "torn", WANTED, size=700) == whole
    assert in_process == list(range(count))
    assert read_dump(path, tmp_path / "torn", WANTED, size=700) == whole and len(in_process) == count
    tables = sorted(one.relative_to(tmp_path / "whole") for one in (tmp_path / "whole").rglob("*.parquet"))
    assert tables
    for one in tables:
        assert (tmp_path / "whole" / one).read_bytes() == (tmp_path / "torn" / one).read_bytes()


def test_what_cannot_be_read_or_is_not_wanted_is_counted(tmp_path: Path) -> None:
    bare = item("Q9", {"en": "only English"}, sites=100)
    empty: dict[str, list[str]] = {"labels": [], "aliases": [], "claims": [], "sitelinks": []}
    texts: Sequence[object] = (
        bare,
        named("Q10", "of the same", {"P36": ["Q90"], "P18": [{"odd": 1}]}, sites=100),
        item("Q11", {}) | empty,
        item("Q12", {}, sites=100) | {"claims": {"P36": "no list"}},
    )
    data = lines(*texts) + b'{"id":"Q13",' + b'"site":"' * 100
    counts = read_block(data, 7, tmp_path, WANTED)
    assert counts == {"lines": 12, "kept": 5, "class": 2, "unpopular": 2, "unnamed": 1, "damaged": 2}
    assert (tmp_path / "entities" / "000007.parquet").is_file()


def test_what_is_neither_subject_nor_object_is_left_out(tmp_path: Path, in_process: list[int]) -> None:
    path = tmp_path / "some.json"
    path.write_bytes(lines(named("Q7", "alone", {"P36": ["Q404"]}, sites=100)))
    source = Dump().read(asked(path, tmp_path / "source"))
    assert set(source.entities) == {"Q142", "Q183", "Q90", "Q64"}


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("some.json", lines()[:-2], "ends in the middle"),
        ("some.gz", gzip.compress(lines())[:-200], "ends in the middle|cannot unpack"),
        ("some.gz", b"no gzip", "cannot unpack"),
        ("some.bz2", b"no bzip2", "cannot unpack"),
        ("some.zst", b"no zstd", "cannot unpack"),
        ("some.rar", b"", "a dump's name ends in .json, .gz, .bz2, .zst"),
        ("", b"", "cannot tell how"),
    ],
)
def test_a_dump_that_is_none_is_one_line(
    tmp_path: Path, in_process: list[int], name: str, content: bytes, said: str
) -> None:
    path = tmp_path / name
    if name:
        path.write_bytes(content)
    with pytest.raises(DataError, match=said) as error:
        read_dump(path, tmp_path / "place", WANTED)
    assert "\n" not in str(error.value)


def test_a_dump_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"there is no dump .*gone\.json"):
        read_dump(tmp_path / "gone.json", tmp_path / "place", WANTED)
