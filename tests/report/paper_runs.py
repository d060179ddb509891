"""Stored runs made by hand, with scores that are known."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from mlake.records import Answer, Asked, Probe
from mlake.report.rundata import RunData
from mlake.report.tidy import tidy
from mlake.scorers.row import ScoredRow

LANGS = ("en", "de", "fr", "ja", "zh")
SHA = "0123456789ab" + "0" * 52

Scores = Mapping[tuple[str | None, str, str, str], Sequence[float]]
"""Edited in, asked in, kind and scorer to a score a fact."""


def run(
    scores: Scores,
    *,
    model: str = "demo",
    method: str = "memit",
    key: str | None = "subject",
    folder: str = "run-a",
    edit_langs: Sequence[str] = LANGS,
    test_langs: Sequence[str] = LANGS,
    asked: Sequence[Asked] = (),
    prefix: str = "p",
    data_sha256: str = SHA,
) -> RunData:
    spec = {
        "model": model,
        "model_revision": "r1",
        "dtype": "float32",
        "template": "{question}",
        "data": "mlake",
        "data_sha256": data_sha256,
        "facts": [0, 200],
        "method": method,
        "editor": {} if key is None else {"key": key},
        "edit_langs": list(edit_langs),
        "test_langs": list(test_langs),
        "batch_size": 100,
        "seed": 7,
        "version": "0.1.0",
    }
    rows = [
        ScoredRow(edit, None, kind, f"{prefix}{at}/{test}/{kind}", f"f{at}", test, scorer, value)
        for (edit, test, kind, scorer), values in scores.items()
        for at, value in enumerate(values)
    ]
    return RunData(Path("runs") / folder, spec, tuple(asked), rows, tidy(spec, rows))


def answered(probe: Probe, text: str, edit: str | None, *, kind: str | None = None) -> Asked:
    before = None if edit is None else Answer("before", True)
    answer = Answer(text, True)
    return Asked(edit, None if edit is None else 0, kind or probe.kind, probe, answer, before)


def cell(table, column: str, **where):
    """The cell of the only row in which columns hold what ``where`` says, spaces as underscores."""
    places = {name: table.columns.index(name.replace("_", " ")) for name in where}
    (row,) = [row for row in table.rows if all(row[places[name]] == value for name, value in where.items())]
    return row[table.columns.index(column)]
