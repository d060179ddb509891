"""What the page shows before any answer is looked at: settings, matrices, comparison, tables."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mlake.kinds import KINDS
from mlake.languages import LANGUAGES, in_order, is_known, language
from mlake.languages.sets import is_other, is_own
from mlake.report.figures.picture import Picture
from mlake.report.html.answers import number
from mlake.report.paper.compare import labels
from mlake.report.reasons import reasons
from mlake.report.rundata import RunData, model_name
from mlake.report.statistics.intervals import ABOUT, clustered_mean
from mlake.report.table import Table
from mlake.scorers.row import SHARE, ScoredRow
from mlake.scorers.table import SCORERS, measures

__all__ = ["summary"]

_SIGNATURE = {
    "model": "model",
    "model_revision": "model revision",
    "method": "method",
    "data": "data",
    "data_sha256": "data sha256",
    "batch_size": "batch size",
    "sequence": "sequence",
    "seed": "seed",
    "version": "mlake",
}
_TESTS: dict[str, tuple[str, str, Callable[[ScoredRow], bool]]] = {
    "unedited": ("contains", "", lambda row: row.edit_lang is None),
    "same": ("contains", "", lambda row: is_own(row.edit_lang, row.test_lang)),
    "other": ("contains", "", lambda row: is_other(row.edit_lang, row.test_lang)),
    "kept": ("unchanged", "locality", lambda row: row.edit_lang is not None),
}


def summary(runs: Sequence[RunData], tables: Sequence[Table], pictures: Sequence[Picture]) -> dict[str, Any]:
    """What the overview shows as JSON values, texts as they are."""
    scorers = dict.fromkeys((*SCORERS, *(row["scorer"] for run in runs for row in run.rows)))
    return {
        "languages": {code: {"name": language(code).name, "tag": _tag(code)} for code in _langs(runs)},
        "kinds": {name: kind.heading for name, kind in KINDS.items()},
        "scorers": {name: _scorer(name) for name in scorers},
        "interval": ABOUT,
        "runs": [_run(run, label) for run, label in zip(runs, labels(runs), strict=True)],
        "tables": [_table(table) for table in tables],
        "pictures": [{"name": one.name, "title": one.title, "notes": one.data.signed} for one in pictures],
    }


def _langs(runs: Sequence[RunData]) -> tuple[str, ...]:
    asked = {row["test_lang"] for run in runs for row in run.rows}
    return in_order({*LANGUAGES, *filter(is_known, asked)})


def _tag(code: str) -> str:
    """BCP 47 tag; the script decides which shape of a Chinese character a browser picks."""
    script = language(code).script
    return f"{code}-{script}" if script in ("Hans", "Hant") else code


def _scorer(name: str) -> dict[str, Any]:
    """What the page says of a measure; those that say yes or no have columns, others stand in small print."""
    one = measures().get(name)
    if one is None:
        return {"signature": name, "meaning": "", "percent": False, "scores": False}
    meaning = one.meaning if one.percent else f"{one.meaning} (in {one.unit})"
    return {
        "signature": one.signature,
        "meaning": meaning,
        "percent": one.percent,
        "scores": one.unit == SHARE,
    }


def _run(run: RunData, method: str) -> dict[str, Any]:
    spec = run.spec
    model, data = model_name(spec), str(spec.get("data", "unknown"))
    return {
        "title": " · ".join((method, model, data)),
        "method": method,
        "model": model,
        "data": data,
        "reasons": {kind: reasons(run.rows, kind) for kind in KINDS},
        "signature": [[label, _shown(spec[name])] for name, label in _SIGNATURE.items() if name in spec],
        "settings": [[name, _shown(value)] for name, value in _flat(spec)],
        "notes": list(run.notes),
        "answers": len(run.asked),
        "cells": [
            [
                row["kind"], row["scorer"], row["edit_lang"], row["test_lang"], row["n"],
                number(row["value"]), number(row["low"]), number(row["high"]), number(row["effective"]),
            ]
            for row in run.rows
            if row["n"]
        ],
        "compare": _compare(run.scored),
    }  # fmt: skip


def _compare(scored: Sequence[ScoredRow]) -> dict[str, dict[str, list[float | None]]]:
    """Kind of question, then test, to n, mean, interval, effective n: methods side by side, a line each."""
    groups: dict[tuple[str, str], tuple[list[float], list[str]]] = {}
    for row in scored:
        if row.value is None or row.scorer not in ("contains", "unchanged"):
            continue
        for test, (scorer, kind, fits) in _TESTS.items():
            if row.scorer == scorer and kind in ("", row.kind) and fits(row):
                values, clusters = groups.setdefault((row.kind, test), ([], []))
                values.append(row.value)
                clusters.append(row.cluster)
    found: dict[str, dict[str, list[float | None]]] = {}
    for (kind, test), (values, clusters) in groups.items():
        one = clustered_mean(values, clusters)
        found.setdefault(kind, {})[test] = [
            *(one.n, number(one.value), number(one.low), number(one.high), number(one.effective))
        ]
    return found


def _flat(spec: Mapping[str, Any], above: str = "") -> list[tuple[str, Any]]:
    """Settings by dotted names."""
    flat: list[tuple[str, Any]] = []
    for name, value in spec.items():
        if isinstance(value, Mapping):
            flat += _flat(value, f"{above}{name}.")
        else:
            flat.append((f"{above}{name}", value))
    return flat


def _shown(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(_shown, value))
    return "–" if value is None else str(value)


def _table(table: Table) -> dict[str, Any]:
    """A fraction stands in a list of its own: JSON does not tell 1.0 from 1, but readers do."""
    return {
        "name": table.name,
        "title": table.title,
        "columns": table.columns,
        "rows": [[[number(cell)] if isinstance(cell, float) else cell for cell in row] for row in table.rows],
        "notes": table.signed,
    }
