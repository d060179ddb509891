"""Questions that all runs of a table were asked, so that its rows can be compared."""

from collections.abc import Hashable, Mapping, Sequence
from typing import NamedTuple

from mlake.report.paper.compare import Place, Values

__all__ = ["Asked", "common"]


class Asked(NamedTuple):
    """What one row of a table is made of.

    Attributes:
        data: What tells its data set apart.
        lang: Language asked in.
        values: Scores by place, of which the first decides what was asked.
    """

    data: Hashable
    lang: str
    values: Mapping[Place, Values]


def common(rows: Sequence[Asked]) -> tuple[list[dict[Place, Values]], tuple[str, ...]]:
    """The scores of each row on the questions that all rows on its data set and language have.

    Where no question is common to them, the rows stay as they are.

    Args:
        rows: What each row is made of; a row without scores asks for nothing.

    Returns:
        The scores of each row, and a line for each language in which questions are left out, or in which rows
        differ.
    """
    shared: dict[tuple[Hashable, str], set[str]] = {}
    every: dict[tuple[Hashable, str], set[str]] = {}
    for row in rows:
        asked = set(next(iter(row.values.values()), ()))
        if asked:
            place = row.data, row.lang
            shared[place] = shared.get(place, asked) & asked
            every[place] = every.get(place, set()) | asked
    notes = [
        _note(lang, len(own), len(every[data, lang]) - len(own))
        for (data, lang), own in shared.items()
        if own != every[data, lang]
    ]
    if len({data for data, _ in shared}) > 1:
        notes.append("the runs were not all asked about one data set; n differs between data sets")
    found: list[dict[Place, Values]] = []
    for row in rows:
        place = row.data, row.lang
        chosen = shared.get(place) or every.get(place, set())
        found.append({at: {one: own[one] for one in own if one in chosen} for at, own in row.values.items()})
    return found, tuple(notes)


def _note(lang: str, asked: int, others: int) -> str:
    if not asked:
        return f"{lang}: no question was asked of all runs, so n differs"
    return (
        f"{lang}: n are the {asked} questions that all runs were asked; left out are {others} that some were "
        "not, such as those without a subject to edit"
    )
