"""Progress of long work on tokens."""

from typing import NoReturn

from tqdm import tqdm

__all__ = ["token_bar"]

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
