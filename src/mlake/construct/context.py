"""What a build is made of, opened once and handed to every stage."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

__all__ = ["Context", "Settings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What names a build; a folder holds one build.

    Attributes:
        source: Where the statements come from: a row of ``SOURCES``, or the name of a folder.
        writer: Who writes the texts: a row of ``WRITERS``.
        langs: Language codes, in the order of the release.
        allowed: What is left out otherwise: of ``volatile`` and ``sensitive``.
        without: Codes of witnesses; what only these witness is left out.
        seed: Seed of all random draws.
    """

    source: str = "snapshot"
    writer: str = "templates"
    langs: tuple[str, ...] = ("en", "de", "fr", "ja", "zh")
    allowed: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    seed: int = 0

    def record(self) -> dict[str, Any]:
        """The settings as JSON values."""
        return {name: list(one) if isinstance(one, tuple) else one for name, one in asdict(self).items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What the stages are made of besides each other's rows.

    Attributes:
        settings: What names the build.
        inputs: Name to SHA-256 of everything that a stage may be made of, such as ``source``.
    """

    settings: Settings
    inputs: Mapping[str, str] = field(default_factory=dict)
