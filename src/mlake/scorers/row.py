"""What a measure and a scorer are, and the value that one gives one answer."""

from collections.abc import Callable
from dataclasses import dataclass, field

from mlake.kinds import question_kind
from mlake.records import Asked, Kind

__all__ = ["SHARE", "Measure", "ScoredRow", "Scorer", "scored"]

SHARE = "share of answers"
"""Unit of a measure that says yes (1) or no (0) of an answer."""


@dataclass(frozen=True, slots=True)
class Measure:
    """What holds for all values of a measure.

    Attributes:
        name: Its name, as rows and reports give it.
        version: Rises whenever the measure may give another number for the same answer.
        meaning: What it says of an answer: one sentence.
        unit: What a value counts, such as ``bits``; ``SHARE`` for yes and no.
        higher_is_better: Whether a higher value is a better one; None where that depends on the question.
    """

    name: str
    version: int
    meaning: str
    unit: str = SHARE
    higher_is_better: bool | None = None

    @property
    def signature(self) -> str:
        """Name and version, such as ``contains|v1``: what a published number should state."""
        return f"{self.name}|v{self.version}"

    @property
    def percent(self) -> bool:
        """Whether values go from 0 to 1 and are shown as percent."""
        return self.unit.startswith("share")

    @property
    def better(self) -> str | None:
        """``higher`` or ``lower``; None where that depends on the question."""
        return None if self.higher_is_better is None else "higher" if self.higher_is_better else "lower"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scorer(Measure):
    """A measure that a stored answer gives by itself, without a model.

    Attributes:
        function: The value for an answer; None where it says nothing. Never called with a question that its
            options score.
        style: Whether it says how a text is written, whatever it says: kinds that are scored by style have
            these scorers alone.
    """

    function: Callable[[Asked], float | None]
    style: bool = False

    def score(self, asked: Asked) -> float | None:
        """The value for an answer; None where the scorer says nothing, as of all multiple choice.

        Raises:
            UnknownNameError: mlake knows the question's kind or language not.
        """
        by = question_kind(asked.kind).scored_by
        return self.function(asked) if by == "text" or (by == "style" and self.style) else None


@dataclass(frozen=True, slots=True)
class ScoredRow:
    """The value that one measure gives one answer.

    Attributes:
        edit_lang: Language the model was edited in; None for the unedited model.
        batch: Index of the batch of edits in force; None for the unedited model.
        kind: What the question tested.
        probe: Id of the question.
        fact: Id of the fact it belongs to, if known.
        test_lang: Language of the question.
        scorer: Name of the measure.
        value: In the measure's unit; None where the measure says nothing.
        asked: The answer with its question; None where the measure is of no stored answer.
    """

    edit_lang: str | None
    batch: int | None
    kind: Kind
    probe: str
    fact: str | None
    test_lang: str
    scorer: str
    value: float | None
    asked: Asked | None = field(default=None, compare=False, repr=False)

    @property
    def cluster(self) -> str:
        """What is resampled together: answers about one fact; a question without a fact stands alone."""
        return f"probe {self.probe}" if self.fact is None else f"fact {self.fact}"


def scored(asked: Asked, scorer: str, value: float | None) -> ScoredRow:
    """The value of one measure for one answer as a row."""
    return ScoredRow(
        edit_lang=asked.edit_lang,
        batch=asked.batch,
        kind=asked.kind,
        probe=asked.probe.id,
        fact=asked.probe.fact,
        test_lang=asked.probe.lang,
        scorer=scorer,
        value=value,
        asked=asked,
    )
