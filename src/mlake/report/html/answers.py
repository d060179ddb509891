"""Answers and their scores as columns of numbers over one list of texts: small, and quick to search."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from math import isfinite
from typing import Any

from mlake.records import Probe
from mlake.report.rundata import RunData

__all__ = ["columns", "number"]


def columns(runs: Sequence[RunData]) -> dict[str, Any]:
    """All answers of all runs.

    Returns:
        ``strings``, every different text once, and ``runs``. Each run has ``facts``, ``edits``, ``kinds``
        and ``langs`` to choose from; ``probes`` and ``asked``, one list a column, of equal lengths, whose
        numbers point into those lists; and ``scores``: for each scorer one value an answer, None where it
        says nothing.
    """
    strings = _Index()
    return {"runs": [_run(run, strings) for run in runs], "strings": strings.values}


def number(value: float | None) -> float | None:
    """A number as JSON can hold it, with four digits that count; None if it is not finite."""
    if value is None or not isfinite(value):
        return None
    short = float(f"{value:.4g}")
    return int(short) if short.is_integer() else short


class _Index:
    """Different values in the order in which they came."""

    def __init__(self) -> None:
        self._places: dict[Any, int] = {}

    def __call__(self, value: Any) -> int:
        return self._places.setdefault(value, len(self._places))

    @property
    def values(self) -> list[Any]:
        return list(self._places)


def _run(run: RunData, strings: _Index) -> dict[str, Any]:
    facts, edits, kinds, langs = _Index(), _Index(), _Index(), _Index()
    edits(None)
    for lang in run.spec.get("edit_langs", ()):
        edits(lang)
    for lang in run.spec.get("test_langs", ()):
        langs(lang)
    probes: dict[str, tuple[int, Probe]] = {}
    rows = []
    for one in run.asked:
        place, _ = probes.setdefault(one.probe.id, (len(probes), one.probe))
        before = -1 if one.before is None else strings(one.before.text)
        batch = -1 if one.batch is None else one.batch
        answer = (strings(one.answer.text), before, int(one.answer.stopped))
        rows.append((edits(one.edit_lang), batch, kinds(one.kind), place, *answer))
    names = ("edit", "batch", "kind", "probe", "text", "before", "stopped")
    return {
        "asked": dict(zip(names, map(list, zip(*rows, strict=True)) if rows else [[]] * 7, strict=True)),
        "probes": _probes([probe for _, probe in probes.values()], strings, facts, kinds, langs),
        "scores": _scores(run),
        "facts": facts.values,
        "edits": edits.values,
        "kinds": kinds.values,
        "langs": langs.values,
    }


def _probes(
    probes: Iterable[Probe], strings: _Index, facts: _Index, kinds: _Index, langs: _Index
) -> dict[str, list[Any]]:
    table: dict[str, list[Any]] = {
        name: [] for name in ("id", "fact", "kind", "lang", "text", "accept", "reject", "options")
    }
    for probe in probes:
        table["id"].append(strings(probe.id))
        table["fact"].append(facts(probe.fact or f"probe {probe.id}"))
        table["kind"].append(kinds(probe.kind))
        table["lang"].append(langs(probe.lang))
        table["text"].append(strings(probe.text))
        for name in ("accept", "reject", "options"):
            table[name].append([strings(text) for text in getattr(probe, name)])
    return table


def _scores(run: RunData) -> dict[str, list[float | None]]:
    """Scores in the order of the answers; a score of no stored answer has no place here."""
    places = {id(one): place for place, one in enumerate(run.asked)}
    scores: dict[str, list[float | None]] = defaultdict(lambda: [None] * len(run.asked))
    for row in run.scored:
        place = places.get(id(row.asked))
        if place is not None:
            scores[row.scorer][place] = number(row.value)
    return dict(scores)
