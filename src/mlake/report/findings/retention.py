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
from mlake.languages.sets import is_own
from mlake.report.paper.compare import INTERVAL, labels
from mlake.report.rundata import RunData
from mlake.report.statistics.intervals import apart, clustered_mean, interval, slope
from mlake.report.statistics.paired import Numbers
from mlake.report.table import Cell, Table

__all__ = ["Retention", "retained", "retention"]

_SAME, _OTHER = "the same", "others"
_QUARTERS = 4


@dataclass(frozen=True, slots=True)
class Retention:
    """Success by place in the batch.

    Attributes:
        answers: Number of answers.
        effective: Effective number of answers.
        quarters: Mean success in each quarter of the batch, the first edited first; None without answers.
        change: Success in the later half less that in the earlier one; None if one is empty.
        change_span: Its 95 % interval; None with fewer than two facts in a half.
        slope: Fitted rise of success from one place to the next (least squares); None if all facts stand
            at one place.
        slope_span: Its interval; None with fewer than two facts.
    """

    answers: int
    effective: float
    quarters: tuple[float | None, ...]
    change: float | None
    change_span: tuple[float, float] | None
    slope: float | None
    slope_span: tuple[float, float] | None


def retained(
    places: NDArray[np.int_], sizes: NDArray[np.int_], values: Numbers, facts: Sequence[str]
) -> Retention:
    """Success by place, with intervals.

    Args:
        places: (n,) place of the edit in its batch, from 0.
        sizes: (n,) edits in that batch.
        values: (n,) scores.
        facts: (n,) the fact of each score.
    """
    quarter = _QUARTERS * places // sizes
    later = 2 * places >= sizes
    names = np.array(facts)
    early, late = (clustered_mean(values[own].tolist(), names[own].tolist()) for own in (~later, later))
    rise = slope(places, values.tolist(), facts)
    return Retention(
        answers=len(values),
        effective=clustered_mean(values.tolist(), facts).effective,
        quarters=tuple(_mean(values[quarter == number]) for number in range(_QUARTERS)),
        change=None if early.value is None or late.value is None else late.value - early.value,
        change_span=apart(late, early),
        slope=rise[0] if rise else None,
        slope_span=rise[1] if rise else None,
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
        "a batch; asked in: the languages of the edit, or all others.",
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
                asked = _SAME if is_own(row.edit_lang, row.test_lang) else _OTHER
                groups[row.edit_lang, asked].append((*found, row.value, str(row.fact)))
    for (edit, asked), group in groups.items():
        place, size, value, facts = zip(*group, strict=True)
        one = retained(np.array(place), np.array(size), np.array(value), facts)
        yield (
            *(edit, asked, one.answers),
            *(_scaled(share, 100) for share in one.quarters),
            *(_scaled(one.change, 100), _shown(one, one.change_span, 100)),
            *(_scaled(one.slope, 1000), _shown(one, one.slope_span, 1000)),
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


def _mean(values: Numbers) -> float | None:
    return float(values.mean()) if len(values) else None


def _scaled(value: float | None, factor: float) -> float | None:
    return None if value is None else factor * value


def _shown(one: Retention, span: tuple[float, float] | None, factor: float) -> str | None:
    low, high = span or (None, None)
    return interval(low, high, one.answers, one.effective, factor=factor)
