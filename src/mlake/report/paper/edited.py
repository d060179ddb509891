"""Tables 1 and 2: edited and asked in the same language, with and without the subject."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product

from mlake.kinds import KINDS
from mlake.records import Kind
from mlake.report.paper.compare import (
    HOPS,
    INTERVAL,
    NOTHING,
    OTHER_MODELS,
    RULES,
    SCORERS,
    WITHOUT_SUBJECT,
    Place,
    Values,
    beside,
    filled,
    labels,
    mean_of,
    method_of,
    paper_columns,
    rows_of,
    signatures,
    values_of,
)
from mlake.report.rundata import RunData
from mlake.report.table import Cell, Table

__all__ = ["table1", "table2"]


def table1(runs: Sequence[RunData]) -> tuple[Table, ...]:
    """Generalisation: each method edited and asked in the same language, a table per kind of question.

    A row is a model, method and language: its share by ``paper`` with interval, what the unedited model
    scores on the same questions, the paper's numbers, the difference, and the share by ``contains``.

    Args:
        runs: Runs of any models and methods.
    """
    columns = (
        *("model", "method", "language", "n", "% (paper)", INTERVAL, "% unedited (paper)"),
        *(*paper_columns("table1"), "difference", "% (contains)", f"{INTERVAL} (contains)"),
    )
    tables = (
        Table(
            f"table1-{kind}",
            f"Table 1: edited and asked in the same language. {KINDS[kind].heading}",
            columns,
            tuple(_same_language(runs, kind)),
            (RULES, OTHER_MODELS, *signatures(runs, SCORERS)),
        )
        for kind in HOPS
    )
    return filled(*tables)


def _same_language(runs: Sequence[RunData], kind: Kind) -> Iterator[tuple[Cell, ...]]:
    for run, label in zip(runs, labels(runs), strict=True):
        cells, model, method = rows_of(run.rows), str(run.spec["model"]), method_of(run.spec)
        for lang in run.spec["edit_langs"]:
            theirs, ours = (cells.get((kind, scorer, lang, lang), NOTHING) for scorer in SCORERS)
            if theirs.n:
                before = cells.get((kind, "paper", None, lang), NOTHING)
                paper = beside("table1", model, lang, theirs.percent, method=method, kind=kind)
                yield (model, label, lang, *theirs, before.percent, *paper, *ours[1:])


def table2(runs: Sequence[RunData]) -> tuple[Table, ...]:
    """The subject left out: direct questions, edited with the key at the subject and elsewhere.

    Runs pair up by model, method and data, a row for each place of the key without the subject. Of a pair
    only the questions that both were asked count, and the drop has an interval of its own, from differences
    a question. A run alone stands without a drop.

    Args:
        runs: Runs whose method has a setting ``key``; others are left out.
    """
    used = [run for run in runs if run.spec["editor"].get("key") in ("subject", *WITHOUT_SUBJECT)]
    pairs: dict[tuple[str, ...], dict[str, list[RunData]]] = {}
    for run in used:
        name = tuple(str(run.spec[key]) for key in ("model", "model_revision", "method", "data_sha256"))
        pairs.setdefault(name, {}).setdefault(run.spec["editor"]["key"], []).append(run)
    papers = paper_columns("table2")
    columns = (
        *("model", "method", "language", "n", "% with subject", INTERVAL),
        *("% without", f"{INTERVAL} (without)", "drop", f"{INTERVAL} (drop)"),
        *(f"{name}, with subject" for name in papers),
        *("difference", *(f"{name}, without" for name in papers), "difference (without)", "key without"),
    )
    rows = tuple(row for name, pair in pairs.items() for row in _dropped(name[0], name[2], pair))
    notes = (
        "without: the key is taken at the last token of the question, or of the whole prompt with its "
        "template, instead of the subject's last token; the last column says which",
        "drop: with minus without, in points; the paper prints English, and MEMIT without subject unreadably",
        *(OTHER_MODELS, *signatures(used, ("paper",))),
    )
    title = "Table 2: with and without the subject. Direct questions"
    return filled(Table("table2", title, columns, rows, notes))


def _dropped(model: str, method: str, pair: Mapping[str, Sequence[RunData]]) -> Iterator[tuple[Cell, ...]]:
    found = {
        key: values_of((row for run in runs for row in run.scored), ("paper",)) for key, runs in pair.items()
    }
    langs = dict.fromkeys(lang for runs in pair.values() for run in runs for lang in run.spec["edit_langs"])
    for key, lang in product([one for one in WITHOUT_SUBJECT if one in pair] or [""], langs):
        place: Place = ("direct", "paper", lang, lang)
        subject, other = (found.get(one, {}).get(place, {}) for one in ("subject", key))
        if key and "subject" in pair:
            both = subject.keys() & other.keys()
            subject, other = ({one: own[one] for one in own if one in both} for own in (subject, other))
        drop: Values = {one: (subject[one][0] - other[one][0], subject[one][1]) for one in subject if other}
        with_subject, without, fall = mean_of(subject), mean_of(other), mean_of(drop)
        if subject or other:
            papers = (
                beside("table2", model, lang, own.percent, method=method, key=printed)
                for own, printed in ((with_subject, "subject"), (without, "prompt"))
            )
            n = max(with_subject.n, without.n)
            numbers = (*with_subject[1:], *without[1:], *fall[1:])
            yield (model, method, lang, n, *numbers, *(cell for one in papers for cell in one), key or None)
