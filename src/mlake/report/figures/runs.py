"""What figures read from runs: names that tell runs apart, and the rows to draw."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.figure import Figure

from mlake.errors import RunError
from mlake.languages.sets import is_own
from mlake.report.figures.style import FONT_NOTE, covered, label, method_marks, method_name
from mlake.report.paper.compare import WITHOUT_SUBJECT
from mlake.report.rundata import RunData, model_name
from mlake.report.table import Cell
from mlake.report.tidy import TidyRow
from mlake.safe import plain

__all__ = [
    "HOPS",
    "ROW_COLUMNS",
    "Shown",
    "font_notes",
    "head",
    "lacking",
    "own",
    "row_cells",
    "short_models",
    "shown",
    "without_subject",
]

HOPS = {"direct": "direct", "multihop": "two-hop"}
"""The two kinds of question of the paper, with the names that panels have."""

ROW_COLUMNS = ("edited in", "asked in", "kind", "scorer", "n", "effective n", "value", "low", "high")
"""Columns of a tidy row in a figure's data."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A run as a figure names it.

    Attributes:
        run: The run.
        model: Its model, as drawn: without the organisation, where no other model has the same name.
        full: Its model, as in tables and files.
        method: Its method's name in tables and files.
        title: Its method, as drawn; with the folder where two runs would have the same name.
    """

    run: RunData
    model: str
    full: str
    method: str
    title: str


def shown(name: str, runs: Sequence[RunData]) -> list[Shown]:
    """Runs by model, in the order given, and method, in the paper's order.

    Args:
        name: The figure, for the error.
        runs: Runs.

    Raises:
        RunError: There is none.
    """
    if not runs:
        raise RunError(f"{name} needs at least one run, got none; name the folder of a run")
    pairs = [(model_name(run.spec), str(run.spec.get("method", "unknown"))) for run in runs]
    bare = [without_subject(run.spec) for run in runs]
    models = list(dict.fromkeys(model for model, _ in pairs))
    methods = list(method_marks(method for _, method in pairs))
    short = short_models(models)
    twice = Counter(zip(pairs, bare, strict=True))
    order = sorted(range(len(runs)), key=lambda at: (models.index(pairs[at][0]), methods.index(pairs[at][1])))
    return [
        Shown(
            run=runs[at],
            model=short[pairs[at][0]],
            full=plain(pairs[at][0]),
            method=pairs[at][1],
            title=method_name(pairs[at][1])
            + (", no subject" if bare[at] else "")
            + (f" ({label(runs[at].folder.name)})" if twice[pairs[at], bare[at]] > 1 else ""),
        )
        for at in order
    ]


def without_subject(spec: Mapping[str, Any]) -> bool:
    """Whether a run's edits are keyed at the last token of the question or prompt, not at the subject's."""
    return spec.get("editor", {}).get("key") in WITHOUT_SUBJECT


def short_models(models: Iterable[str]) -> dict[str, str]:
    """Names of models as drawn: without the organisation, where that leaves them different."""
    short = {model: model.rstrip("/").rsplit("/", 1)[-1] for model in models}
    twice = Counter(short.values())
    return {model: label(model if twice[name] > 1 else name, width=26) for model, name in short.items()}


def head(figure: Figure, every: Iterable[Shown]) -> Callable[[Shown], str]:
    """Writes the model over a figure if it is one, and gives the titles of panels: else both."""
    models = set(one.model for one in every)
    if len(models) == 1:
        figure.suptitle(*models)
        return lambda one: one.title
    return lambda one: f"{one.model}\n{one.title}"


def own(run: RunData, kind: str, scorer: str) -> list[TidyRow]:
    """The numbers of edits asked in a language that they are stated in."""
    return [
        row
        for row in run.rows
        if (row["kind"], row["scorer"]) == (kind, scorer)
        and is_own(row["edit_lang"], row["test_lang"])
        and row["value"] is not None
    ]


def row_cells(row: TidyRow) -> tuple[Cell, ...]:
    """A tidy row under ``ROW_COLUMNS``."""
    edited = row["edit_lang"] or row["method"]
    numbers = (row["n"], row["effective"], row["value"], row["low"], row["high"])
    return (edited, row["test_lang"], row["kind"], row["scorer"], *numbers)


def lacking(name: str, what: str, remedy: str) -> RunError:
    """The error of runs that have nothing to draw."""
    return RunError(f"{name} needs {what}, the runs have none; {remedy}")


def font_notes(names: Iterable[object]) -> tuple[str, ...]:
    """The note that a table needs whose figure cannot draw all names."""
    return () if all(covered(str(name)) for name in names) else (FONT_NOTE,)
