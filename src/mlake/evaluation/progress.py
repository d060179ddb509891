"""How far a run is, on standard error: facts edited, questions answered, and the time left."""

import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from time import perf_counter
from typing import Any

from tqdm import tqdm

__all__ = ["ASKING", "EDITING", "UNEDITED", "RunBar"]

UNEDITED, EDITING, ASKING = "unedited", "editing", "asking"
"""The parts of a run's work. What the unedited model says may be known: it tells only of what it is asked."""

_FORM = "{desc}{percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} [{elapsed}<{left}]"


class RunBar:
    """A bar over facts and questions that tells the time left from the pace of each part of the work.

    A fact takes as long to edit as many questions to ask: one pace for both would tell hours for minutes.

    Attributes:
        count: Facts and questions that are done.
    """

    def __init__(
        self,
        sizes: Mapping[str, int],
        *,
        shown: bool,
        fact_worth: float = 1.0,
        clock: Callable[[], float] = perf_counter,
    ):
        """Starts with nothing done.

        Args:
            sizes: Facts or questions of each part of the work, in the order in which they are done.
            shown: Whether anything is written.
            fact_worth: How many questions' work editing one fact is, about, until both are measured.
            clock: Tells seconds.
        """
        self.count = 0
        self._worth = {UNEDITED: 1.0, EDITING: fact_worth, ASKING: 1.0}
        self._todo, self._clock = dict(sizes), clock
        self._done: defaultdict[str, int] = defaultdict(int)
        self._spent: defaultdict[str, float] = defaultdict(float)
        self._part, self._since = next(iter(sizes)), clock()
        calm = 0.5 if sys.stderr.isatty() else 30.0
        self._bar = _Bar(
            total=sum(sizes.values()),
            disable=not shown,
            mininterval=calm,
            dynamic_ncols=True,
            bar_format=_FORM,
        )
        self._bar.seconds_left = self.seconds_left

    def __enter__(self) -> "RunBar":
        """The bar."""
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the bar as it stands."""
        self._bar.close()

    @contextmanager
    def doing(self, part: str, name: str, size: int) -> Iterator[None]:
        """Name the work on the bar, and count what the work itself did not report."""
        self._bar.set_description(name)
        self._part, self._since = part, self._clock()
        before = self.count
        yield
        rest = before + size - self.count
        if part == UNEDITED:
            self.skip(part, rest)
        else:
            self.update(rest)

    def update(self, done: int) -> None:
        """Count facts or questions that the present work has just finished."""
        now = self._clock()
        self._spent[self._part] += now - self._since
        self._done[self._part] += done
        self._since = now
        self.skip(self._part, done)

    def skip(self, part: str, done: int) -> None:
        """Count what took no work."""
        self.count += done
        self._todo[part] -= done
        self._bar.update(done)

    def seconds_left(self) -> float | None:
        """Seconds for what is to be done; None before anything tells.

        A part that has no pace yet takes that of the others, a question's work for a question's work.
        """
        spent = sum(self._spent.values())
        work = sum(done * self._worth[part] for part, done in self._done.items())
        if not work:
            return None
        paces = {part: spent * self._worth[part] / work for part in self._todo}
        paces |= {part: self._spent[part] / done for part, done in self._done.items() if done}
        return sum(paces[part] * todo for part, todo in self._todo.items())


class _Bar(tqdm):  # type: ignore[type-arg]
    """Has the time left told to it."""

    seconds_left: Callable[[], float | None] = staticmethod(lambda: None)

    @property
    def format_dict(self) -> dict[str, Any]:
        """What the format can name."""
        left = self.seconds_left()
        return {**super().format_dict, "left": "?" if left is None else self.format_interval(left)}
