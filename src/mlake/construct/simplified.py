"""Chinese in simplified characters."""

from functools import cache
from typing import Any

__all__ = ["simplified"]


def simplified(name: str) -> str:
    """A name with its traditional characters simplified."""
    return str(_converter().convert(name))


@cache
def _converter() -> Any:
    from opencc import OpenCC

    return OpenCC("t2s")
