"""Runs without the texts of their data set, for reports on data that may not be passed on."""

import re
from dataclasses import replace

from mlake.records import Answer
from mlake.report.rundata import RunData

__all__ = ["withheld"]

_QUESTION = "[question]"


def withheld(run: RunData) -> RunData:
    """The run with the id of each question in place of its text, and without accepted and old answers.

    What the models said stays, but for questions that they repeat; so do all scores: they were computed
    before.
    """
    texts = sorted({one.probe.text for one in run.asked}, key=len, reverse=True)
    repeated = re.compile("|".join(map(re.escape, texts)) or r"(?!)")

    def cleaned(answer: Answer) -> Answer:
        return replace(answer, text=repeated.sub(_QUESTION, answer.text))

    asked = {
        id(one): replace(
            one,
            probe=replace(one.probe, text=one.probe.id, accept=(), reject=(), options=()),
            answer=cleaned(one.answer),
            before=one.before and cleaned(one.before),
        )
        for one in run.asked
    }
    scored = [replace(row, asked=asked.get(id(row.asked))) for row in run.scored]
    note = "questions and accepted answers are left out: the data set may not be passed on"
    return replace(run, asked=list(asked.values()), scored=scored, notes=(*run.notes, note))
