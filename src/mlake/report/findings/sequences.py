"""Sequences of edits: what is left of the first facts while more and more edits come on top of them.

After each step of a chain its own facts and those of the first step are asked about, after the last step
all facts of the chain.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from mlake.evaluation.store import read_run
from mlake.evaluation.units import Place
from mlake.languages.sets import is_own
from mlake.report.paper.compare import INTERVAL, labels, measured
from mlake.report.rundata import RunData
from mlake.report.statistics.intervals import DIFFERENCE, SHARE, Ends, Estimate, clustered_mean
from mlake.report.table import Cell, Table
from mlake.scorers.names import contains

__all__ = ["SAME", "Groups", "Values", "mean_of", "sequence_table", "sequence_tables", "step_values"]

SAME, _OTHER = "the same", "others"
Values = dict[tuple[int, str, str], float]
"""Batch and id of a question and the fact it is about, to right (1) or not (0)."""
Groups = dict[tuple[str, int, str], defaultdict[str, Values]]
"""Language of a step's edit, step and asked in, to the values of ``own``, ``first`` and ``all``."""


def sequence_tables(run: RunData) -> list[Table]:
    """The table of one run in a list; empty where its edits do not come on top of each other."""
    table = sequence_table([run])
    return [replace(table, measures=("contains",))] if table.rows else []


def sequence_table(runs: Sequence[RunData]) -> Table:
    """Success after each step of the runs whose edits come on top of each other.

    Raises:
        RunError: The answers of such a run cannot be read.
    """
    rows: list[tuple[Cell, ...]] = []
    for run, label in zip(runs, labels(runs), strict=True):
        order = run.spec.get("sequence")
        if order is not None:
            rows += [(str(run.spec.get("model")), label, str(order), *row) for row in _rows(run)]
    return Table(
        name="sequences",
        title="Edits on top of each other: what is left of the first",
        columns=(
            "model", "method", "sequence", "step", "edited in", "asked in", "own answers", "own, %", INTERVAL,
            "first answers", "first, %", INTERVAL, "first since step 1", INTERVAL, "all, %", INTERVAL,
        ),
        rows=tuple(rows),
        notes=(
            "Right: the new answer and no old one (contains), on direct questions. Asked in: the language "
            "that the facts were edited in, or all others.",
            "Own: the facts edited in this step, asked right after it. First: those of the first step, asked "
            "with every later edit in force; since step 1: percentage points, of questions asked both times. "
            "All: every fact, after the last step.",
        ),
    )  # fmt: skip


def _rows(run: RunData) -> Iterator[tuple[Cell, ...]]:
    """A row for each step, asked in the language of the edit and in the others."""
    langs = run.spec["edit_langs"]
    groups = step_values(run)
    for lang, step, asked in sorted(groups, key=lambda key: (langs.index(key[0]), key[1], key[2] != SAME)):
        own, first, every = (groups[lang, step, asked][role] for role in ("own", "first", "all"))
        begun = (lang if run.spec["sequence"] == "batches" else langs[0], 0, asked)
        start = groups[begun]["first"] if begun in groups else {}
        yield (
            *(step + 1, lang, asked),
            *(len(own), *_percent(own)),
            *(len(first), *_percent(first)),
            *_percent({key: value - start[key] for key, value in first.items() if key in start}, DIFFERENCE),
            *_percent(every),
        )


def step_values(run: RunData) -> Groups:
    """The values of each step of a run whose edits come on top of each other.

    Raises:
        RunError: The answers of the run cannot be read.
    """
    stored = read_run(run.folder)
    chains = _chains(stored.places(), run.spec["sequence"])
    groups: Groups = {}
    for one in stored.along():
        value = contains(one)
        if one.kind != "direct" or value is None or one.edit_lang is None or one.batch is None:
            continue
        step = one.step or 0
        steps = chains[one.edit_lang if run.spec["sequence"] == "batches" else one.batch]
        for role, lang, batch in _roles(steps, step):
            if batch in (None, one.batch):
                asked = SAME if is_own(lang, one.probe.lang) else _OTHER
                group = groups.setdefault((one.edit_lang, step, asked), defaultdict(dict))
                group[role][one.batch, one.probe.id, one.probe.fact or one.probe.id] = value
    return groups


def _roles(steps: Sequence[tuple[str, int]], step: int) -> Iterator[tuple[str, str, int | None]]:
    """What an answer after a step may stand for: role, language edited in, and batch (None for any)."""
    yield "own", *steps[step]
    yield "first", *steps[0]
    if step == len(steps) - 1:
        yield "all", steps[step][0], None


def _chains(places: Iterable[Place], order: str) -> dict[str | int, list[tuple[str, int]]]:
    """Language or batch that a chain is for, to language and batch of each of its edits."""
    chains: dict[str | int, dict[int, tuple[str, int]]] = {}
    for lang, batch, _, step in places:
        if lang is not None and step is not None:
            # A step asks about its own batch last.
            chains.setdefault(lang if order == "batches" else batch, {})[step] = lang, batch
    return {name: [steps[at] for at in sorted(steps)] for name, steps in chains.items()}


def mean_of(values: Mapping[tuple[int, str, str], float], ends: Ends = SHARE) -> Estimate:
    """Mean and 95 % interval over facts."""
    return clustered_mean(list(values.values()), [fact for _, _, fact in values], ends)


def _percent(
    values: Mapping[tuple[int, str, str], float], ends: Ends = SHARE
) -> tuple[float | None, str | None]:
    found = measured(mean_of(values, ends))
    return found.percent, found.interval
