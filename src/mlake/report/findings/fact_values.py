"""One measure of several runs as an array with an axis of facts, for tests that compare within facts."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mlake.languages import in_order
from mlake.report.rundata import RunData
from mlake.report.statistics.paired import Numbers, ratio

__all__ = ["FactValues", "fact_values"]


@dataclass(frozen=True, slots=True)
class FactValues:
    """One measure of several runs, by fact.

    Attributes:
        facts: Data set and id of all facts asked about, whether they have this measure or not.
        langs: All languages edited in or asked in.
        values: (runs, facts, 1 + langs, langs) mean over the questions of a fact; NaN where not asked.
            The third axis is the language edited in, the unedited model first; the fourth the one asked in.
    """

    facts: tuple[str, ...]
    langs: tuple[str, ...]
    values: Numbers

    @property
    def edited(self) -> Numbers:
        """(runs, facts, langs, langs) the edited models only."""
        return self.values[:, :, 1:]

    @property
    def unedited(self) -> Numbers:
        """(runs, facts, langs) the unedited model."""
        return self.values[:, :, 0]


def fact_values(runs: Sequence[RunData], kind: str, scorer: str) -> FactValues:
    """One measure on one kind of question, by fact; questions without a fact are left out.

    Facts go by data set and id, so that runs on the same data share them. All measures on a kind have the
    same facts and languages.
    """
    facts: dict[str, int] = {}
    langs: dict[str, int] = {}
    places: list[tuple[int, int, int, int]] = []
    values: list[float] = []
    for at, run in enumerate(runs):
        data = run.spec.get("data")
        for row in run.scored:
            if row.kind != kind or row.fact is None:
                continue
            fact = facts.setdefault(f"{data} {row.fact}", len(facts))
            test = langs.setdefault(row.test_lang, len(langs))
            edit = -1 if row.edit_lang is None else langs.setdefault(row.edit_lang, len(langs))
            if row.scorer == scorer and row.value is not None:
                places.append((at, fact, 1 + edit, test))
                values.append(row.value)
    totals = np.zeros((len(runs), len(facts), 1 + len(langs), len(langs)))
    counts = np.zeros_like(totals)
    where = tuple(np.array(places, dtype=np.intp).reshape(-1, 4).T)
    np.add.at(totals, where, values)
    np.add.at(counts, where, 1.0)
    ordered = in_order(langs)
    own = [langs[lang] for lang in ordered]
    cells = ratio(totals, counts)[:, :, [0, *(1 + place for place in own)]][..., own]
    return FactValues(tuple(facts), ordered, cells)
