"""Scores to one row a number: the form that every table and figure, here and elsewhere, starts from."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

from mlake.errors import RunError
from mlake.kinds import KINDS
from mlake.report.statistics.intervals import SHARE, Estimate, clustered_mean
from mlake.scorers.row import ScoredRow
from mlake.scorers.table import measures

__all__ = ["UNEDITED", "Matrix", "TidyRow", "available", "matrix", "tidy"]

UNEDITED = "unedited"

_Key = tuple[str, str, str | None, str]
"""Kind of question, scorer, language edited in, language asked in."""


class TidyRow(TypedDict):
    """One number: mean score of one model, edited and asked in one language each.

    ``edit_lang`` is None and ``method`` "unedited" for the unedited model. ``value``, ``low`` and ``high``
    are in the unit of the measure, shares from 0 to 1; ``value`` is None if ``n`` is 0, the interval also if
    all is about one fact. ``effective`` is how many independent answers would tell as much as the ``n``.
    ``signature`` is the measure with its version.

    ``cut``, ``other_language``, ``language_unknown``, ``refused`` say why a value may be low: the shares of
    the answers that were cut off at the token limit, are in another language, are in one that cannot be
    told, or refuse. None where that was not scored, or cannot be told in a language.
    """

    model: str
    method: str
    edit_lang: str | None
    test_lang: str
    kind: str
    scorer: str
    n: int
    effective: float
    value: float | None
    low: float | None
    high: float | None
    signature: str
    cut: float | None
    other_language: float | None
    language_unknown: float | None
    refused: float | None


@dataclass(frozen=True, slots=True)
class Matrix:
    """The numbers of one kind of question and one scorer.

    Attributes:
        edits: Languages edited in, the unedited model (None) first: the rows.
        tests: Languages asked in: the columns.
        cells: The numbers; a pair that was not asked is missing.
    """

    edits: tuple[str | None, ...]
    tests: tuple[str, ...]
    cells: Mapping[tuple[str | None, str], TidyRow]


def tidy(spec: Mapping[str, Any], rows: Iterable[ScoredRow]) -> list[TidyRow]:
    """One row for each model, test language, kind of question and scorer that ``rows`` hold.

    Ordered by kind, scorer, edit language (the unedited model first) and test language, languages in the
    order of the spec. Answers about one fact form a cluster; a question without a fact is its own.

    Args:
        spec: The run's settings: ``model``, ``method``, ``edit_langs`` and ``test_langs`` are read.
        rows: Scores.

    Raises:
        RunError: A share lies outside 0 and 1.
    """
    groups: dict[_Key, list[tuple[float, str]]] = {}
    for row in rows:
        group = groups.setdefault((row.kind, row.scorer, row.edit_lang, row.test_lang), [])
        if row.value is not None:
            group.append((row.value, row.cluster))
    edits, tests = (None, *spec.get("edit_langs", ())), tuple(spec.get("test_langs", ()))
    orders = (tuple(KINDS), tuple(measures()), edits, tests)
    means = {key: _mean(key[1], group) for key, group in groups.items()}
    return [
        _row(spec, key, means)
        for key in sorted(groups, key=lambda key: [_place(*pair) for pair in zip(orders, key, strict=True)])
    ]


def available(rows: Sequence[TidyRow], scorer: str) -> list[str]:
    """Kinds of questions for which a scorer has numbers, in the order of ``KINDS``."""
    have = {row["kind"] for row in rows if row["scorer"] == scorer and row["n"]}
    return [kind for kind in KINDS if kind in have]


def matrix(rows: Sequence[TidyRow], kind: str, scorer: str) -> Matrix:
    """The numbers of one kind of question and one scorer, without rows that have none."""
    chosen = [row for row in rows if row["kind"] == kind and row["scorer"] == scorer and row["n"]]
    return Matrix(
        edits=tuple(dict.fromkeys(row["edit_lang"] for row in chosen)),
        tests=tuple(dict.fromkeys(row["test_lang"] for row in chosen)),
        cells={(row["edit_lang"], row["test_lang"]): row for row in chosen},
    )


def _place(order: Sequence[str | None], name: str | None) -> tuple[int, str]:
    return (order.index(name) if name in order else len(order), name or "")


def _mean(scorer: str, group: Sequence[tuple[float, str]]) -> Estimate:
    known = measures().get(scorer)
    ends = SHARE if known is not None and known.percent else None
    try:
        return clustered_mean([value for value, _ in group], [cluster for _, cluster in group], ends)
    except ValueError as error:
        raise RunError(
            f"{scorer} gives {error}; a measure in shares goes from 0 to 1, name another unit"
        ) from error


def _row(spec: Mapping[str, Any], key: _Key, means: Mapping[_Key, Estimate]) -> TidyRow:
    kind, scorer, edit_lang, test_lang = key
    estimate = means[key]

    def share(name: str) -> float | None:
        beside = means.get((kind, name, edit_lang, test_lang))
        return beside.value if beside else None

    return TidyRow(
        model=str(spec.get("model", "unknown")),
        method=UNEDITED if edit_lang is None else str(spec.get("method", "unknown")),
        edit_lang=edit_lang,
        test_lang=test_lang,
        kind=kind,
        scorer=scorer,
        n=estimate.n,
        effective=estimate.effective,
        value=estimate.value,
        low=estimate.low,
        high=estimate.high,
        signature=measures()[scorer].signature if scorer in measures() else scorer,
        cut=share("cut"),
        other_language=share("other_language"),
        language_unknown=share("language_unknown"),
        refused=share("refused"),
    )
