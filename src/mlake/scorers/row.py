"""What a scorer is, and the value that it gives one answer."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from mlake.records import Asked, Kind

__all__ = ["ScoredRow", "Scorer", "scored"]


class Scorer(NamedTuple):
    """A scorer: ``version`` rises whenever it may give another number for the same answer."""

    version: int
    score: Callable[[Asked], float | None]


@dataclass(frozen=True, slots=True)
class ScoredRow:
    """The value that one scorer gives one answer.

    Attributes:
        edit_lang: Language the model was edited in; None for the unedited model.
        batch: Index of the batch of edits in force; None for the unedited model.
        kind: What the question tested.
        probe: Id of the question.
        fact: Id of the fact it belongs to, if known.
        test_lang: Language of the question.
        scorer: Name of the scorer.
        value: From 0 to 1; None where the scorer does not apply.
    """

    edit_lang: str | None
    batch: int | None
    kind: Kind
    probe: str
    fact: str | None
    test_lang: str
    scorer: str
    value: float | None


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
    )
