"""Two stored runs that asked the same questions: their differences, paired by question."""

from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean

from benchmarks.stored import StoredRun
from mlake.languages.sets import is_own
from mlake.report.statistics.intervals import DIFFERENCE, clustered_mean
from mlake.report.table import Cell, Table
from mlake.scorers.row import ScoredRow

__all__ = ["differences"]

_COMPARED = {
    "direct": ("direct", "contains"),
    "rephrased": ("paraphrase", "contains"),
    "two hops": ("multihop", "contains"),
    "other facts kept": ("locality", "old_kept"),
}
"""What a row counts: the kind of question and the score."""

_ABOUT = (
    "the first run's per cent → the second's, and the difference with its 95 % interval, over questions that "
    "both answered; other facts kept: of those that the unedited model answers truly"
)

_Key = tuple[str, str, str, str, str]


def differences(runs: Mapping[str, StoredRun]) -> str:
    """A row for each kind of question and language edited in, a column for each asked in, as Markdown.

    Args:
        runs: The two runs, the one that the other is compared with first.
    """
    before, after = (_scores(run.scored) for run in runs.values())
    both = [key for key in before if key in after]
    langs = tuple(dict.fromkeys(key[3] for key in both))
    edits = tuple(dict.fromkeys(key[0] for key in both))
    rows = []
    for name, (kind, scorer) in _COMPARED.items():
        for edit in edits:
            chosen = [key for key in both if key[:3] == (edit, kind, scorer)]
            if chosen:
                rows.append((name, edit, *_cells(chosen, langs, before, after)))
    return Table(
        "paired", "Paired by question", ("questions", "edited in", *langs), tuple(rows), notes=(_ABOUT,)
    ).markdown()


def _scores(rows: Sequence[ScoredRow]) -> dict[_Key, tuple[float, str]]:
    """Language edited in, kind, score, language asked in and question to the value and the fact."""
    return {
        (row.edit_lang, row.kind, row.scorer, row.test_lang, row.probe): (row.value, row.cluster)
        for row in rows
        if row.edit_lang is not None
        and row.value is not None
        and (row.kind, row.scorer) in _COMPARED.values()
        and (row.kind != "paraphrase" or is_own(row.edit_lang, row.test_lang))
    }


def _cells(
    keys: Sequence[_Key],
    langs: Sequence[str],
    before: Mapping[_Key, tuple[float, str]],
    after: Mapping[_Key, tuple[float, str]],
) -> Iterator[Cell]:
    for lang in langs:
        pairs = [(before[key], after[key]) for key in keys if key[3] == lang]
        yield _cell([(old, new, fact) for (old, fact), (new, _) in pairs]) if pairs else None


def _cell(values: Sequence[tuple[float, float, str]]) -> str:
    first = 100 * fmean(old for old, _, _ in values)
    second = 100 * fmean(new for _, new, _ in values)
    found = clustered_mean([new - old for old, new, _ in values], [fact for *_, fact in values], DIFFERENCE)
    text = f"{first:.1f} → {second:.1f}"
    if found.low is None or found.high is None:
        return text
    return f"{text} ({second - first:+.1f} [{100 * found.low:+.1f}, {100 * found.high:+.1f}])"
