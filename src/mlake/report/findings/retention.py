"""Retention: when facts are edited one after another, are the earlier ones still there at the end?

A sequential method edits the facts of a batch in the order of the data set and is asked about all of them
after the last one. Those edited first have had the most edits put on top of them. If they are answered
worse than the last ones, edits wear off: the slope of success over the place in the batch is positive.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlake.errors import RunError
from mlake.report.paper.compare import INTERVAL, labels
from mlake.report.rundata import RunData
from mlake.report.statistics.bootstrap import LEVEL, interval, resamples
from mlake.report.statistics.paired import Numbers, ratio
from mlake.report.table import Cell, Table

__all__ = ["Retention", "retained", "retention"]

_SAME, _OTHER = "the same", "others"
_QUARTERS = 4


@dataclass(frozen=True, slots=True)
class Retention:
    """Success by place in the batch.

    Attributes:
        answers: Number of answers.
        quarters: Mean success in each quarter of the batch, the first edited first; None without answers.
        change: Success in the later half less that in the earlier one; None if one is empty.
        change_span: Its 95 % bootstrap interval over facts; None with fewer than two facts.
        slope: Fitted rise of success from one place to the next (least squares); None if all facts stand
            at one place.
        slope_span: Its interval.
    """

    answers: int
    quarters: tuple[float | None, ...]
    change: float | None
    change_span: tuple[float, float] | None
    slope: float | None
    slope_span: tuple[float, float] | None


def retained(
    places: NDArray[np.int_], sizes: NDArray[np.int_], values: Numbers, facts: Sequence[str]
) -> Retention:
    """Success by place, with intervals that resample facts.

    Args:
        places: (n,) place of the edit in its batch, from 0.
        sizes: (n,) edits in that batch.
        values: (n,) scores.
        facts: (n,) the fact of each score.
    """
    index = {fact: place for place, fact in enumerate(dict.fromkeys(facts))}
    quarter = _QUARTERS * places // sizes
    later = 2 * places >= sizes
    ones = np.ones_like(values)
    parts = [ones, places, values, places * values, places**2, later * ones, later * values]
    totals = np.zeros((len(index), len(parts)))
    np.add.at(totals, [index[fact] for fact in facts], np.stack(parts, axis=1))
    change, slope = _fitted(totals.sum(axis=0))
    drawn = _fitted(resamples(len(index)) @ totals) if len(index) > 1 else None
    return Retention(
        answers=len(values),
        quarters=tuple(_mean(values[quarter == number]) for number in range(_QUARTERS)),
        change=_number(change),
        change_span=_span(drawn[0]) if drawn else None,
        slope=_number(slope),
        slope_span=_span(drawn[1]) if drawn else None,
    )


def retention(runs: Sequence[RunData]) -> Table:
    """Success by place in the batch, for each run that edits one fact after another.

    Raises:
        RunError: The plan of such a run cannot be read.
    """
    rows: list[tuple[Cell, ...]] = []
    batched = []
    for run, label in zip(runs, labels(runs), strict=True):
        if run.spec.get("sequence") is not None:
            continue  # asked after other edits too: ``sequence_table`` shows these
        if not run.spec.get("editor", {}).get("sequential", False):
            batched.append(f"{label} on {run.spec.get('model')}")
            continue
        rows += [(str(run.spec.get("model")), label, *row) for row in _rows(run)]
    notes = [
        "Right: the new answer and no old one (contains), on direct questions, asked after the last edit of "
        "a batch; asked in: the language of the edit, or all others.",
        "Later: the second half of a batch. Slope: percentage points for ten places later in the batch, by "
        "least squares. Positive: what was edited earlier is lost more.",
    ]
    if batched:
        notes.append(f"Not here, for all facts of a batch are edited at once: {', '.join(batched)}.")
    quarters = tuple(f"quarter {number}, %" for number in range(1, _QUARTERS + 1))
    return Table(
        name="retention",
        title="Sequential edits: how well earlier facts are kept",
        columns=(
            "model", "method", "edited in", "asked in", "answers", *quarters,
            "later less earlier", INTERVAL, "slope", f"{INTERVAL} of the slope",
        ),
        rows=tuple(rows),
        notes=tuple(notes),
    )  # fmt: skip


def _rows(run: RunData) -> Iterator[tuple[Cell, ...]]:
    """A row for each language edited in, asked in the same one and in the others."""
    places = _places(run)
    groups: defaultdict[tuple[str, str], list[tuple[int, int, float, str]]] = defaultdict(list)
    for row in run.scored:
        if row.kind == "direct" and row.scorer == "contains" and row.edit_lang is not None:
            found = places.get(row.fact or "")
            if found is not None and row.value is not None:
                asked = _SAME if row.test_lang == row.edit_lang else _OTHER
                groups[row.edit_lang, asked].append((*found, row.value, str(row.fact)))
    for (edit, asked), group in groups.items():
        place, size, value, facts = zip(*group, strict=True)
        one = retained(np.array(place), np.array(size), np.array(value), facts)
        yield (
            *(edit, asked, one.answers),
            *(_scaled(share, 100) for share in one.quarters),
            *(_scaled(one.change, 100), _shown(one.change_span, 100)),
            *(_scaled(one.slope, 1000), _shown(one.slope_span, 1000)),
        )


def _places(run: RunData) -> Mapping[str, tuple[int, int]]:
    """Place in its batch, and size of the batch, by fact."""
    path = run.folder / "plan.json"
    try:
        batches = json.loads(path.read_text(encoding="utf-8"))["batches"]
        return {fact: (place, len(batch)) for batch in batches for place, fact in enumerate(batch)}
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise RunError(
            f"cannot read the order of edits in {path} ({reason}); delete the file and run again"
        ) from error


def _fitted(totals: Numbers) -> tuple[Numbers, Numbers]:
    """Change and slope: (..., 7) sums give (...,) each, NaN where undefined."""
    count, place, value, product, square, late, late_value = np.moveaxis(totals, -1, 0)
    change = ratio(late_value, late) - ratio(value - late_value, count - late)
    slope = ratio(count * product - place * value, count * square - place**2)
    return change, slope


def _mean(values: Numbers) -> float | None:
    return float(values.mean()) if len(values) else None


def _number(value: Numbers) -> float | None:
    return float(value) if np.isfinite(value) else None


def _span(drawn: Numbers) -> tuple[float, float] | None:
    """Ends of the interval over the resamples that have a value; None if fewer than half have one."""
    defined = np.isfinite(drawn)
    if defined.mean() < 0.5:
        return None
    drawn = drawn[defined]
    low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def _scaled(value: float | None, factor: float) -> float | None:
    return None if value is None else factor * value


def _shown(span: tuple[float, float] | None, factor: float) -> str | None:
    return None if span is None else interval(factor * span[0], factor * span[1])
