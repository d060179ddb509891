"""The stage ``reviewed``: corrected texts stand in place of those written, what is rejected is left out."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from mlake.construct.proof import proof, renumbered
from mlake.construct.stage import Drop, Made, Row
from mlake.errors import DataError
from mlake.review.agreement import Agreement, agreements
from mlake.review.decision import Decision
from mlake.review.settled import Item, Outcome, current, digests_of, item_of, outcome
from mlake.review.texts import corrected

__all__ = ["NOTHING_READ", "REVIEW_RULES", "Review", "reviewed", "reviewed_so_far"]

REVIEW_RULES = {
    "rejected": "no reviewer rejects the fact",
    "disputed": "no two reviewers put different texts in one place",
    "left-out": "no reviewer leaves the question out",
}
"""Rules by which the stage leaves out, and what each asks for."""


@dataclass(frozen=True, slots=True)
class Review:
    """What reviewers read of a build, and what came of it.

    Attributes:
        reviewers: How many there are.
        items: Language to how many facts it has texts of.
        states: Language to what decisions on a fact come to, to how many facts.
        agreement: Language to criterion to how far reviewers agree.
        by_fact: Id of a fact to a line for each decision on it, without names of reviewers.
    """

    reviewers: int
    items: Mapping[str, int]
    states: Mapping[str, Mapping[str, int]]
    agreement: Mapping[str, Mapping[str, Agreement]]
    by_fact: Mapping[str, Sequence[str]]


NOTHING_READ = Review(0, {}, {}, {}, {})
"""A build that nobody reviewed."""


def reviewed_so_far(decisions: Iterable[Decision], lines: Sequence[Row]) -> Review:
    """What reviewers read of texts as they are now.

    Args:
        decisions: What they decided.
        lines: Rows of the stage ``texts``.
    """
    found = current(decisions, digests_of(lines))
    read = [one for item in map(item_of, lines) for one in found.get(item, ())]
    if not read:
        return NOTHING_READ
    numbers = {name: at for at, name in enumerate(sorted({one.reviewer for one in read}), 1)}
    by_fact: dict[str, list[str]] = {}
    for one in read:
        by_fact.setdefault(one.fact, []).append(_said(one, numbers[one.reviewer]))
    items = Counter(line["lang"] for line in lines)
    states: dict[str, Counter[str]] = {lang: Counter() for lang in items}
    for (_, lang), on_it in found.items():
        states[lang][outcome(on_it).state] += 1
    return Review(len(numbers), items, states, agreements(read), by_fact)


def _said(decision: Decision, number: int) -> str:
    """A decision in a line: a reviewer is a number, a name is nobody's business."""
    about = [f"{decision.lang}: {decision.verdict} by reviewer {number}"]
    if decision.broken:
        about.append(f"breaks {', '.join(decision.broken)}")
    if decision.changes:
        about.append(f"corrects {', '.join(decision.changes)}")
    return "; ".join([*about, *([decision.reason] if decision.reason else [])])


def reviewed(decisions: Iterable[Decision], lines: Sequence[Row]) -> Made:
    """The lines as reviewers decided; what they corrected is proved anew.

    A fact that is rejected or disputed in one language is left out in all, as is a question.

    Args:
        decisions: What they decided; decisions on texts that have changed since count for nothing.
        lines: Rows of the stage ``texts``.

    Raises:
        DataError: A correction does not fit its text, or nothing is left.
    """
    outcomes = {item: outcome(found) for item, found in current(decisions, digests_of(lines)).items()}
    drops = _left_out(outcomes)
    changed = {fact for (fact, _), one in outcomes.items() if one.changes} - drops.keys()
    if not drops and not changed:
        return Made(lines)
    questions = list(_questions(outcomes, changed))
    made = [_corrected(line, outcomes) for line in lines if line["fact"] in changed]
    proven = proof(_without(made, {drop.id for drop in questions}))
    mended = {item_of(line): line for line in proven.rows}
    kept = [line for line in lines if line["fact"] not in drops and line["fact"] not in changed]
    left = {item_of(line): line for line in kept} | mended
    rows = [left[item] for item in map(item_of, lines) if item in left]
    if not rows:
        raise DataError("reviewers left no fact; have one of them decide anew with mlake review")
    return Made(renumbered(rows), [*drops.values(), *questions, *proven.drops])


def _left_out(outcomes: Mapping[Item, Outcome]) -> dict[str, Drop]:
    """Id of a fact to why it is left out, in whichever languages."""
    rules = {"reject": "rejected", "disputed": "disputed"}
    found: dict[str, Drop] = {}
    for (fact, lang), one in outcomes.items():
        if one.state in rules:
            why = f"{lang}: {one.why}"
            earlier = found.get(fact)
            rule = earlier.rule if earlier else rules[one.state]
            found[fact] = Drop(fact, rule, f"{earlier.why}; {why}" if earlier else why)
    return found


def _questions(outcomes: Mapping[Item, Outcome], facts: Iterable[str]) -> Iterator[Drop]:
    for (fact, lang), one in outcomes.items():
        if fact in facts:
            names = [name for name, text in one.changes.items() if not text.strip()]
            yield from (
                Drop(f"{fact}/{name}", "left-out", f"{lang}: a reviewer left it out") for name in names
            )


def _corrected(line: Row, outcomes: Mapping[Item, Outcome]) -> Row:
    one = outcomes.get(item_of(line))
    return corrected(line, one.changes) if one else line


def _without(lines: Iterable[Row], questions: Iterable[str]) -> list[Row]:
    """Lines without questions that a reviewer of any language left out."""
    gone = set(questions)

    def kept(fact: str, probe: Row) -> bool:
        return f"{fact}/{probe['id'].rpartition('/')[2]}" not in gone

    return [line | {"probes": [one for one in line["probes"] if kept(line["fact"], one)]} for line in lines]
