"""The README's table and figure of methods, from the stored runs of every method."""

import re
from collections.abc import Iterator, Mapping, Sequence

from benchmarks.marks import between, part
from benchmarks.pictures import small
from benchmarks.stored import StoredRun
from benchmarks.trade import cost, cost_columns, points, run_data
from mlake.editing.methods import EDITORS
from mlake.report.figures import trade_figure
from mlake.report.findings.trade import Trade, best

__all__ = ["FIGURE", "NAME", "drawn", "filled"]

FIGURE, NAME = "methods.png", "table of methods"
_AXES = {
    "own": "own language",
    "rephrased": "rephrased",
    "other four": "other languages",
    "two hops": "two hops",
    "kept": "other facts kept",
}
_ROW = re.compile(r"^\| `([\w-]+)` \| (.*?) \|", re.MULTILINE)


def drawn(runs: Mapping[str, StoredRun]) -> bytes:
    """The figure as PNG: new answers in all languages against other facts kept."""
    return small(trade_figure([run_data(name, run) for name, run in runs.items()]).rendered("png"))


def filled(page: str, runs: Mapping[str, StoredRun]) -> str:
    """The README with its table made anew; what it says of each method's paper stays."""
    found = {one.run.spec["method"]: one for one in points(runs)}
    papers = dict(_ROW.findall(part(page, NAME)))
    columns = (*_AXES, "text", *cost_columns())
    head = ("method", "paper", *columns)
    rules = ("---", "---", *("---:" for _ in columns))
    lines = [
        head,
        rules,
        *((f"`{name}`", papers[name], *_cells(found.get(name), len(columns))) for name in EDITORS),
    ]
    table = "".join(f"| {' | '.join(line)} |\n" for line in lines)
    return between(page, NAME, table + _named(list(found.values())))


def _cells(one: Trade | None, count: int) -> Iterator[str]:
    if one is None:
        yield from ("–" for _ in range(count))
        return
    for axis in _AXES.values():
        value = one.shares[axis].value
        yield "–" if value is None else f"{100 * value:.0f}"
    yield "–" if one.rise is None else f"{one.rise:+.2f}"
    yield from (str(cell or "–") for cell in cost(one))


def _named(found: Sequence[Trade]) -> str:
    """The best point in a sentence."""
    top = best(found)
    if top is None:
        return ""
    gained, kept = (100 * (top.shares[axis].value or 0.0) for axis in ("all languages", "other facts kept"))
    return (
        "\nOf these the number to beat, new answers in all five languages times other facts kept: "
        f"`{top.label}`, {gained:.0f} % times {kept:.0f} %.\n"
    )
