"""Tables in a terminal."""

from collections.abc import Iterator, Sequence

from mlake.safe import plain

__all__ = ["aligned"]


def aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Lines of a table, its head first, whose columns stand under each other."""
    table = [[plain(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for cells in table:
        yield "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()
