"""The desk of a review: what lies on it for whom, and what is decided there; the page only shows it."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from mlake.errors import DataError, UnknownNameError
from mlake.review.criteria import SOUND
from mlake.review.decision import Decision, Verdict
from mlake.review.settled import Item, current, digests_of, item_of, outcome
from mlake.review.store import Store
from mlake.review.texts import Line, corrected, digest_of, texts_of

__all__ = ["Case", "Desk", "Faults", "own", "refuse_faults"]

Faults = Callable[[Line, Line], Sequence[str]]
"""What is wrong with a line that was not wrong with an earlier form of it."""


@dataclass(frozen=True, slots=True)
class Case:
    """A fact in one language, as a reviewer gets it.

    Attributes:
        line: The fact in this language.
        edit: Subject, relation, old and new object: name and Wikidata id each.
        warnings: What rules find about its texts, a line each.
    """

    line: Line
    edit: Sequence[tuple[str, str]]
    warnings: Sequence[str] = ()


class Desk:
    """All cases of a build, and the store of decisions on them."""

    def __init__(self, cases: Sequence[Case], store: Store, faults: Faults):
        """Lay cases out.

        Args:
            cases: In the order in which everybody reads them.
            store: Where decisions are kept.
            faults: Says what a correction would break.
        """
        self.store = store
        self._faults = faults
        self._queues: dict[str, list[Case]] = defaultdict(list)
        self._facts: dict[str, list[Case]] = defaultdict(list)
        for case in cases:
            self._queues[case.line["lang"]].append(case)
            self._facts[case.line["fact"]].append(case)
        queues = self._queues.items()
        self._digests = {lang: digests_of(case.line for case in cases) for lang, cases in queues}

    @property
    def langs(self) -> tuple[str, ...]:
        """The languages that there is something to read in."""
        return tuple(self._queues)

    def queue(self, lang: str) -> Sequence[Case]:
        """All cases in a language.

        Raises:
            UnknownNameError: There is none.
        """
        if lang not in self._queues:
            raise UnknownNameError("language of this build", lang, self._queues)
        return self._queues[lang]

    def elsewhere(self, case: Case) -> Sequence[Line]:
        """The same fact in the other languages."""
        return [one.line for one in self._facts[case.line["fact"]] if one is not case]

    def decided(self, lang: str) -> Mapping[Item, Sequence[Decision]]:
        """The decisions on each case in a language, as the store has them now."""
        self.queue(lang)  # refuses a language that there is not
        return current(self.store.decisions(lang), self._digests[lang])

    def waiting(self, lang: str, reviewer: str) -> list[int]:
        """Places in the queue of what a reviewer has not decided."""
        found = self.decided(lang)
        return [at for at, case in enumerate(self.queue(lang)) if own(found, case, reviewer) is None]

    def disputed(self, lang: str, reviewer: str) -> list[int]:
        """Places in the queue of what a reviewer decided, and someone else decided otherwise."""
        found = self.decided(lang)
        return [
            at
            for at, case in enumerate(self.queue(lang))
            if own(found, case, reviewer) and _differ(found[item_of(case.line)])
        ]

    def decide(
        self,
        case: Case,
        reviewer: str,
        verdict: Verdict,
        *,
        broken: Sequence[str] = (),
        reason: str = "",
        changes: Mapping[str, str] | None = None,
    ) -> None:
        """Keep a decision; it is on disk when this returns.

        Args:
            case: What it is about.
            reviewer: Whose it is.
            verdict: What was decided.
            broken: Criteria that the texts break; for a correction without any, that of meaning and grammar.
            reason: Why it is rejected.
            changes: Name of a text to what stands in its place; texts that are as they were do not count.

        Raises:
            DataError: The decision says nothing clear, or a rule finds fault with a correction.
            RunError: It cannot be written.
        """
        texts = {one.name: one.text for one in texts_of(case.line)}
        other = {name: text for name, text in (changes or {}).items() if text.strip() != texts.get(name)}
        decision = Decision(
            fact=case.line["fact"],
            lang=case.line["lang"],
            digest=digest_of(case.line),
            reviewer=reviewer,
            verdict=verdict,
            broken=(SOUND,) if verdict == "correct" and not broken else tuple(broken),
            reason=reason.strip(),
            changes=other,
        )
        if other:
            refuse_faults(case.line, other, self._faults)
        self.store.decide(decision)


def refuse_faults(line: Line, changes: Mapping[str, str], faults_of: Faults) -> None:
    """Refuse a correction that would cost the fact, as long as its reviewer can still mend it.

    Raises:
        DataError: It does not fit the line, or a rule finds fault with it.
    """
    found = faults_of(line, corrected(line, changes))
    if found:
        raise DataError(f"the fact would be left out: {found[0]}; mend it, or reject the fact")


def own(found: Mapping[Item, Sequence[Decision]], case: Case, reviewer: str) -> Decision | None:
    """What a reviewer decided on a case; None if nothing yet."""
    return next((one for one in found.get(item_of(case.line), ()) if one.reviewer == reviewer), None)


def _differ(decisions: Sequence[Decision]) -> bool:
    verdicts = {(one.verdict, tuple(sorted(one.changes.items()))) for one in decisions}
    return len(verdicts) > 1 or outcome(decisions).state == "disputed"
