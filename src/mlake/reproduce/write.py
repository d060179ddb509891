"""One page of Markdown that leads to the tables, figures and runs of a reproduction."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from mlake.errors import MlakeError
from mlake.report.figures.picture import Picture
from mlake.report.view import Shown, View
from mlake.safe import escape

__all__ = ["index"]


def index(made: Mapping[View, Sequence[Shown] | MlakeError], runs: Sequence[Path], page: str) -> str:
    """Markdown with every table, every figure, and what could not be made."""
    return "\n".join(_index(made, runs, page)) + "\n"


def _index(
    made: Mapping[View, Sequence[Shown] | MlakeError], runs: Sequence[Path], page: str
) -> Iterator[str]:
    yield "# The paper's tables and figures, made again\n"
    yield f"[All of it, with every answer, as one page]({page}). Notes say what made each number.\n"
    for view, shown in made.items():
        yield f"## {view.name}: {escape(view.title)}\n"
        if isinstance(shown, MlakeError):
            yield f"Not made: {escape(shown)}\n"
            continue
        for one in shown:
            yield f"![{escape(one.title)}]({one.name}.png)\n" if isinstance(one, Picture) else one.markdown()
    yield "## Runs\n"
    yield "".join(f"- `{run.name}`\n" for run in runs)
