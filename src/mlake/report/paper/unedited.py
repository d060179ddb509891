"""Table 4: what models answer before any edit, freely and by multiple choice."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mlake.kinds import KINDS
from mlake.report.paper.compare import (
    INTERVAL,
    OTHER_MODELS,
    Measured,
    Place,
    Values,
    beside,
    filled,
    mean_of,
    model_of,
    paper_columns,
    signatures,
    values_of,
)
from mlake.report.rundata import RunData
from mlake.report.table import Cell, Table
from mlake.scorers.row import ScoredRow
from mlake.templates import stop_told

__all__ = ["table4"]

_FREE = {"direct": ("old_paper", "old"), "multihop_before": ("paper", "contains")}
"""Kind of question to the scorers that look for the answer before any edit: the paper's rule and ours."""

_CHOICE = {
    "direct": ("choice_likelihood_old", "choice_generated_old"),
    "multihop_before": ("choice_likelihood", "choice_generated"),
}
"""Kind of question that a choice repeats to the scores for the answer before any edit."""

_CHAINS = {"mlake-before": "multihop_before", "mlake-multihop": "multihop"}
"""How the ids of chained questions begin in the released data (``mlake.data.release.rows``)."""

_Models = Sequence[tuple[str, Sequence[RunData]]]
"""Name of a model, and the runs whose unedited answers are its."""


def table4(runs: Sequence[RunData]) -> tuple[Table, ...]:
    """Accuracy of unedited models, a table for free answers and one for multiple choice.

    Right is the answer before any edit. Runs on one model (name, revision, data type, prompt, and where
    answers end) and one data set are taken together, each question once.

    Args:
        runs: Runs of any models; only what the unedited model answered is read.
    """
    models = _models(runs)
    return filled(_free(models, runs), _choice(models, runs))


def _models(runs: Sequence[RunData]) -> _Models:
    """Models that share a name are told apart by the folder of their first run."""
    groups: dict[tuple[str, ...], list[RunData]] = {}
    for run in runs:
        groups.setdefault((*model_of(run.spec), str(run.spec["data_sha256"])), []).append(run)
    taken = Counter(model for model, *_ in groups)
    return [
        (model if taken[model] == 1 else f"{model} ({own[0].folder.name})", own)
        for (model, *_), own in groups.items()
    ]


def _free(models: _Models, runs: Sequence[RunData]) -> Table:
    scorers = ("old_paper", "paper", "old", "contains")
    notes = (
        "right is the answer before any edit, by the paper's rule (old_paper on direct questions, paper on "
        "two-hop ones) and by ours (old, contains)",
        *(OTHER_MODELS, *signatures(runs, scorers)),
        *(_form(model, own[0].spec) for model, own in models if "template" in own[0].spec),
    )
    columns = (
        *("model", "questions", "language", "n", "% (paper's rule)", INTERVAL, *paper_columns("table4")),
        *("difference", "% (our rule)", f"{INTERVAL} (our rule)"),
    )
    title = "Table 4: free answers of unedited models"
    return Table("table4", title, columns, tuple(_free_rows(models, scorers)), notes)


def _form(model: str, spec: Mapping[str, Any]) -> str:
    """How a model was asked: what is around the question, and what ends an answer."""
    template = str(spec["template"])
    where = "their first line break" if stop_told(template, spec.get("stop")) == "line" else "the end token"
    longest = spec.get("max_new_tokens")
    return f"{model} is asked {template!r}; answers end at {where}, or after {longest} tokens"


def _free_rows(models: _Models, scorers: Sequence[str]) -> Iterator[tuple[Cell, ...]]:
    for model, own in models:
        found = values_of(_unedited(own), scorers)
        for kind, pair in _FREE.items():
            for lang in _langs(own):
                theirs, ours = (_mean(found, (kind, one, None, lang)) for one in pair)
                if theirs.n:
                    printed = beside("table4", str(own[0].spec["model"]), lang, theirs.percent, kind=kind)
                    yield (model, KINDS[kind].heading, lang, *theirs, *printed, *ours[1:])


def _choice(models: _Models, runs: Sequence[RunData]) -> Table:
    columns = (
        *("model", "questions", "language", "n", "% (letter by likelihood)", INTERVAL),
        *("% (letter generated)", f"{INTERVAL} (generated)"),
    )
    notes = (
        "right is the letter of the answer before any edit; with four options, guessing gives 25 %",
        "the paper describes multiple choice but prints no numbers for it",
        *signatures(runs, [one for pair in _CHOICE.values() for one in pair]),
    )
    title = "Table 4: multiple choice by unedited models"
    return Table("table4-choice", title, columns, tuple(_choice_rows(models)), notes)


def _choice_rows(models: _Models) -> Iterator[tuple[Cell, ...]]:
    for model, own in models:
        for kind, scorers in _CHOICE.items():
            found = values_of((row for row in _unedited(own) if _repeats(row.probe) == kind), scorers)
            for lang in _langs(own):
                likely, said = (_mean(found, ("choice", one, None, lang)) for one in scorers)
                if likely.n or said.n:
                    n = max(likely.n, said.n)
                    yield (model, KINDS[kind].heading, lang, n, *likely[1:], *said[1:])


def _repeats(probe: str) -> str:
    """The kind of free question that a multiple choice repeats, by its id."""
    return _CHAINS.get(probe.split("/", 1)[0], "direct")


def _mean(found: Mapping[Place, Values], place: Place) -> Measured:
    return mean_of(found.get(place, {}))


def _unedited(runs: Sequence[RunData]) -> Iterator[ScoredRow]:
    return (row for run in runs for row in run.scored if row.edit_lang is None)


def _langs(runs: Sequence[RunData]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(lang for run in runs for lang in run.spec["test_langs"]))
