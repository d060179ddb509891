"""What is shown around a fact: demonstrations before it, and which language to answer in after it."""

from collections.abc import Collection, Iterator, Mapping

from mlake.editing.edits.memory import Wording
from mlake.languages import LANGUAGES, Language
from mlake.languages.row import Demonstration

__all__ = ["MOST", "without_demonstrations", "wordings"]

MOST = 8
"""Demonstrations that a language has: one copies its fact, three put it to use, four leave it alone."""

_FIRST = {"copy": 0, "update": 1, "retain": 4}
_EIGHTHS = {"copy": 1, "update": 3, "retain": 4}


def wordings(demonstrations: int, langs: Collection[str]) -> Mapping[str, Wording]:
    """What is shown around a fact to those who ask in each language.

    Args:
        demonstrations: How many go before the fact.
        langs: Languages that the facts are in, the first of which demonstrations state their facts in where
            the question is in none of them.
    """
    return {code: Wording(tuple(_before(row, demonstrations, langs)), row.answer_in) for code, row in _able()}


def without_demonstrations() -> list[str]:
    """Codes of the languages in whose questions no demonstrations are shown."""
    return [code for code, row in LANGUAGES.items() if not row.demonstrations]


def _able() -> Iterator[tuple[str, Language]]:
    return ((code, row) for code, row in LANGUAGES.items() if row.answer_in or row.demonstrations)


def _before(row: Language, many: int, langs: Collection[str]) -> Iterator[str]:
    stated_in = row if row.code in langs else LANGUAGES.get(next(iter(langs)), row)
    stated = stated_in.demonstrations or row.demonstrations
    for fact, asked in _chosen(list(zip(stated, row.demonstrations, strict=True)), many):
        yield from (fact.fact, f"Q: {asked.question}", f"A: {asked.answer}", "")


def _chosen(
    pairs: list[tuple[Demonstration, Demonstration]], many: int
) -> Iterator[tuple[Demonstration, Demonstration]]:
    """The first of each kind, in the shares of ``_EIGHTHS``; those that leave their fact alone come first."""
    for kind in ("retain", "update", "copy"):
        start, count = _FIRST[kind], _EIGHTHS[kind] * many // MOST
        yield from pairs[start : start + count]
