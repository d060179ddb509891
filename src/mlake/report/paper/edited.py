"""Tables 1 and 2: edited and asked in the same language, with and without the subject."""

from collections.abc import Iterator, Mapping, Sequence

from mlake.kinds import KINDS
from mlake.languages.sets import members
from mlake.records import Kind
from mlake.report.paper.common import Asked, common
from mlake.report.paper.compare import (
    HOPS,
    INTERVAL,
    OTHER_MODELS,
    RULES,
    SCORERS,
    Place,
    Values,
    beside,
    filled,
    labels,
    mean_of,
    method_of,
    paper_columns,
    signatures,
    values_of,
)
from mlake.report.rundata import RunData
from mlake.report.statistics.intervals import DIFFERENCE
from mlake.report.table import Cell, Table

__all__ = ["table1", "table2"]


def table1(runs: Sequence[RunData]) -> tuple[Table, ...]:
    """Generalisation: each method edited and asked in the same language, a table per kind of question.

    A row is a model, method and language: its share by ``paper`` with interval, what the unedited model
    scores on the same questions, the paper's numbers, the difference, and the share by ``contains``.

    Rows count the questions that all runs on a data set were asked: some methods edit no fact without a
    subject.

    Args:
        runs: Runs of any models and methods.
    """
    columns = (
        *("model", "method", "language", "n", "% (paper)", INTERVAL, "% unedited (paper)"),
        *(*paper_columns("table1"), "difference", "% (contains)", f"{INTERVAL} (contains)"),
    )
    tables = []
    for kind in HOPS:
        rows, left_out = _same_language(runs, kind)
        title = f"Table 1: edited and asked in the same language. {KINDS[kind].heading}"
        notes = (RULES, OTHER_MODELS, *left_out, *signatures(runs, SCORERS))
        tables.append(Table(f"table1-{kind}", title, columns, rows, notes))
    return filled(*tables)


def _same_language(
    runs: Sequence[RunData], kind: Kind
) -> tuple[tuple[tuple[Cell, ...], ...], tuple[str, ...]]:
    """Rows on the questions that all runs were asked, and what is to be said of these."""
    asked, names = [], []
    for run, label in zip(runs, labels(runs), strict=True):
        found = values_of((row for row in run.scored if row.kind == kind), SCORERS)
        for edit, lang in _own(run):
            places = [
                (kind, "paper", edit, lang),
                (kind, "contains", edit, lang),
                (kind, "paper", None, lang),
            ]
            if places[0] in found:
                asked.append(
                    Asked(run.spec.get("data_sha256"), lang, {one: found.get(one, {}) for one in places})
                )
                names.append((str(run.spec["model"]), label, method_of(run.spec), edit, lang))
    chosen, notes = common(asked)
    rows = []
    for (model, label, method, edit, lang), values in zip(names, chosen, strict=True):
        theirs, ours, before = (mean_of(own) for own in values.values())
        same = theirs.percent if edit == lang else None
        paper = beside("table1", model, lang, same, method=method, kind=kind)
        rows.append((model, label, _named(edit, lang), *theirs, before.percent, *paper, *ours[1:]))
    return tuple(rows), notes


def _own(run: RunData) -> list[tuple[str, str]]:
    """What a run edits in, with each language asked in that an edit is stated in."""
    return [(edit, lang) for edit in run.spec["edit_langs"] for lang in members(edit)]


def _named(edit: str, lang: str) -> str:
    """A language asked in; of a set edited in, both."""
    return lang if edit == lang else f"{lang}, edited in {edit}"


_WITHOUT = {
    "question": "without: the key is taken at the last token of the question, not the subject's last token",
    "prompt": "without: the key is taken at the last token of the prompt, not the subject's last token",
}
"""Where the key is taken without the subject: now, and by earlier runs."""


def table2(runs: Sequence[RunData]) -> tuple[Table, ...]:
    """The subject left out: direct questions, edited with the key at the subject and without it.

    Runs pair up by model, method and data. Only questions that all of them were asked count, and the
    drop has an interval of its own, from differences a question. A run alone stands without a drop.

    Args:
        runs: Runs whose method has a setting ``key``; others are left out.
    """
    used = [run for run in runs if run.spec["editor"].get("key") in ("subject", *_WITHOUT)]
    pairs: dict[tuple[str, ...], dict[str, list[RunData]]] = {}
    for run in used:
        name = tuple(str(run.spec[key]) for key in ("model", "model_revision", "method", "data_sha256"))
        pairs.setdefault(name, {}).setdefault(run.spec["editor"]["key"], []).append(run)
    for pair in pairs.values():
        if "question" in pair:
            pair["prompt"] = pair.pop("question")
    papers = paper_columns("table2")
    columns = (
        *("model", "method", "language", "n", "% with subject", INTERVAL),
        *("% without", f"{INTERVAL} (without)", "drop", f"{INTERVAL} (drop)"),
        *(f"{name}, with subject" for name in papers),
        *("difference", *(f"{name}, without" for name in papers), "difference (without)"),
    )
    rows, left_out = _dropped(pairs)
    notes = (
        *(says for key, says in _WITHOUT.items() if any(run.spec["editor"]["key"] == key for run in used)),
        "drop: with minus without, in points; the paper prints English, and MEMIT without subject unreadably",
        *(OTHER_MODELS, *left_out, *signatures(used, ("paper",))),
    )
    title = "Table 2: with and without the subject. Direct questions"
    return filled(Table("table2", title, columns, rows, notes))


def _dropped(
    pairs: Mapping[tuple[str, ...], Mapping[str, Sequence[RunData]]],
) -> tuple[tuple[tuple[Cell, ...], ...], tuple[str, ...]]:
    """Rows on the questions that all pairs were asked, and what is to be said of these."""
    asked, names = [], []
    for (model, _, method, data), pair in pairs.items():
        edits = dict.fromkeys(one for runs in pair.values() for run in runs for one in _own(run))
        for key, runs in pair.items():
            found = values_of((row for run in runs for row in run.scored), ("paper",))
            for edit, lang in edits:
                place: Place = ("direct", "paper", edit, lang)
                asked.append(Asked(data, lang, {place: found.get(place, {})}))
                names.append((model, method, data, edit, lang, key))
    chosen, notes = common(asked)
    sides: dict[tuple[str, ...], dict[str, Values]] = {}
    for (*name, key), values in zip(names, chosen, strict=True):
        sides.setdefault(tuple(name), {})[key] = next(iter(values.values()))
    return tuple(row for name, own in sides.items() for row in _drop(name, own)), notes


def _drop(name: tuple[str, ...], sides: Mapping[str, Values]) -> Iterator[tuple[Cell, ...]]:
    model, method, _, edit, lang = name
    subject, prompt = (sides.get(key, {}) for key in ("subject", "prompt"))
    if len(sides) == 2:
        both = subject.keys() & prompt.keys()
        subject, prompt = ({one: own[one] for one in own if one in both} for own in (subject, prompt))
    drop: Values = {one: (subject[one][0] - prompt[one][0], subject[one][1]) for one in subject if prompt}
    with_subject, without, fall = mean_of(subject), mean_of(prompt), mean_of(drop, DIFFERENCE)
    if subject or prompt:
        papers = (
            beside("table2", model, lang, own.percent if edit == lang else None, method=method, key=key)
            for own, key in ((with_subject, "subject"), (without, "prompt"))
        )
        numbers = (*with_subject[1:], *without[1:], *fall[1:])
        n = max(with_subject.n, without.n)
        yield (model, method, _named(edit, lang), n, *numbers, *(cell for one in papers for cell in one))
