"""What a stage of a build is: a row that says what it reads and how it makes its rows of that."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from mlake.construct.context import Context
from mlake.data.faults import FILLED, OBJECT, Shape, faults

__all__ = ["Drop", "Made", "Row", "Rows", "Stage", "row_faults"]

Row = dict[str, Any]
"""A line of a stage's file."""

Rows = Mapping[str, Sequence[Row]]
"""Name of an earlier stage to its rows."""


class Drop(NamedTuple):
    """What a stage left out.

    Attributes:
        id: Id of the fact, or of whatever was left out.
        rule: Name of the rule that left it out.
        why: What the rule found, in one line.
    """

    id: str
    rule: str
    why: str


class Made(NamedTuple):
    """What a stage made.

    Attributes:
        rows: Its rows in order.
        drops: What it left out.
        files: Path in the build's folder to content: what is made beside the rows.
    """

    rows: Sequence[Row]
    drops: Sequence[Drop] = ()
    files: Mapping[str, bytes] = {}

    def counted(self) -> dict[str, int]:
        """Rule to how much it left out, in the order of the drops."""
        return dict(Counter(drop.rule for drop in self.drops))


def _any_row() -> Shape:
    return OBJECT | {"properties": {"id": FILLED}, "required": ["id"]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One step of a build.

    Attributes:
        name: Its name, and that of its files.
        title: What it does, in one phrase.
        reads: The earlier stages whose rows it is made of.
        uses: Names of what it is made of besides, such as ``source``: keys of the context's inputs.
        make: Makes its rows; the same of the same.
        shape: The schema of a row.
        key: The fields that together name a row.
    """

    name: str
    title: str
    reads: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()
    make: Callable[[Context, Rows], Made]
    shape: Callable[[], Shape] = _any_row
    key: tuple[str, ...] = ("id",)


def row_faults(stage: Stage, rows: Sequence[Row]) -> list[tuple[int, str]]:
    """Line numbers from 1, and what is wrong there: a field's value, or a row that stands there twice."""
    shape, found = stage.shape(), []
    first: dict[tuple[Any, ...], int] = {}
    for number, row in enumerate(rows, 1):
        wrong = [f"{field or 'the line'} {what}" for field, what in faults(row, shape)]
        if not wrong:
            key = tuple(row[name] for name in stage.key)
            if first.setdefault(key, number) != number:
                wrong = [f"{' and '.join(stage.key)} stand in line {first[key]} already"]
        found += [(number, what) for what in wrong]
    return found
