"""What a reviewer decided about a fact's texts in one language."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, get_args

from mlake.errors import DataError, UnknownNameError
from mlake.review.criteria import CRITERIA

__all__ = ["VERDICTS", "Decision", "Verdict", "reviewer_named"]

Verdict = Literal["accept", "correct", "reject"]

VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
"""Taken as it is, taken with other texts, or left out."""

_LONGEST = 80  # of a reviewer's name


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A decision; one that says nothing clear cannot be made.

    Attributes:
        fact: Id of the fact.
        lang: Language of the texts.
        digest: Hash of the texts as the reviewer saw them.
        reviewer: Name of the reviewer.
        verdict: What was decided.
        broken: Names of the criteria that the texts broke, in the order of the table.
        reason: Why they are left out; may be empty where they are not.
        changes: Name of a text to what stands in its place; empty where the question is left out.
    """

    fact: str
    lang: str
    digest: str
    reviewer: str
    verdict: Verdict
    broken: tuple[str, ...] = ()
    reason: str = ""
    changes: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        known = [row.name for row in CRITERIA]
        for name in self.broken:
            if name not in known:
                raise UnknownNameError("criterion", name, known)
        if self.verdict not in VERDICTS:
            raise UnknownNameError("decision", str(self.verdict), VERDICTS)
        reviewer_named(self.reviewer)
        wrong = self._wrong()
        if wrong:
            raise DataError(f"{self.fact} in {self.lang}: {wrong}")
        object.__setattr__(self, "broken", tuple(name for name in known if name in self.broken))

    def _wrong(self) -> str:
        if self.verdict == "accept":
            if self.changes:
                return "texts were changed, so that they are not accepted as they are; correct them instead"
            return "a criterion is broken; correct the texts or reject them" if self.broken else ""
        if not self.broken:
            return "no criterion is named that the texts break; name one"
        if self.verdict == "correct":
            return "" if self.changes else "no text was changed; change one, accept or reject"
        if self.changes:
            return "texts were changed, so that they are not rejected; correct them, or undo the changes"
        return "" if self.reason.strip() else "rejected without a reason; give one"


def reviewer_named(name: str) -> str:
    """The name of a reviewer, checked.

    Raises:
        DataError: It is none.
    """
    if not name.strip() or name != name.strip() or len(name) > _LONGEST or not name.isprintable():
        raise DataError(
            f"{name[:_LONGEST]!r} is no name of a reviewer; expected 1 to {_LONGEST} characters on one line"
        )
    return name
