"""What a release says of its reviewers: counts and agreement, never a name."""

from collections.abc import Sequence
from typing import Any

from mlake.construct.release.built import Built
from mlake.construct.reviewed import Review

__all__ = ["AGREED", "DECIDED", "agreed", "decided", "read_by"]

DECIDED = ("language", "facts", "read", "accepted", "corrected", "rejected", "disputed")
AGREED = ("language", "criterion", "read by two", "same", "alpha", "AC1")

_STATES = ("accept", "correct", "reject", "disputed")


def decided(review: Review) -> list[Sequence[Any]]:
    """Rows of a table headed ``DECIDED``."""
    return [
        [
            lang,
            facts,
            sum(review.states[lang].values()),
            *(review.states[lang].get(one, 0) for one in _STATES),
        ]
        for lang, facts in review.items.items()
    ]


def agreed(review: Review) -> list[Sequence[Any]]:
    """Rows of a table headed ``AGREED``; those of languages in which nothing was read by two are left out."""
    return [
        [lang, name, one.shared, f"{one.same:.1%}", _number(one.alpha), _number(one.ac1)]
        for lang, rows in review.agreement.items()
        for name, one in rows.items()
        if one.same is not None
    ]


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def read_by(built: Built) -> str:
    """Who read the texts of a build, in a sentence."""
    review = built.review
    if not review.reviewers:
        return "No native speaker has reviewed them."
    read, whole = sum(sum(states.values()) for states in review.states.values()), sum(review.items.values())
    return f"Of {whole} facts in one language, reviewers ({review.reviewers} in all) read {read}."
