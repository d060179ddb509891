"""Tables 8 and 9: edited in each language, asked in each."""

from collections.abc import Iterator, Sequence

from mlake.kinds import KINDS
from mlake.records import Kind
from mlake.report.paper.compare import (
    HOPS,
    INTERVAL,
    NOTHING,
    OTHER_MODELS,
    RULES,
    SCORERS,
    beside,
    filled,
    labels,
    method_of,
    paper_columns,
    rows_of,
    signatures,
)
from mlake.report.rundata import RunData
from mlake.report.table import Cell, Table
from mlake.report.tidy import UNEDITED

__all__ = ["table8", "table9"]


def table8(runs: Sequence[RunData]) -> tuple[Table, ...]:
    """Transfer of MEMIT: edited in by asked in, a table per kind of question, beside the paper's diagonal.

    Args:
        runs: Runs; those of other methods are left out.
    """
    return _transfer("table8", "memit", runs)


def table9(runs: Sequence[RunData]) -> tuple[Table, ...]:
    """Transfer of StableKE, as in ``table8``.

    Args:
        runs: Runs; those of other methods are left out.
    """
    return _transfer("table9", "stableke", runs)


def _transfer(name: str, method: str, runs: Sequence[RunData]) -> tuple[Table, ...]:
    used = [run for run in runs if str(run.spec["method"]).split("-")[0] == method]
    langs = tuple(dict.fromkeys(lang for run in used for lang in run.spec["test_langs"]))
    columns = (
        *("model", "method", "scorer", "edited in", *langs, *(f"{lang} {INTERVAL}" for lang in langs)),
        *(*(f"{one}, asked in the same language" for one in paper_columns("table1")), "difference"),
    )
    notes = (
        "a row is the language edited in, a column the language asked in; cells are percent",
        "n stands beside each interval; it is smaller where facts have no subject in the language edited in",
        "the paper prints its matrix as an image; its diagonal is its Table 1, which stands beside",
        *(RULES, OTHER_MODELS, *signatures(used, SCORERS)),
    )
    title = f"Table {name.removeprefix('table')}: transfer of {method}, edited in one language, asked in each"
    tables = (
        Table(
            f"{name}-{kind}",
            f"{title}. {KINDS[kind].heading}",
            columns,
            tuple(_matrix(used, kind, langs)),
            notes,
        )
        for kind in HOPS
    )
    return filled(*tables)


def _matrix(runs: Sequence[RunData], kind: Kind, langs: Sequence[str]) -> Iterator[tuple[Cell, ...]]:
    for run, label in zip(runs, labels(runs), strict=True):
        cells, model = rows_of(run.rows), str(run.spec["model"])
        for scorer in SCORERS:
            for edit in (None, *run.spec["edit_langs"]):
                line = [cells.get((kind, scorer, edit, test), NOTHING) for test in langs]
                if any(one.n for one in line):
                    values, spans = [one.percent for one in line], [one.interval for one in line]
                    own = cells.get((kind, scorer, edit, edit or ""), NOTHING).percent
                    where = {"method": method_of(run.spec), "kind": kind} if scorer == "paper" else {}
                    paper = beside("table1", model, edit or "", own, **where)
                    yield (model, label, scorer, edit or UNEDITED, *values, *spans, *paper)
