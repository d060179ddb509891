"""The table of docs/choose.md: which method does best at what, from stored runs of every method.

Runs are those whose folders stand below ``benchmarks/results/methods-gemma3-270m``; what an edit costs is
what ``python -m benchmarks.methods`` printed. Nothing is typed.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from benchmarks.marks import between
from benchmarks.stored import RESULTS
from benchmarks.trade import cost, cost_columns, percent
from mlake.report.findings.trade import Trade, best
from mlake.report.table import Cell, Table

__all__ = ["CHOOSE", "RUNS", "answers", "filled", "names"]

CHOOSE = "choose.md"
RUNS = "methods-gemma3-270m"
_NOTHING = "*Not filled yet: the runs of all methods are not stored.*\n"
_USEFUL = 0.5
_SHOWN = ("own language", "rephrased", "other languages", "two hops", "other facts kept")


def names() -> list[str]:
    """The stored runs of every method, as folders below ``RESULTS``."""
    return sorted(str(path.parent.relative_to(RESULTS)) for path in (RESULTS / RUNS).glob("*/spec.json"))


def _most(axis: str, points: Sequence[Trade]) -> list[Trade]:
    """The point with the largest share, first, and those whose intervals meet that one's."""
    told = [one for one in points if one.shares[axis].value is not None]
    top = max(told, key=partial(_value, axis), default=None)
    if top is None:
        return []
    least = top.shares[axis].low or 0.0
    rest = [one for one in told if one is not top and (one.shares[axis].high or 0.0) >= least]
    return [top, *sorted(rest, key=partial(_value, axis), reverse=True)]


def _value(axis: str, one: Trade) -> float:
    return one.shares[axis].value or 0.0


def _keeping(points: Sequence[Trade]) -> list[Trade]:
    """As ``_most`` of other facts kept, among those with half of the best's new answers."""
    top = max((_value("own language", one) for one in points), default=0.0)
    return _most("other facts kept", [one for one in points if _value("own language", one) >= _USEFUL * top])


def _balanced(points: Sequence[Trade]) -> list[Trade]:
    top = best(points)
    return [] if top is None else [top]


WISHES: dict[str, Callable[[Sequence[Trade]], list[Trade]]] = {
    "new answers to the very question, in its language": partial(_most, "own language"),
    "also to rephrased questions": partial(_most, "rephrased"),
    "also in other languages": partial(_most, "other languages"),
    "also what follows over two hops": partial(_most, "two hops"),
    "other facts kept, with half of the best's new answers": _keeping,
    "new answers in all languages and other facts kept": _balanced,
}
"""What a reader wants, and the methods that do it best, the first one first."""


def answers(points: Sequence[Trade]) -> Table:
    """A row for each wish: the best method, its numbers, and those that cannot be told from it.

    Args:
        points: Every method once, edited in one language.
    """
    rows = tuple(row for wish, pick in WISHES.items() for row in _row(wish, pick(points)))
    columns = ("you want", "take", *_SHOWN, *cost_columns(), "no worse, as far as told")
    return Table("choose", "Which method", columns, rows)


def _row(wish: str, found: Sequence[Trade]) -> Iterator[tuple[Cell, ...]]:
    for top in found[:1]:
        alike = ", ".join(one.label for one in found[1:])
        shares = (percent(top.shares[name]) for name in _SHOWN)
        yield (wish, top.label, *shares, *cost(top), alike or None)


def filled(page: str, points: Sequence[Trade]) -> str:
    """The page with its table made anew."""
    return between(page, "methods", answers(points).markdown() if points else _NOTHING)
