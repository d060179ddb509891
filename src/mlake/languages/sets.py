"""What an edit is stated in: one language, or a set of them such as ``en+de+ja`` at once."""

from mlake.errors import DataError
from mlake.languages import language
from mlake.languages.distance import distance, family_distance

__all__ = ["is_other", "is_own", "language_set", "members", "nearest", "nearest_family"]

_JOINT = "+"


def members(edit: str) -> tuple[str, ...]:
    """The languages of a set, in its order; a single language is a set of one."""
    return tuple(edit.split(_JOINT))


def language_set(text: str) -> str:
    """A set as a user writes it, by the name that it has everywhere.

    Raises:
        UnknownNameError: No language has one of the codes.
        DataError: A language stands in it twice.
    """
    codes = [part.strip() for part in text.split(_JOINT)]
    for code in codes:
        language(code)
        if codes.count(code) > 1:
            raise DataError(f"the set of languages {text!r} names {code!r} twice; name each language once")
    return _JOINT.join(codes)


def is_own(edit: str | None, lang: str) -> bool:
    """Whether an edit is stated in a language; the unedited model (None) in none."""
    return edit is not None and lang in members(edit)


def is_other(edit: str | None, lang: str) -> bool:
    """Whether there is an edit, and it is stated in other languages only."""
    return edit is not None and lang not in members(edit)


def nearest(edit: str, lang: str) -> int:
    """``distance`` of a language to the nearest one of a set.

    Raises:
        UnknownNameError: No language has one of the codes.
    """
    return min(distance(one, lang) for one in members(edit))


def nearest_family(edit: str, other: str) -> int:
    """``family_distance`` of the nearest two languages of two sets.

    Raises:
        UnknownNameError: No language has one of the codes.
    """
    return min(family_distance(one, lang) for one in members(edit) for lang in members(other))
