"""Which items of a build were read closely, and what was found: ``reading.toml`` of this folder."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Reading", "readings"]

_FILE = Path(__file__).parent / "reading.toml"


@dataclass(frozen=True, slots=True)
class Reading:
    """A close reading in one language.

    Attributes:
        lang: Language code.
        items: How many items were read.
        faults: What was wrong with some of them, a phrase each.
    """

    lang: str
    items: int
    faults: tuple[str, ...]


def readings(path: Path = _FILE) -> list[Reading]:
    """The close readings of a file, in its order."""
    rows = tomllib.loads(path.read_text(encoding="utf-8")).get("readings", [])
    return [Reading(row["lang"], row["items"], tuple(row["faults"])) for row in rows]
