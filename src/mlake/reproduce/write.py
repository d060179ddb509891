"""Tables, figures and the page of a reproduction as files, and one page of Markdown that leads to them."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from mlake.data.cache import write_atomic
from mlake.errors import MlakeError, RunError
from mlake.report.picture import Picture
from mlake.report.table import Table
from mlake.report.tables import escape
from mlake.reproduce.recipes import Recipe
from mlake.reproduce.views import Shown

__all__ = ["files_of", "index", "write_files"]


def files_of(shown: Sequence[Shown]) -> dict[str, bytes]:
    """File names and contents: tables as Markdown, LaTeX and CSV, figures as PNG, PDF, SVG and CSV."""
    files: dict[str, bytes] = {}
    for one in shown:
        if isinstance(one, Table):
            texts = {"md": one.markdown(), "tex": one.latex(), "csv": one.csv()}
        else:
            texts = {"csv": one.data.csv()}
            files |= {f"{one.name}.{kind}": one.rendered(kind) for kind in ("png", "pdf", "svg")}
        files |= {f"{one.name}.{kind}": _encoded(text) for kind, text in texts.items()}
    return files


def index(made: Mapping[Recipe, Sequence[Shown] | MlakeError], runs: Sequence[Path], page: str) -> str:
    """Markdown with every table, every figure, and what could not be made."""
    return "\n".join(_index(made, runs, page)) + "\n"


def _index(
    made: Mapping[Recipe, Sequence[Shown] | MlakeError], runs: Sequence[Path], page: str
) -> Iterator[str]:
    yield "# The paper's tables and figures, made again\n"
    yield f"[All of it, with every answer, as one page]({page}). Notes say what made each number.\n"
    for recipe, shown in made.items():
        yield f"## {recipe.name}: {escape(recipe.title)}\n"
        if isinstance(shown, MlakeError):
            yield f"Not made: {escape(shown)}\n"
            continue
        for one in shown:
            yield f"![{escape(one.title)}]({one.name}.png)\n" if isinstance(one, Picture) else one.markdown()
    yield "## Runs\n"
    yield "".join(f"- `{run.name}`\n" for run in runs)


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files, each whole or not at all.

    Raises:
        RunError: The folder cannot be written.
    """
    for name, content in files.items():
        try:
            write_atomic(folder / name, content)
        except OSError as error:
            reason = error.strerror or error
            raise RunError(f"cannot write {folder / name}: {reason}; make room or mend the rights") from error


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace")
