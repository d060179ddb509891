"""Stored sequences of edits side by side: a table and a figure of docs/results.md."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks.pictures import small
from benchmarks.stored import open_run
from mlake.report.figures import lifelong_figure
from mlake.report.findings.lifelong import lifelong_table
from mlake.report.rundata import RunData

__all__ = ["FIGURE", "drawn", "shown"]

FIGURE = "lifelong.png"


def shown(names: Sequence[str], mirror: Path | None) -> str:
    """The table of stored runs, and where their figure stands, as Markdown.

    Args:
        names: Folders below ``RESULTS``.
        mirror: Folder with the authors' files; None to fetch them.

    Raises:
        MlakeError: The questions cannot be had, or a stored run is damaged.
    """
    with _open(names, mirror) as runs:
        table = lifelong_table(runs)
    return f"{table.markdown()}\n![{table.title}]({FIGURE})\n"


def drawn(names: Sequence[str], mirror: Path | None) -> bytes:
    """The figure as PNG; arguments and errors as of ``shown``."""
    with _open(names, mirror) as runs:
        return small(lifelong_figure(runs).rendered("png"))


@contextmanager
def _open(names: Sequence[str], mirror: Path | None) -> Iterator[list[RunData]]:
    with ExitStack() as held:
        yield [held.enter_context(open_run(name, mirror)) for name in names]
