"""Stored runs side by side: what their edits gain and what they cost, as a table of docs/results.md."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.stored import RESULTS, StoredRun
from mlake.report.findings.hops import hops
from mlake.report.findings.trade import Trade, trades
from mlake.report.rundata import RunData
from mlake.report.statistics.intervals import Estimate
from mlake.report.table import Cell, Table

__all__ = ["COSTS", "beside", "chains", "cost", "cost_columns", "percent", "points", "run_data"]

COSTS = RESULTS / "methods-gemma3-270m.jsonl"
"""Seconds, memory and bytes of an edit by each method: what ``python -m benchmarks.methods`` printed."""

_AXES = (
    "own language",
    "rephrased",
    "other languages",
    "two hops",
    "two hops, other languages",
    "other facts kept",
)


def beside(runs: Mapping[str, StoredRun]) -> str:
    """A row for each run and language or set edited in, as Markdown."""
    columns = ("run", "edited in", *_AXES, "held-out text", *cost_columns())
    return Table("trade", "Side by side", columns, tuple(_row(one) for one in points(runs))).markdown()


def chains(runs: Mapping[str, StoredRun]) -> str:
    """Two-hop questions of each run by which of their hops it knows, as Markdown."""
    return hops([run_data(name, run) for name, run in runs.items()]).markdown()


def points(runs: Mapping[str, StoredRun]) -> list[Trade]:
    """What each run gains and costs, for each language or set edited in."""
    return trades([run_data(name, run) for name, run in runs.items()])


def run_data(name: str, run: StoredRun) -> RunData:
    """A stored run as tables and figures take it."""
    return RunData(Path(name), run.spec, (), run.scored, ())


def _row(one: Trade) -> tuple[Cell, ...]:
    shares = (percent(one.shares[name]) for name in _AXES)
    rise = None if one.rise is None else f"{one.rise:+.3f}"
    return (str(one.run.folder), one.edit, *shares, rise, *cost(one))


def percent(share: Estimate) -> str | None:
    """A share with its interval, in per cent."""
    if share.value is None:
        return None
    low, high = (100 * (end or 0.0) for end in (share.low, share.high))
    return f"{100 * share.value:.1f} [{low:.1f}, {high:.1f}]"


def cost_columns() -> tuple[str, ...]:
    """Headings of what ``cost`` gives: of how many facts it is."""
    facts = next((f", {row['facts']} facts" for row in _costs()[1:]), "")
    return (f"seconds{facts}", "peak MB", "edit MB")


def cost(one: Trade) -> Iterator[Cell]:
    """What an edit in one language cost, where it was measured of this model with the same settings."""
    spec, (machine, *rows) = one.run.spec, _costs() or [{}]
    same = all(machine.get(name) == spec.get(name) for name in ("model_revision", "dtype"))
    same = same and "+" not in one.edit
    row = next((row for row in rows if same and row["editor"] == spec["editor"]), {})
    seconds, peak, size = (row.get(name) for name in ("seconds", "peak_bytes", "edit_bytes"))
    yield None if seconds is None else f"{seconds:.3g}"
    yield None if peak is None else f"{peak / 1e6:.0f}"
    yield None if size is None else f"{size / 1e6:.1f}"


def _costs() -> list[dict[str, Any]]:
    """The machine, and what each method cost there."""
    if not COSTS.exists():
        return []
    return [json.loads(line) for line in COSTS.read_text(encoding="utf-8").splitlines()]
