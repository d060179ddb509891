"""What the decisions of several reviewers come to, item by item."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from mlake.review.decision import Decision
from mlake.review.texts import Line, digest_of

__all__ = ["Item", "Outcome", "State", "current", "digests_of", "item_of", "outcome"]

Item = tuple[str, str]
"""Id of a fact, and language."""

State = Literal["accept", "correct", "reject", "disputed"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What decisions on an item come to.

    Attributes:
        state: Left out if anyone rejects it; disputed if two put different words in one place.
        changes: Name of a text to what stands in its place.
        why: Why it is left out, or which text is disputed.
    """

    state: State
    changes: Mapping[str, str]
    why: str = ""


def item_of(line: Line) -> Item:
    """What a line of a build states."""
    return line["fact"], line["lang"]


def digests_of(lines: Iterable[Line]) -> dict[Item, str]:
    """What lines state, to the hash of each."""
    return {item_of(line): digest_of(line) for line in lines}


def current(decisions: Iterable[Decision], digests: Mapping[Item, str]) -> dict[Item, list[Decision]]:
    """The decisions on each item whose texts are as the reviewer saw them, by the reviewers' names.

    Args:
        decisions: On any texts.
        digests: The texts as they are now.
    """
    found: dict[Item, list[Decision]] = defaultdict(list)
    for one in sorted(decisions, key=lambda one: one.reviewer):
        if digests.get((one.fact, one.lang)) == one.digest:
            found[one.fact, one.lang].append(one)
    return dict(found)


def outcome(decisions: Sequence[Decision]) -> Outcome:
    """What the decisions on one item come to.

    Args:
        decisions: At least one, of a reviewer each.
    """
    rejected = [one for one in decisions if one.verdict == "reject"]
    if rejected:
        return Outcome("reject", {}, "; ".join(f"{', '.join(one.broken)}: {one.reason}" for one in rejected))
    changes: dict[str, str] = {}
    for one in decisions:
        for name, text in one.changes.items():
            if changes.setdefault(name, text) != text:
                return Outcome("disputed", {}, f"reviewers put different texts in the place of {name}")
    return Outcome("correct" if changes else "accept", changes)
