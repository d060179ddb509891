"""``mlake data stats``."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

import click

from mlake.cli.options import MIRROR
from mlake.data import load
from mlake.data.stats.counts import Distribution, Frequency
from mlake.data.stats.describe import LanguageStats, Stats, describe
from mlake.data.stats.views import FIGURES, TABLE5, figure
from mlake.languages import language
from mlake.safe import plain

__all__ = ["stats"]

_NONE = "–"
_SHOWN = 3
_PARTS = "; ".join(f"{name}: {part.title}" for name, part in FIGURES.items())


@click.command(epilog="\b\nExamples:\n  mlake data stats mini\n  mlake data stats mini --figure b --lang en")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON, nothing else.")
@click.option("--figure", "part", type=click.Choice([*FIGURES]), help=f"Print only what it draws. {_PARTS}.")
@click.option("--lang", default="all", show_default=True, help="Languages to count: en,de or all.")
@MIRROR
def stats(name: str, as_json: bool, part: str | None, lang: str, mirror: Path | None) -> None:
    """Count what data set NAME (or a file of facts) holds: the paper's Table 5 and Figure 8.

    For the data set mlake, the paper's numbers stand next to the counted ones. --figure prints one part of
    Figure 8 as CSV, or as JSON with --json.
    """
    langs = None if lang == "all" else [language(code.strip()).code for code in lang.split(",")]
    found = describe(load(name, mirror=mirror), langs)
    if part:
        rows = figure(found, part)
        click.echo(json.dumps(rows, indent=1) if as_json else _csv(["lang", *FIGURES[part].columns], rows))
    elif as_json:
        click.echo(json.dumps(asdict(found), indent=1))
    else:
        click.echo("\n".join(_page(found, paper=name == "mlake")))


def _csv(columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow(plain(value) if isinstance(value, str) else value for value in row.values())
    return buffer.getvalue().removesuffix("\n")


def _page(found: Stats, *, paper: bool) -> Iterator[str]:
    yield plain(f"{found.name} {found.revision}: {found.facts} facts")
    sections: dict[str, Callable[[LanguageStats], dict[str, str]]] = {
        "Table 5" + (" (the paper's numbers)" if paper else ""): partial(_table5, paper=paper),
        "Questions": _questions,
        "Different entities": _entities,
        "Different relations": _relations,
        "Length of questions: mean (quartiles)": _lengths,
        "Aliases of an answer: mean (quartiles)": _aliases,
        "Share of the most frequent answer": _floors,
    }
    grid: list[list[str]] = []
    for title, count in sections.items():
        rows = [count(one) for one in found.languages]
        names = dict.fromkeys(name for cells in rows for name in cells)
        body = [[f"  {name}", *(cells.get(name, _NONE) for cells in rows)] for name in names]
        grid += [[], [title, *(one.lang for one in found.languages)], *body] if body else []
    yield from _aligned(grid)
    if found.chain_ids:
        ids = ", ".join(f"{kind} {count}" for kind, count in found.chain_ids.items())
        yield from ("", f"Different Wikidata ids in the chains of these languages together: {ids}")
    for one in found.languages:
        yield from ("", f"Most frequent in {one.lang}", *_most_frequent(one))


def _aligned(grid: Sequence[Sequence[str]]) -> Iterator[str]:
    """Lines with the first column flush left and the others flush right; empty lines stay empty."""
    widths = [max(map(len, column)) for column in zip(*filter(None, grid), strict=True)]
    for line in grid:
        cells = (f"{cell:>{width}}" for cell, width in zip(line[1:], widths[1:], strict=False))
        yield "  ".join([f"{line[0]:<{widths[0]}}", *cells]) if line else ""


def _table5(one: LanguageStats, *, paper: bool) -> dict[str, str]:
    cells = {}
    for row in TABLE5:
        count = row.count(one)
        printed = f" ({row.paper[one.lang]})" if paper and one.lang in row.paper else ""
        cells[row.title] = (_NONE if count is None else str(count)) + printed
    return cells


def _questions(one: LanguageStats) -> dict[str, str]:
    lost = {f"{kind}, of no fact": str(count) for kind, count in one.unlinked.items()}
    return {kind: str(count) for kind, count in one.questions.items()} | lost


def _entities(one: LanguageStats) -> dict[str, str]:
    answers = {f"{kind}, answers": str(own.answers) for kind, own in one.entities.items()}
    return answers | {f"{kind}, Wikidata ids": str(own.ids) for kind, own in one.entities.items() if own.ids}


def _relations(one: LanguageStats) -> dict[str, str]:
    cells = {"facts": str(len(one.fact_relations))} if one.fact_relations else {}
    for kind, chains in one.chains.items():
        cells |= {f"{kind}, hop {at}": str(len(hop)) for at, hop in enumerate(chains.hops, 1)}
    return cells


def _lengths(one: LanguageStats) -> dict[str, str]:
    return {"counted in": one.unit} | {kind: _summary(own) for kind, own in one.lengths.items()}


def _aliases(one: LanguageStats) -> dict[str, str]:
    by_answer = {f"{name}, by different answer": _summary(own) for name, own in one.aliases_by_answer.items()}
    return {name: _summary(own) for name, own in one.aliases.items()} | by_answer


def _floors(one: LanguageStats) -> dict[str, str]:
    return {name: _percent(own.floor) for name, own in one.answers.items()}


def _most_frequent(one: LanguageStats) -> Iterator[str]:
    rows = {"facts, relations": one.fact_relations}
    for kind, chains in one.chains.items():
        rows |= {f"{kind}, relations": chains.relations, f"{kind}, entities": chains.entities}
    rows |= {f"{name}, answers": own.frequencies for name, own in one.answers.items()}
    for title, frequencies in rows.items():
        if frequencies:
            yield f"  {title}: {', '.join(map(_named, frequencies[:_SHOWN]))}"


def _named(row: Frequency) -> str:
    return plain(f"{row.id or ''} {row.label or ''} {_percent(row.share)}")


def _summary(own: Distribution) -> str:
    return f"{own.mean:.1f} ({own.q1:g} {own.median:g} {own.q3:g})"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
