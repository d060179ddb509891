"""What two-hop questions lack: the first hop, which was edited, the second, or the step between them."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from mlake.records import Probe, Triple
from mlake.report.paper.compare import INTERVAL, labels, measured
from mlake.report.rundata import RunData, model_name
from mlake.report.statistics.intervals import clustered_mean
from mlake.report.table import Cell, Table
from mlake.scorers.names import contains
from mlake.scorers.row import ScoredRow

__all__ = ["HOPS_MEASURES", "hops"]

HOPS_MEASURES = ("contains", "old")
_ANY = (0, 1, None)
_WHEN: dict[str, tuple[Sequence[float | None], Sequence[float | None]]] = {
    "all": (_ANY, _ANY),
    "first hop right": ((1,), _ANY),
    "first hop wrong": ((0,), _ANY),
    "both hops right": ((1,), (1,)),
    "first hop right, second wrong": ((1,), (0,)),
}
"""Name of a group of two-hop questions to what is known of their first hop and of their second."""


class _Chain(NamedTuple):
    """A two-hop question to an edited model, with its parts asked alone.

    Attributes:
        asked: The answer to it, by ``contains``.
        first: Whether the first hop, asked alone, gets the new answer; None where it was not asked.
        second: Whether the second hop, asked alone, is answered right; None where it was not asked.
        stayed: Whether a wrong answer names the first hop's new answer; None where that is not known.
        old: Whether the answer is what was true before the edit; None where that is not known.
        unedited: Whether the unedited model gives the answer after the edit already.
    """

    asked: ScoredRow
    first: float | None
    second: float | None
    stayed: float | None
    old: float | None
    unedited: float | None


def hops(runs: Sequence[RunData]) -> Table:
    """How two-hop questions are answered where the model has what it takes, and where it has not.

    The parts are asked of the edited model itself, in the language of the two-hop question. A question whose
    parts are both right and whose own answer is wrong lacks neither fact: the model does not go from one to
    the other.

    Args:
        runs: Runs of any models and methods.
    """
    rows = tuple(row for run, label in zip(runs, labels(runs), strict=True) for row in _rows(run, label))
    return Table(
        name="hops",
        title="Two-hop questions, by which hops the edited model knows",
        columns=(
            "model", "method", "edited in", "asked in", "where", "questions",
            "new answer, %", INTERVAL, "unedited, %", "first hop's new answer instead, %", "old answer, %",
        ),
        rows=rows,
        notes=(
            "First hop: the edited question itself, asked alone. Second hop: the question that follows it, "
            "asked alone, where the data have it (kind bridge).",
            "First hop's new answer instead: the edited answer itself is given, whatever is asked.",
            "Old answer: what was true before the edit, as if the edit were not used.",
        ),
    )  # fmt: skip


def _rows(run: RunData, label: str) -> Iterator[tuple[Cell, ...]]:
    for (edit, test), chains in _chains(run).items():
        for where, (firsts, seconds) in _WHEN.items():
            found = [one for one in chains if one.first in firsts and one.second in seconds]
            if found:
                asked = [one.asked for one in found]
                share = clustered_mean([row.value or 0 for row in asked], [row.cluster for row in asked])
                others = (
                    _mean([getattr(one, name) for one in found]) for name in ("unedited", "stayed", "old")
                )
                yield (
                    model_name(run.spec), label, edit, test, where,
                    *measured(share), *others,
                )  # fmt: skip


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return 100 * sum(known) / len(known) if known else None


def _chains(run: RunData) -> dict[tuple[str, str], list[_Chain]]:
    """By language or set edited in and language asked in, the two-hop questions with their parts.

    Questions of no known fact have parts that nothing tells, and are left out.
    """
    values = {(row.scorer, row.edit_lang, row.batch, row.probe): row.value for row in run.scored}
    firsts, seconds = _alone(run, "direct"), _alone(run, "bridge")
    edited = {
        (row.fact, row.test_lang): row.asked.probe
        for row in run.scored
        if row.kind == "direct" and row.asked is not None
    }
    chains: dict[tuple[str, str], list[_Chain]] = defaultdict(list)
    for row in run.scored:
        if (row.kind, row.scorer) != ("multihop", "contains") or row.value is None:
            continue
        if row.edit_lang is not None and row.fact is not None:
            part = _part(row)
            chains[row.edit_lang, row.test_lang].append(
                _Chain(
                    row,
                    firsts.get((*part, ())),
                    seconds.get((*part, _last(row))),
                    _stayed(row, edited.get((row.fact, row.test_lang))),
                    values.get(("old", row.edit_lang, row.batch, row.probe)),
                    values.get(("contains", None, None, row.probe)),
                )
            )
    return chains


def _stayed(row: ScoredRow, edited: Probe | None) -> float | None:
    """Whether a wrong answer to a two-hop question names what the edited question asks for."""
    if row.asked is None or edited is None or not edited.accept:
        return None
    return float(row.value == 0 and contains(replace(row.asked, probe=edited, kind="direct")) == 1)


def _alone(run: RunData, kind: str) -> dict[tuple[object, ...], float]:
    """Answers to hops asked alone, by what they have in common with a chain."""
    return {
        (*_part(row), _last(row) if kind == "bridge" else ()): row.value
        for row in run.scored
        if (row.kind, row.scorer) == (kind, "contains") and row.value is not None
    }


def _part(row: ScoredRow) -> tuple[object, ...]:
    return (row.edit_lang, row.batch, row.test_lang, row.fact)


def _last(row: ScoredRow) -> tuple[Triple, ...]:
    """The statement that a question ends on: what says which second hop belongs to which chain."""
    return row.asked.probe.triples[-1:] if row.asked else ()
