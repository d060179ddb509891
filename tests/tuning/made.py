"""Made-up trials."""

from collections.abc import Mapping
from typing import Any

from mlake.tuning.trial import Measured, Trial

MANY = 20


def marks(share: float, many: int = MANY) -> str:
    return "1" * round(share * many) + "0" * (many - round(share * many))


def measured(own: float = 0.5, kept: float = 0.5, rise: float = 0.0, **more: float) -> Measured:
    """A measurement with these shares in English, others by goal."""
    found = {"own": {"en": marks(own)}, "kept": {"en": marks(kept)}}
    found |= {goal: {"de": marks(share)} for goal, share in more.items()}
    return Measured(found, {"en": rise})


def trial(number: int, *at: Measured, failed: str = "", settings: Mapping[str, Any] | None = None) -> Trial:
    """A trial measured at as many rungs."""
    return Trial(number, settings or {"a": number}, dict(enumerate(at)), failed)
