"""One trial: settings, and what edits made with them do to a model."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any

__all__ = ["OBJECTIVES", "Measured", "Trial", "latest"]

OBJECTIVES = {
    "own": "language edited in",
    "rephrased": "in other words",
    "transfer": "other languages",
    "kept": "other facts kept",
    "perplexity": "held-out text",
}
"""What a search wants more of; the last is minus the rise of the negative log-likelihood of held-out text."""

_Marks = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Measured:
    """What edits did, asked about some of the facts.

    Attributes:
        marks: Goal to language to a mark a question, in their order: ``1`` where it is as it should be.
        held_out: Language to the rise of the mean negative log-likelihood of held-out text, nats a token.
        seconds: How long it took, with all since the measurement before it.
        values: How many values were optimised for it.
    """

    marks: _Marks
    held_out: Mapping[str, float] = field(default_factory=dict)
    seconds: float = 0.0
    values: int = 0

    def share(self, goal: str, lang: str | None = None) -> float | None:
        """Mean over languages, or in one, of the share of questions that are as they should be."""
        found = [marks for code, marks in self.marks.get(goal, {}).items() if lang in (None, code) and marks]
        return fmean(marks.count("1") / len(marks) for marks in found) if found else None

    @property
    def objectives(self) -> dict[str, float]:
        """Every objective that was measured, by name; more is better."""
        shares = {goal: self.share(goal) for goal in OBJECTIVES if goal != "perplexity"}
        found = {goal: share for goal, share in shares.items() if share is not None}
        return found | ({"perplexity": -fmean(self.held_out.values())} if self.held_out else {})

    @property
    def taken(self) -> float:
        """Mean over all languages asked in of the share of edited questions that give the new answer."""
        marks = [one for goal in ("own", "transfer") for one in self.marks.get(goal, {}).values() if one]
        return fmean(one.count("1") / len(one) for one in marks) if marks else 0.0

    @property
    def kept(self) -> float:
        """Share of other facts that are still known; 1 where none were known before."""
        share = self.share("kept")
        return 1.0 if share is None else share


@dataclass(frozen=True, slots=True)
class Trial:
    """Settings that were tried.

    Attributes:
        number: Its number from 0; 0 are the defaults.
        settings: Value of each setting that is searched.
        rungs: Rung to what was measured there.
        failed: Why no edit could be made with these settings; empty where it could.
    """

    number: int
    settings: Mapping[str, Any]
    rungs: Mapping[int, Measured] = field(default_factory=dict)
    failed: str = ""

    @property
    def rung(self) -> int:
        """The highest rung it has reached; -1 for none."""
        return max(self.rungs, default=-1)

    @property
    def best(self) -> Measured:
        """What was measured about most facts."""
        return self.rungs[self.rung]


def latest(trials: Sequence[Trial], at: Callable[[Trial], bool] = lambda one: True) -> list[Trial]:
    """The trials with a measurement that did not fail."""
    return [one for one in trials if one.rungs and not one.failed and at(one)]
