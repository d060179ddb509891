"""What was measured of a run besides scores, kept in the run's folder: ``analysis/<name>.jsonl``.

The first line holds the settings that made the rows, every other line is one row.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from math import isfinite
from pathlib import Path
from typing import Any

from mlake.disk import json_of, write_atomic
from mlake.errors import RunError
from mlake.kinds import KINDS
from mlake.scorers.row import ScoredRow

__all__ = ["FORCED", "HELD_OUT_NLL", "held_out_row", "keep_rows", "kept_path", "kept_rows"]

_STORED = tuple(one.name for one in fields(ScoredRow) if one.name != "asked")  # answers are stored already

HELD_OUT_NLL = "heldout_nll"
"""Scorer of a held-out sentence: its negative log-likelihood a token. Its kind is ``locality``, since no edit
is about it."""

FORCED: Mapping[str, tuple[str, str]] = {
    "direct": ("efficacy_tf", "rewrite_acc_tf"),
    "paraphrase": ("paraphrase_tf", "rephrase_acc_tf"),
    "locality": ("neighbourhood_tf", "locality_acc_tf"),
}
"""Kind of question to its teacher-forced measures, that of CounterFact and that of EasyEdit."""


def held_out_row(edit_lang: str | None, batch: int | None, lang: str, sentence: int, nll: float) -> ScoredRow:
    """A held-out sentence under an edit, or under none, as a row."""
    probe = f"held-out {lang} {sentence}"
    return ScoredRow(edit_lang, batch, "locality", probe, None, lang, HELD_OUT_NLL, nll)


def kept_path(run: Path, name: str) -> Path:
    """Where the rows of an analysis are kept."""
    return run / "analysis" / f"{name}.jsonl"


def keep_rows(run: Path, name: str, settings: Mapping[str, Any], rows: Iterable[ScoredRow]) -> None:
    """Write the rows of an analysis; the file appears whole or not at all.

    Args:
        run: The run's folder.
        name: Name of the analysis.
        settings: Whatever made the numbers; JSON values.
        rows: What was measured.

    Raises:
        RunError: The folder cannot be written.
    """
    stored = ({name: getattr(row, name) for name in _STORED} for row in rows)
    lines = [json.dumps({"settings": dict(settings)}), *map(json.dumps, stored)]
    path = kept_path(run, name)
    try:
        write_atomic(path, ("\n".join(lines) + "\n").encode())
    except OSError as error:
        raise RunError(
            f"cannot write {path}: {error.strerror or error}; make room or mend the rights"
        ) from error


def kept_rows(run: Path) -> Iterator[ScoredRow]:
    """The rows of all analyses of a run, by the analyses' names.

    Raises:
        RunError: A file is damaged.
    """
    for path in sorted((run / "analysis").glob("*.jsonl")):
        try:
            head, *rows = map(json_of, path.read_text(encoding="utf-8").splitlines())
            if not isinstance(head, dict) or "settings" not in head:
                raise ValueError("the line of its settings is missing")
            yield from [_checked(ScoredRow(**row)) for row in rows]
        except (OSError, ValueError, TypeError) as error:
            raise RunError(f"{path} is damaged: {error}; delete it and measure again") from error


def _checked(row: ScoredRow) -> ScoredRow:
    """A row from a file.

    Raises:
        ValueError: A field is of another type, or the value is not finite.
    """
    texts = (row.kind, row.probe, row.test_lang, row.scorer)
    if not all(isinstance(one, str) for one in texts) or row.kind not in KINDS:
        raise ValueError("a text or kind is none")
    if not all(isinstance(one, str | None) for one in (row.fact, row.edit_lang)):
        raise ValueError("a fact or language is none")
    if type(row.batch) is not (type(None) if row.edit_lang is None else int):
        raise ValueError(f"{row.batch!r} is no batch of an edit in {row.edit_lang!r}")
    if row.value is not None and (type(row.value) not in (int, float) or not isfinite(row.value)):
        raise ValueError(f"{row.value!r} is no finite number")
    if row.asked is not None:
        raise ValueError("an answer stands in it")
    return row
