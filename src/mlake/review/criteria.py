"""CRITERIA: what reviewers hold a fact's texts against, a row each; the paper's five (appendix C.1)."""

from typing import NamedTuple

__all__ = ["CRITERIA", "SOUND", "Criterion"]


class Criterion(NamedTuple):
    """Something that must hold.

    Attributes:
        name: Its name, as it is stored.
        holds: What holds where it is kept, in one phrase.
    """

    name: str
    holds: str


SOUND = "sound"
"""The criterion that a corrected text broke, unless the reviewer names another."""

CRITERIA = (
    Criterion("aligned", "every language states the same fact"),
    Criterion("one-edit", "no other edit changes the same relation of the same thing"),
    Criterion("decent", "nothing of politics, violence or pornography"),
    Criterion("no-circle", "no chain of facts comes back to where it began"),
    Criterion(SOUND, "questions and answers have no error of meaning or grammar"),
)
"""In the paper's order, which is that of their keys on the page."""
