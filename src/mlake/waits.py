"""How long a server asks to wait."""

import time
from email.utils import parsedate_to_datetime

__all__ = ["asked_wait"]


def asked_wait(value: str | None) -> float | None:
    """Seconds that a ``Retry-After`` header asks for: a number or a date; None where it says neither."""
    if value is None:
        return None
    if value.strip().isdecimal():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None
