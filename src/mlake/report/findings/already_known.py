"""Facts whose new answer the unedited model gives already: an edit has nothing to do there."""

from collections.abc import Sequence
from dataclasses import replace

from mlake.kinds import question_kind
from mlake.records import Kind
from mlake.report.rundata import RunData
from mlake.report.table import Table
from mlake.report.tidy import tidy

__all__ = ["already", "already_known", "without_known"]


def already_known(run: RunData) -> frozenset[tuple[str, str]]:
    """Facts and languages whose direct question the unedited model answers with the new answer."""
    return frozenset(place for place, value in _before(run).items() if value == 1)


def without_known(run: RunData) -> RunData:
    """The run without all questions about these facts in these languages, its means computed again.

    Questions about other facts stay: they do not ask for the new answer.
    """
    known = already_known(run)

    def stays(kind: Kind, fact: str | None, lang: str) -> bool:
        return question_kind(kind).about == "others" or (fact, lang) not in known

    asked = [one for one in run.asked if stays(one.kind, one.probe.fact, one.probe.lang)]
    scored = [row for row in run.scored if stays(row.kind, row.fact, row.test_lang)]
    note = f"left out: {len(known)} facts and languages whose new answer the unedited model gives already"
    return replace(run, asked=asked, scored=scored, rows=tidy(run.spec, scored), notes=(*run.notes, note))


def already(runs: Sequence[RunData]) -> Table:
    """How many facts the unedited model answers as if they had been edited, by model and language."""
    values: dict[tuple[str, str, str], dict[str, float]] = {}
    for run in runs:
        for (fact, lang), value in _before(run).items():
            place = (str(run.spec.get("model")), str(run.spec.get("data")), lang)
            values.setdefault(place, {})[fact] = value
    return Table(
        name="already",
        title="Facts whose new answer the unedited model gives already",
        columns=("model", "data", "language", "facts", "given already", "percent"),
        rows=tuple(
            (*place, len(own), int(sum(own.values())), 100 * sum(own.values()) / len(own))
            for place, own in values.items()
        ),
        notes=("By the scorer contains, on direct questions.",),
    )


def _before(run: RunData) -> dict[tuple[str, str], float]:
    """By fact and language, whether the unedited model gives the new answer to the direct question."""
    return {
        (row.fact, row.test_lang): row.value
        for row in run.scored
        if row.edit_lang is None and row.kind == "direct" and row.scorer == "contains"
        if row.value is not None and row.fact is not None
    }
