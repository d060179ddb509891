"""Methods side by side: what an edit gains, in what languages, and what it costs the rest of the model."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import NamedTuple

from mlake.languages.sets import is_other, is_own
from mlake.report.paper.compare import INTERVAL, labels, measured
from mlake.report.rundata import RunData, model_name
from mlake.report.statistics.intervals import Estimate, clustered_mean
from mlake.report.table import Cell, Table
from mlake.scorers.row import ScoredRow

__all__ = ["AXES", "TRADE_MEASURES", "Trade", "best", "trade_table", "trades"]

TRADE_MEASURES = ("contains", "old_kept", "heldout_nll")


class _Axis(NamedTuple):
    """A share of answers: their kind and score, and in which languages they were asked."""

    kind: str
    scorer: str
    fits: Callable[[str | None, str], bool]


def _edited(edit: str | None, test: str) -> bool:
    return edit is not None


AXES = {
    "own language": _Axis("direct", "contains", is_own),
    "rephrased": _Axis("paraphrase", "contains", is_own),
    "other languages": _Axis("direct", "contains", is_other),
    "all languages": _Axis("direct", "contains", _edited),
    "two hops": _Axis("multihop", "contains", is_own),
    "two hops, other languages": _Axis("multihop", "contains", is_other),
    "other facts kept": _Axis("locality", "old_kept", _edited),
}
"""What is compared, all in per cent of answers."""

_SHOWN = [name for name in AXES if name != "all languages"]


@dataclass(frozen=True, slots=True)
class Trade:
    """One run, edited in one language or set.

    Attributes:
        run: The run.
        label: Its method, told from others.
        edit: What was edited in.
        shares: Each of ``AXES`` to its share.
        rise: Nats a token by which held-out text became less likely, mean over languages; None where it was
            not measured.
    """

    run: RunData
    label: str
    edit: str
    shares: dict[str, Estimate]
    rise: float | None


def trades(runs: Sequence[RunData]) -> list[Trade]:
    """What each run gains and costs, for each language or set edited in."""
    found = []
    for run, label in zip(runs, labels(runs), strict=True):
        for edit in run.spec["edit_langs"]:
            own = [row for row in run.scored if row.edit_lang == edit and row.value is not None]
            shares = {name: _share(own, axis) for name, axis in AXES.items()}
            found.append(Trade(run, label, edit, shares, _rise(run.scored, edit)))
    return found


def _share(rows: Iterable[ScoredRow], axis: _Axis) -> Estimate:
    fits = [
        row
        for row in rows
        if (row.kind, row.scorer) == (axis.kind, axis.scorer) and axis.fits(row.edit_lang, row.test_lang)
    ]
    return clustered_mean([row.value or 0.0 for row in fits], [row.cluster for row in fits])


def _rise(rows: Sequence[ScoredRow], edit: str) -> float | None:
    """How much less likely held-out text is, over the languages in which both were measured."""
    sides: dict[str | None, dict[str, list[float]]] = {None: {}, edit: {}}
    for row in rows:
        if row.scorer == "heldout_nll" and row.edit_lang in sides and row.value is not None:
            sides[row.edit_lang].setdefault(row.test_lang, []).append(row.value)
    both = sides[None].keys() & sides[edit].keys()
    return fmean(fmean(sides[edit][one]) - fmean(sides[None][one]) for one in both) if both else None


def best(points: Iterable[Trade]) -> Trade | None:
    """The point with the largest geometric mean of new answers over all languages and other facts kept."""
    whole = [one for one in points if all(one.shares[name].value is not None for name in _BOTH)]
    return max(whole, key=_product, default=None)


_BOTH = ("all languages", "other facts kept")


def _product(one: Trade) -> float:
    first, second = (one.shares[name].value or 0.0 for name in _BOTH)
    return first * second


def trade_table(runs: Sequence[RunData]) -> Table:
    """A row for each run and language or set edited in.

    Args:
        runs: Runs of any models and methods.
    """
    points = trades(runs)
    columns = [column for name in _SHOWN for column in (f"{name}, %", f"{INTERVAL} ({name})")]
    notes = [
        "direct questions where not said otherwise; rephrased: in the language edited in; other facts kept: "
        "of those that the unedited model answers truly, in all languages asked in",
        "held-out text: rise of its negative log-likelihood, nats a token",
    ]
    top = best(points)
    if top is not None:
        gained, kept = (measured(top.shares[name]).percent for name in _BOTH)
        notes.append(
            f"the largest product of new answers over all languages ({gained:.1f} %) and other facts kept "
            f"({kept:.1f} %): {top.label}, edited in {top.edit}"
        )
    return Table(
        name="methods",
        title="Methods side by side",
        columns=("model", "method", "edited in", "facts", *columns, "held-out text"),
        rows=tuple(map(_row, points)),
        notes=tuple(notes),
    )


def _row(one: Trade) -> tuple[Cell, ...]:
    cells = [cell for name in _SHOWN for cell in _cells(one.shares[name])]
    facts = len({row.fact for row in one.run.scored if row.edit_lang == one.edit and row.kind == "direct"})
    return (model_name(one.run.spec), one.label, one.edit, facts, *cells, one.rise)


def _cells(share: Estimate) -> tuple[Cell, Cell]:
    return measured(share)[1:]
