"""Cross-lingual consistency: is an edited model right about the same facts in two languages, or in all?"""

from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from mlake.report.findings.fact_values import fact_values
from mlake.report.paper.compare import INTERVAL, labels, measured
from mlake.report.rundata import RunData
from mlake.report.statistics.intervals import clustered_mean
from mlake.report.table import Cell, Table

__all__ = ["consistency", "languages_right"]

_SCORED = "Right: the new answer and no old one (contains), on direct questions about the edited facts."


def consistency(runs: Sequence[RunData]) -> Table:
    """How often a fact is answered right in both of two languages, for every language edited in.

    "Both" says how far an edit reaches, "both, of either" how far two languages agree on what was reached:
    100 if the same facts are right in both, whatever their number. This is the overlap of correct answers
    by which Jiang et al. (2020, X-FACTR) compare languages, here of answers about the edited facts.
    """
    return Table(
        name="consistency",
        title="Facts that are answered right in two languages at once",
        columns=(
            "model", "method", "edited in", "asked in", "and in", "facts", "both, %", INTERVAL,
            "both, of either, %",
        ),
        rows=tuple(
            (*names, edit, langs[one], langs[other], *_both(cells[:, one], cells[:, other]))
            for names, edit, langs, cells in _edited(runs)
            for one, other in combinations(range(len(langs)), 2)
            if np.isfinite(cells[:, one] + cells[:, other]).any()
        ),
        notes=(_SCORED, "Both, of either: facts right in both languages, of those right in one at least."),
    )  # fmt: skip


def languages_right(runs: Sequence[RunData]) -> Table:
    """In how many languages a fact is answered right, for every language edited in.

    Only facts that are asked about in all languages of the run count.
    """
    found = [(names, edit, _counts(cells)) for names, edit, _, cells in _edited(runs)]
    most = max((len(counts) - 1 for _, _, counts in found), default=0)
    return Table(
        name="languages-right",
        title="In how many languages a fact is answered right",
        columns=("model", "method", "edited in", "facts", *(f"in {k}" for k in range(most + 1)), "mean"),
        rows=tuple(_shares((*names, edit), counts, most) for names, edit, counts in found if sum(counts)),
        notes=(_SCORED, "Facts that are not asked about in every language of the run are left out."),
    )


def _edited(
    runs: Sequence[RunData],
) -> Iterator[tuple[tuple[str, str], str, tuple[str, ...], NDArray[np.float64]]]:
    """Model and method, what was edited in, languages asked in, and values (facts, languages asked in)."""
    for run, label in zip(runs, labels(runs), strict=True):
        found = fact_values([run], "direct", "contains")
        for place, edit in enumerate((*found.langs, *found.sets), start=1):
            cells = found.values[0, :, place]
            asked = [at for at, column in enumerate(cells.T) if np.isfinite(column).any()]
            if asked:
                langs = tuple(found.langs[at] for at in asked)
                yield (str(run.spec.get("model")), label), edit, langs, cells[:, asked]


def _both(one: NDArray[np.float64], other: NDArray[np.float64]) -> tuple[Cell, ...]:
    present = np.isfinite(one) & np.isfinite(other)
    both, either = np.minimum(one, other)[present], np.maximum(one, other)[present]
    estimate = clustered_mean(both.tolist(), range(len(both)))
    shared = 100 * float(both.sum() / either.sum()) if either.any() else None
    return (*measured(estimate), shared)


def _counts(cells: NDArray[np.float64]) -> list[int]:
    """How many facts are right in 0, 1, ... languages."""
    complete = cells[np.isfinite(cells).all(axis=1)]
    counts = np.bincount((complete == 1).sum(axis=1), minlength=cells.shape[1] + 1)
    return [int(count) for count in counts]


def _shares(names: tuple[str, ...], counts: list[int], most: int) -> tuple[Cell, ...]:
    facts = sum(counts)
    mean = sum(k * count for k, count in enumerate(counts)) / facts
    missing: list[Cell] = [None] * (most + 1 - len(counts))
    return (*names, facts, *counts, *missing, mean)
