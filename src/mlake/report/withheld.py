"""Runs without the texts of their data set, for reports on data that may not be passed on."""

from dataclasses import replace

from mlake.report.rundata import RunData

__all__ = ["withheld"]


def withheld(run: RunData) -> RunData:
    """The run with the id of each question in place of its text, and without accepted and old answers.

    What the models said stays, and so do all scores: they were computed before.
    """
    asked = [
        replace(one, probe=replace(one.probe, text=one.probe.id, accept=(), reject=(), options=()))
        for one in run.asked
    ]
    note = "questions and accepted answers are left out: the data set may not be passed on"
    return replace(run, asked=asked, notes=(*run.notes, note))
