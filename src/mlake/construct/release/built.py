"""What a build hands over to be published."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mlake.construct.context import Settings
from mlake.construct.reviewed import NOTHING_READ, Review
from mlake.construct.stage import Drop, Row

__all__ = ["Built", "Step"]


@dataclass(frozen=True, slots=True)
class Step:
    """What a stage of the build did.

    Attributes:
        name: Name of the stage.
        title: What it does, in one phrase.
        rows: How many rows it made.
        drops: What it left out.
    """

    name: str
    title: str
    rows: int
    drops: Sequence[Drop] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """A build up to its release.

    Attributes:
        settings: What names the build.
        edits: Rows of the stage ``edits``.
        names: Rows of the stage ``names``.
        texts: Rows of the stage ``reviewed``.
        splits: Rows of the stage ``splits``.
        steps: What each stage did, in order.
        meanings: Name of a rule to what it leaves out, in one phrase.
        review: What reviewers read and decided.
    """

    settings: Settings
    edits: Sequence[Row]
    names: Sequence[Row]
    texts: Sequence[Row]
    splits: Sequence[Row]
    steps: Sequence[Step]
    meanings: Mapping[str, str]
    review: Review = NOTHING_READ

    @property
    def name(self) -> str:
        """Name of the data set: its source of facts and how many languages it has."""
        return f"wikidata-{len(self.settings.langs)}"
