"""The example and the gallery: tables, figures and a page with every answer, made of stored runs.

Where the questions may not be passed on, tables and figures are made of the stored scores; the page shows
runs on packaged facts, whose questions are free.
"""

import csv
import json
from collections.abc import Iterable, Iterator, Sequence

from benchmarks.stored import RESULTS, run_by_scores, whole_run

import mlake
from mlake.analysis.subject_tokens import ALONE
from mlake.report.figures import figure7
from mlake.report.figures.picture import Picture
from mlake.report.findings.neurons import NEURON_COLUMNS
from mlake.report.html import page
from mlake.report.rundata import RunData
from mlake.report.table import Cell, Table
from mlake.report.view import Given, Shown, View, parted
from mlake.report.views import VIEWS
from mlake.safe import escape
from mlake.scorers.row import ScoredRow

__all__ = ["files", "gallery", "reproduced", "tables"]

_RUNS = "reproduce-demo-25"
_FREE = ("wikidata-100-memit-gemma3-270m", "demo-memit-gemma3-270m")
_OF_DATA = ("table5", "figure8")
"""Views of a data set alone; here of the packaged one, whose names are free."""

_LEFT_OUT = ("table10", "figure7", "forced", "methods", *_OF_DATA)
"""Views whose texts are not free, or which no stored run has measured; Figure 7 is drawn from its numbers."""

_PAGE = "example/report.html"
_INTRODUCTION = f"""\
[**A page with every answer**]({_PAGE}) shows MEMIT on 100 facts of `wikidata-5` and on the 63 of `mini`:
matrices, tables, figures, and what was said to each question. It is one file, and opens from disk.

The tables below are of the runs that [reproduce.md](reproduce.md#an-example) names; Table 5 is of the
packaged `wikidata-5`. The [gallery](gallery.md) has the figures.
"""


def reproduced() -> dict[View, Sequence[Shown]]:
    """What ``mlake reproduce`` makes of the stored runs, view by view.

    Raises:
        MlakeError: A stored file is damaged, or a view cannot be made of it.
    """
    runs = [
        run_by_scores(f"{_RUNS}/{path.parent.name}") for path in sorted((RESULTS / _RUNS).glob("*/spec.json"))
    ]
    given = Given(runs, tokens={"demo": list(_tokens())})
    packaged = Given(benchmark=mlake.load("wikidata-5"))
    made: dict[View, Sequence[Shown]] = {}
    for name, view in VIEWS.items():
        if name in _OF_DATA:
            made[view] = view.shown(packaged)
        elif name == "figure7":
            made[view] = [figure7(_neurons())]
        elif name not in _LEFT_OUT:
            made[view] = view.shown(given)
    return made


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


def _tokens() -> Iterator[ScoredRow]:
    """Tokens of every subject of the released data, as the demo's tokenizer counts them."""
    stored = json.loads((RESULTS / "table3" / "demo.json").read_text(encoding="utf-8"))["tokens"]
    for lang, numbers in stored.items():
        for row, number in enumerate(numbers):
            fact = f"mlake-{row:04}"
            yield ScoredRow(None, None, "direct", f"{fact}/{lang}", fact, lang, ALONE, number)


def _neurons() -> Table:
    """The numbers of Figure 7, which needs the edits themselves to be counted again."""
    with (RESULTS / _RUNS / "neurons.csv").open(encoding="utf-8", newline="") as lines:
        rows = tuple(map(_row, csv.DictReader(lines)))
    return Table("neurons", "Overlap of the most changed neurons", NEURON_COLUMNS, rows)


def _row(row: dict[str, str]) -> tuple[Cell, ...]:
    texts: Iterable[Cell] = (row[name] for name in NEURON_COLUMNS[:5])
    return (*texts, int(row["n"]), float(row["overlap"]), float(row["chance"]))
