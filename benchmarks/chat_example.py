"""docs/chat-example.md and its figures: the paper's tables made on a chat model, from stored runs."""

from collections.abc import Iterator, Sequence

from benchmarks.marks import between
from benchmarks.pictures import small
from benchmarks.reproduction import Reproduction
from benchmarks.stored import RESULTS
from mlake.errors import MlakeError
from mlake.report.figures.picture import Picture
from mlake.report.table import Table
from mlake.report.view import Shown
from mlake.report.views import VIEWS
from mlake.safe import escape

__all__ = ["PAGE", "files"]

PAGE = "chat-example.md"
DOCS = RESULTS.parents[1] / "docs"
_HUNDRED = ("table1", "table2", "table4", "table8", "figure2", "figure3", "figure4", "figure5")
_FORTY = ("table1", "figure3", "hypotheses")


def files() -> dict[str, bytes]:
    """The page and its figures, by path below ``docs``.

    Raises:
        MlakeError: A stored run is damaged, or lacks what a table needs.
    """
    hundred = Reproduction.of("reproduce-qwen-100", "qwen.gguf", methods=("memit", "remake"))
    forty = Reproduction.of("reproduce-qwen-40", "qwen.gguf", methods=("r-rome",))
    pictures: dict[str, bytes] = {}
    page = (DOCS / PAGE).read_text(encoding="utf-8")
    text = [*_views(hundred, _HUNDRED, "chat", pictures), "## Figure 7\n"]
    text += _shown([hundred.figure7()], "chat", pictures)
    text += ["## The conclusions\n", *_views(hundred, ("hypotheses",), "chat", pictures)]
    page = between(page, "hundred facts", "\n".join(text))
    page = between(page, "forty facts", "\n".join(_views(forty, _FORTY, "chat-r-rome", pictures)))
    return {PAGE: page.encode(), **pictures}


def _views(
    made: Reproduction, names: Sequence[str], prefix: str, pictures: dict[str, bytes]
) -> Iterator[str]:
    for name in names:
        view = VIEWS[name]
        shown = view.tried(made.given(view))
        if isinstance(shown, MlakeError):
            raise shown
        number = name.removeprefix("table").removeprefix("figure")
        if number.isdigit():
            yield f"{'##' if prefix == 'chat' else '###'} {name.removesuffix(number).capitalize()} {number}\n"
        yield from _shown(shown, prefix, pictures)


def _shown(shown: Sequence[Shown], prefix: str, pictures: dict[str, bytes]) -> Iterator[str]:
    """Tables as Markdown; figures go into ``pictures`` and are linked."""
    for one in shown:
        if isinstance(one, Table):
            yield one.markdown() + "\n"
        elif isinstance(one, Picture):
            path = f"{prefix}-{one.name}.png"
            pictures[path] = small(one.rendered("png"))
            yield f"![{escape(one.title)}]({path})\n"
