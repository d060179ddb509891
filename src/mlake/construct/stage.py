"""What a stage of a build is: a row that says what it reads and how it makes its rows of that."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from mlake.construct.context import Context, Settings
from mlake.construct.lines import Row
from mlake.data.faults import FILLED, OBJECT, Shape

__all__ = ["DROPPED", "ROW", "Drop", "Made", "Row", "Rows", "Stage"]

Rows = Mapping[str, Sequence[Row]]
"""Name of an earlier stage to its rows, and that name with ``DROPPED`` to what it left out."""

DROPPED = ".dropped"
"""What follows the name of a stage in that of the file of what it left out."""


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


def _any_row(settings: Settings) -> Shape:
    return ROW


ROW: Shape = OBJECT | {"properties": {"id": FILLED}, "required": ["id"]}
"""The schema of a row of which no more is known than that it has an id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One step of a build.

    Attributes:
        name: Its name, and that of its files.
        title: What it does, in one phrase.
        reads: The earlier stages whose rows it is made of, or with ``DROPPED`` what they left out.
        uses: Names of what it is made of besides, such as ``source``: keys of the context's inputs.
        make: Makes its rows; the same of the same.
        shape: The schema of a row of a build with these settings.
        key: The fields that together name a row.
    """

    name: str
    title: str
    reads: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()
    make: Callable[[Context, Rows], Made]
    shape: Callable[[Settings], Shape] = _any_row
    key: tuple[str, ...] = ("id",)
