"""Runs as the paper describes them, made up: own-language edits work best, near languages next."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mlake.report.findings.neurons import NEURON_COLUMNS
from mlake.report.rundata import RunData
from mlake.report.table import Table
from mlake.report.tidy import tidy
from mlake.scorers.row import ScoredRow

LANGS = ("en", "de", "fr", "ja", "zh")
PAPER = ("mend", "rome", "memit", "stableke")
HOSTILE = "a$b_{$\n<b>&\x1b[31m\u202e" + "long" * 20

_LATIN = {"en", "de", "fr"}


def make_run(
    method: str = "memit",
    model: str = "some/model",
    *,
    langs: Sequence[str] = LANGS,
    measures: Sequence[str] = ("entropy", "repetition"),
    facts: int = 12,
) -> RunData:
    """A run over all pairs of languages, with direct and two-hop questions."""
    random = np.random.default_rng(len(method))
    rows = []

    def add(edit: str | None, kind: str, test: str, scorer: str, mean: float) -> None:
        for fact in range(facts):
            value = (
                float(random.random() < mean)
                if scorer not in measures
                else mean * (1 + random.normal(0, 0.05))
            )
            batch = None if edit is None else 0
            rows.append(ScoredRow(edit, batch, kind, f"{kind}{test}{fact}", f"f{fact}", test, scorer, value))

    for test in langs:
        add(None, "direct", test, "old", 0.6)
        add(None, "multihop_before", test, "contains", 0.4)
        for kind in ("direct", "multihop"):
            for edit in (None, *langs):
                near = (
                    0.0 if edit is None else 1.0 if edit == test else 0.5 if {edit, test} <= _LATIN else 0.1
                )
                add(edit, kind, test, "contains", 0.8 * near if kind == "direct" else 0.3 * near)
                if edit is not None:
                    add(edit, kind, test, "unchanged", 1 - near)
                for measure in measures:
                    add(edit, kind, test, measure, (2 + near) / (5 if measure == "repetition" else 1))
    spec = {"model": model, "method": method, "edit_langs": list(langs), "test_langs": list(langs)}
    return RunData(Path("runs") / f"{method}-run", spec, (), rows, tidy(spec, rows))


def make_tokens(run: RunData) -> dict[tuple[str, str], int]:
    """Tokens of the subject of each fact: more in Japanese and Chinese."""
    pairs = dict.fromkeys((row.fact, row.test_lang) for row in run.scored)
    return {(f, lang): 1 + int(f[1:]) % 4 + 3 * (lang in ("ja", "zh")) for f, lang in pairs if f}


def make_neurons(method: str = "memit", langs: Sequence[str] = LANGS) -> Table:
    """Overlap above chance, more so within the Latin languages."""
    rows = []
    for place, one in enumerate(langs):
        for other in langs[place + 1 :]:
            for n in (10, 100, 200, 1000):
                chance = n / 1000
                above = 0.4 if {one, other} <= _LATIN else 0.1
                overlap = chance + above * (1 - chance)
                rows.append(("some/model", method, "mean", one, other, n, overlap, chance))
    return Table("neurons", "Overlap", NEURON_COLUMNS, tuple(rows))
