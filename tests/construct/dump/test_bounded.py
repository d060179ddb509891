"""A dump of some 100 MB takes no more memory than one of 15."""

from pathlib import Path

import pytest
from benchmarks.dump import POPULAR, measured, write_dump

pytest.importorskip("duckdb")
pytest.importorskip("zstandard")

MEGABYTE, BLOCK = 10**6, 2**20


@pytest.mark.slow
def test_memory_is_bounded_by_blocks_and_not_by_the_dump(tmp_path: Path) -> None:
    rows = []
    for size in (15, 100):
        path = tmp_path / f"{size}.zst"
        count = write_dump(path, size * MEGABYTE)
        row = measured(path, BLOCK)
        assert row["counts"]["lines"] == count and row["counts"]["kept"] == count // POPULAR
        rows.append(row)
    small, large = rows
    assert large["reader_bytes"] < small["reader_bytes"] + 25 * MEGABYTE
    assert large["worker_bytes"] < small["worker_bytes"] + 25 * MEGABYTE
