"""Tables 3 and 5: tokens per subject, and what a data set holds."""

from collections.abc import Iterator, Mapping, Sequence

from mlake.data.stats.describe import LanguageStats, describe
from mlake.data.stats.views import TABLE5, Row
from mlake.records import Benchmark
from mlake.report.paper.compare import INTERVAL, OTHER_MODELS, beside, filled, paper_columns
from mlake.report.paper.numbers import printed
from mlake.report.statistics.intervals import Estimate, interval
from mlake.report.table import Cell, Table

__all__ = ["table3", "table5"]

_RELEASE = "mlake"
"""Name of the data set that the paper's Table 5 is about."""

_DIFFERENT = (
    "the release has 789 Chinese two-hop questions after the edit, not 798: the paper's own shares fit 789",
    "single-hop entities: different answers, old and new together; the paper has French and German swapped",
    "multi-hop entities: different Wikidata ids in the chains of one language; the paper defines its count "
    "differently and does not say how",
)


def table3(tokens: Mapping[str, Mapping[str, Estimate]]) -> tuple[Table, ...]:
    """Mean number of tokens that a model's tokenizer needs for a subject.

    Args:
        tokens: Model name, then language code, to the mean over subjects.
    """
    columns = ("model", "language", "subjects", "tokens per subject", INTERVAL)
    papers = (*paper_columns("table3"), "difference")
    rows = tuple(
        (
            *(model, lang, one.n, one.value, interval(one.low, one.high, one.n, one.effective, digits=2)),
            *beside("table3", model, lang, one.value),
        )
        for model, langs in tokens.items()
        for lang, one in langs.items()
    )
    title = "Table 3: mean number of tokens per subject"
    return filled(Table("table3", title, columns + papers, rows, (OTHER_MODELS,)))


def table5(benchmark: Benchmark) -> tuple[Table, ...]:
    """What a data set holds; for the released data, also what the paper prints and the difference.

    Args:
        benchmark: Any data set.
    """
    stats = describe(benchmark)
    released = benchmark.name == _RELEASE
    rows = tuple(row for one in TABLE5 for row in _counted(one, stats.languages, released))
    source = f"data {stats.name} {stats.revision} (sha256 {stats.sha256[:12]}), {stats.facts} facts"
    return (
        Table(
            "table5",
            f"Table 5: what {stats.name} holds",
            ("statistic", "source", *(one.lang for one in stats.languages)),
            rows,
            (*(_DIFFERENT if released else ()), source),
        ),
    )


def _counted(row: Row, languages: Sequence[LanguageStats], released: bool) -> Iterator[tuple[Cell, ...]]:
    counts = [row.count(one) for one in languages]
    yield (row.title, "counted", *counts)
    if released:
        papers = [printed("table5", one.lang, statistic=row.title) for one in languages]
        yield (row.title, "paper", *papers)
        yield (row.title, "difference", *map(_minus, counts, papers))


def _minus(count: int | None, paper: float | None) -> float | None:
    return None if count is None or paper is None else count - paper
