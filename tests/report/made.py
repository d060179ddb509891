"""Runs made of chosen scores, for tests that need to know the truth."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mlake.records import Kind
from mlake.report.rundata import RunData
from mlake.report.tidy import tidy
from mlake.scorers.row import ScoredRow

LANGS = ("en", "de", "fr", "ja", "zh")

Cells = Mapping[tuple[str | None, str], Sequence[float | None]]
"""Language edited in (None: unedited) and asked in to the score of fact 0, 1, ..."""


def rows(cells: Cells, scorer: str = "contains", kind: Kind = "direct") -> list[ScoredRow]:
    return [
        ScoredRow(
            edit, None if edit is None else 0, kind, f"f{at}/{test}/{kind}", f"f{at}", test, scorer, value
        )
        for (edit, test), values in cells.items()
        for at, value in enumerate(values)
    ]


def run_of(scored: Sequence[ScoredRow], folder: Path = Path("runs/made"), **spec: Any) -> RunData:
    langs = list(dict.fromkeys(row.test_lang for row in scored))
    edits = list(dict.fromkeys(row.edit_lang for row in scored if row.edit_lang))
    known = {"model": "tiny", "data": "mini", "method": "memit", "edit_langs": edits, "test_langs": langs}
    settings = known | {"editor": {"sequential": False}} | spec
    return RunData(folder, settings, (), scored, tidy(settings, scored))


def share(part: float, count: int = 100) -> list[float]:
    """Ones for the first facts, zeros for the rest."""
    return [float(at < round(part * count)) for at in range(count)]
