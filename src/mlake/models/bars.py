"""Progress of long work: a bar over tokens, and shares of the work told as facts."""

from collections.abc import Callable
from typing import NoReturn

from tqdm import tqdm

__all__ = ["Told", "token_bar"]

_PATIENCE = 5  # seconds without a bar


def token_bar(doing: str, total: int, *, done: int = 0) -> "tqdm[NoReturn]":
    """A bar on standard error with the time left, where that is a terminal and the work takes a while.

    Args:
        doing: What is being done.
        total: Tokens in all.
        done: Tokens that an earlier run has done.
    """
    return tqdm(
        total=total,
        initial=done,
        desc=doing,
        unit="token",
        unit_scale=True,
        disable=None,
        delay=_PATIENCE,
        leave=False,
        dynamic_ncols=True,
    )


class Told:
    """Turns shares of the work on some facts into whole facts just finished, which add up to all of them."""

    def __init__(self, facts: int, progress: Callable[[int], object]):
        """Starts with nothing done.

        Args:
            facts: Facts that are worked on together.
            progress: Called with the number of facts just finished.
        """
        self.facts, self.progress, self.done = facts, progress, 0

    def share(self, done: float) -> None:
        """Tell of the facts that a share of the work, from 0 to 1, amounts to, if more than before."""
        facts = int(self.facts * done)
        if facts > self.done:
            self.progress(facts - self.done)
            self.done = facts

    def finish(self) -> None:
        """Tell of the facts that are left."""
        self.share(1.0)
