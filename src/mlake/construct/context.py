"""What a build is made of, opened once and handed to every stage."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from mlake.construct.llm.model import Model
from mlake.construct.relations import Relation
from mlake.construct.source import Source
from mlake.construct.wording import Wording
from mlake.review.decision import Decision

__all__ = ["ALLOWED", "LANGS", "Context", "Settings"]

ALLOWED = ("volatile", "sensitive")
"""What a build leaves out unless it is asked for."""

LANGS = ("en", "de", "fr", "ja", "zh")
"""The languages of the paper."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What names a build; a folder holds one build.

    Attributes:
        source: Where the statements come from: a row of ``SOURCES``, or the name of a folder.
        writer: Who writes the texts: a row of ``WRITERS``, with the name of a model behind a colon.
        langs: Language codes, in the order of the release.
        allowed: What is not left out, of ``ALLOWED``.
        without: Codes of witnesses; what only these witness is left out.
        seed: Seed of all random draws.
    """

    source: str = "snapshot"
    writer: str = "templates"
    langs: tuple[str, ...] = LANGS
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
        source: Entities and statements.
        relations: Property to what the build knows about it.
        wordings: How each language words facts, in the order of the languages.
        inputs: Name of each of these to its hash, by which a stage knows that it changed; and ``parquet`` to
            the version of what writes it, empty where that is not installed.
        model: The model that writes, where one does.
        edited: The stages so far whose rows a hand edited.
        reviews: What reviewers decided about its texts.
    """

    settings: Settings
    source: Source
    relations: Mapping[str, Relation]
    wordings: tuple[Wording, ...]
    inputs: Mapping[str, str]
    model: Model | None = None
    edited: tuple[str, ...] = ()
    reviews: tuple[Decision, ...] = ()
