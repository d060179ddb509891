"""The example and the gallery: tables, figures and a page with every answer, made of stored runs.

Where the questions may not be passed on, tables and figures are made of the stored scores; the page shows
runs on packaged facts, whose questions are free.
"""

from collections.abc import Sequence

from benchmarks.reproduction import Reproduction
from benchmarks.stored import whole_run

import mlake
from mlake.errors import MlakeError
from mlake.report.figures.picture import Picture
from mlake.report.html import page
from mlake.report.rundata import RunData
from mlake.report.table import Table
from mlake.report.view import Given, Shown, View, parted
from mlake.report.views import VIEWS
from mlake.safe import escape

__all__ = ["files", "gallery", "reproduced", "tables"]

_RUNS = "reproduce-demo-25"
_FREE = ("wikidata-100-memit-gemma3-270m", "demo-memit-gemma3-270m")
_OF_DATA = ("table5", "figure8")
"""Views of a data set alone; here of the packaged one, whose names are free."""

_PAGE = "example/report.html"
_INTRODUCTION = f"""\
[**A page with every answer**]({_PAGE}) shows MEMIT on 100 facts of `wikidata-5` and on the 63 of `mini`:
matrices, tables, figures, and what was said to each question. It is one file, and opens from disk.

The tables below are of [a reproduction](reproduce.md#an-example) with few facts; Table 5 is of the packaged
`wikidata-5`. The [gallery](gallery.md) has the figures.
"""


def reproduced() -> dict[View, Sequence[Shown]]:
    """What ``mlake reproduce`` makes of stored runs, by view; what needs more than is stored is left out.

    Raises:
        MlakeError: A stored file is damaged.
    """
    stored, packaged = Reproduction.of(_RUNS, "demo"), Given(benchmark=mlake.load("wikidata-5"))
    tried = {
        view: view.tried(packaged if view.name in _OF_DATA else stored.given(view)) for view in VIEWS.values()
    }
    tried[VIEWS["figure7"]] = [stored.figure7()]
    return {view: shown for view, shown in tried.items() if not isinstance(shown, MlakeError)}


def tables(made: dict[View, Sequence[Shown]]) -> str:
    """Markdown with a link to the page, and every table."""
    parts = [_INTRODUCTION]
    for view, shown in made.items():
        own = [one.markdown() for one in shown if isinstance(one, Table)]
        parts += [f"## {escape(view.title)}\n", *own] if own else []
    return "\n".join(parts)


def gallery(made: dict[View, Sequence[Shown]]) -> str:
    """Markdown with every figure and what its numbers say of themselves."""
    parts = []
    for view, shown in made.items():
        own = [one for one in shown if isinstance(one, Picture)]
        parts += [f"## {escape(view.title)}\n", *map(_figure, own)] if own else []
    return "\n".join(parts)


def _figure(one: Picture) -> str:
    title = escape(one.title)
    notes = "".join(f"- {escape(note)}\n" for note in one.data.signed)
    image, numbers = f"gallery/{one.name}.svg", f"gallery/{one.name}.csv"
    return f"[![{title}]({image})]({image})\n\n{title} ([numbers]({numbers}))\n\n{notes}"


def files(made: dict[View, Sequence[Shown]]) -> dict[str, bytes]:
    """The page and the figures with their numbers, by path on the site."""
    found = {_PAGE: _page([whole_run(name) for name in _FREE])}
    for one in (one for shown in made.values() for one in shown if isinstance(one, Picture)):
        found[f"gallery/{one.name}.svg"] = one.rendered("svg")
        found[f"gallery/{one.name}.csv"] = one.data.csv().encode()
    return found


def _page(runs: Sequence[RunData]) -> bytes:
    made = {view: view.tried(Given(runs)) for view in VIEWS.values()}
    return page(runs, *parted(made))
