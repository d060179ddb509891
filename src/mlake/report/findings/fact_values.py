"""One measure of several runs as an array with an axis of facts, for tests that compare within facts."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mlake.languages import in_order
from mlake.languages.sets import members
from mlake.report.rundata import RunData
from mlake.report.statistics.paired import Numbers, ratio

__all__ = ["FactValues", "fact_values"]


@dataclass(frozen=True, slots=True)
class FactValues:
    """One measure of several runs, by fact.

    Attributes:
        facts: Data set and id of all facts asked about, whether they have this measure or not.
        langs: All languages edited in or asked in.
        sets: All sets of several languages edited in.
        values: (runs, facts, 1 + langs + sets, langs) mean over the questions of a fact; NaN where not asked.
            The third axis is what was edited in, the unedited model first; the fourth the language asked in.
    """

    facts: tuple[str, ...]
    langs: tuple[str, ...]
    sets: tuple[str, ...]
    values: Numbers

    @property
    def edited(self) -> Numbers:
        """(runs, facts, langs, langs) the models that were edited in one language."""
        return self.values[:, :, 1 : 1 + len(self.langs)]

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
    sets: dict[str, int] = {}
    places: list[tuple[int, int, str | None, int]] = []
    values: list[float] = []
    for at, run in enumerate(runs):
        data = run.spec.get("data")
        for row in run.scored:
            if row.kind != kind or row.fact is None:
                continue
            fact = facts.setdefault(f"{data} {row.fact}", len(facts))
            test = langs.setdefault(row.test_lang, len(langs))
            edit = row.edit_lang
            if edit is not None:
                known = langs if len(members(edit)) == 1 else sets
                known.setdefault(edit, len(known))
            if row.scorer == scorer and row.value is not None:
                places.append((at, fact, edit, test))
                values.append(row.value)
    ordered = in_order(langs)
    edits = {edit: at for at, edit in enumerate((None, *ordered, *sets))}
    own = [langs[lang] for lang in ordered]
    totals = np.zeros((len(runs), len(facts), len(edits), len(langs)))
    counts = np.zeros_like(totals)
    found = [(at, fact, edits[edit], test) for at, fact, edit, test in places]
    where = tuple(np.array(found, dtype=np.intp).reshape(-1, 4).T)
    np.add.at(totals, where, values)
    np.add.at(counts, where, 1.0)
    return FactValues(tuple(facts), ordered, tuple(sets), ratio(totals, counts)[..., own])
