"""What all of the paper's tables share: a measured number beside the paper's, and where it comes from."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from mlake.records import Kind
from mlake.report.paper.numbers import model_titles, paper_model, printed, printed_models
from mlake.report.rundata import RunData
from mlake.report.statistics.intervals import ABOUT, SHARE, Ends, Estimate, clustered_mean, interval
from mlake.report.table import Table
from mlake.report.tidy import TidyRow
from mlake.scorers.row import ScoredRow
from mlake.scorers.table import signature

__all__ = [
    "HOPS",
    "INTERVAL",
    "NOTHING",
    "OTHER_MODELS",
    "RULES",
    "SCORERS",
    "WITHOUT_SUBJECT",
    "Measured",
    "Place",
    "Values",
    "beside",
    "filled",
    "labels",
    "mean_of",
    "measured",
    "method_of",
    "model_of",
    "paper_columns",
    "rows_of",
    "signatures",
    "values_of",
]

HOPS: tuple[Kind, ...] = ("direct", "multihop")
"""Kinds of question that the paper asks an edited model."""

SCORERS = ("paper", "contains")
"""The paper's rule, which compares with its numbers, and ours beside it."""

INTERVAL = "95 % interval (n, effective n)"
RULES = "“paper” is the paper's rule (substring of the raw answer), “contains” ours, which is stricter"
OTHER_MODELS = (
    "a column “paper: …” holds what the paper prints of the model it names; difference: ours minus the "
    "paper's, in points, and only where the run is on that very model"
)

_SOURCES = {"templates": "templates", "self": "own texts"}  # the paper has a larger model write

Place = tuple[str, str, str | None, str]
"""Kind of question, scorer, language edited in (None: unedited), language asked in."""

Values = Mapping[str, tuple[float, str]]
"""Id of a question to its score, from 0 to 1, and to its cluster: its fact, if it has one."""


class Measured(NamedTuple):
    """A measured share.

    Attributes:
        n: Number of answers.
        percent: Their mean; None without answers.
        interval: Its 95 % interval as text, with both numbers of answers; None where there is none.
    """

    n: int
    percent: float | None
    interval: str | None


WITHOUT_SUBJECT = ("question", "prompt")
"""Places of a key that need no subject: the question's last token, or the whole prompt's."""

NOTHING = Measured(0, None, None)


def values_of(scored: Iterable[ScoredRow], scorers: Iterable[str]) -> dict[Place, Values]:
    """Scores by place; of several scores of one question at one place the first stands."""
    found: dict[Place, dict[str, tuple[float, str]]] = {}
    wanted = frozenset(scorers)
    for row in scored:
        if row.scorer in wanted and row.value is not None:
            place = found.setdefault((row.kind, row.scorer, row.edit_lang, row.test_lang), {})
            place.setdefault(row.probe, (row.value, row.cluster))
    return dict(found)


def mean_of(values: Values, ends: Ends = SHARE) -> Measured:
    """The mean of scores, or of their differences, as percent, with its interval."""
    numbers, clusters = [value for value, _ in values.values()], [cluster for _, cluster in values.values()]
    return measured(clustered_mean(numbers, clusters, ends))


def measured(estimate: Estimate) -> Measured:
    """A mean as percent."""
    return _measured(estimate.n, estimate.effective, estimate.value, estimate.low, estimate.high)


def rows_of(rows: Iterable[TidyRow]) -> dict[Place, Measured]:
    """The numbers of a run by place."""
    return {
        (row["kind"], row["scorer"], row["edit_lang"], row["test_lang"]): _measured(
            row["n"], row["effective"], row["value"], row["low"], row["high"]
        )
        for row in rows
    }


def _measured(
    n: int, effective: float, value: float | None, low: float | None, high: float | None
) -> Measured:
    percent = None if value is None else 100 * value
    return Measured(n, percent, interval(low, high, n, effective, factor=100))


def paper_columns(table: str) -> tuple[str, ...]:
    """Headings for ``beside``, without the last one."""
    return tuple(f"paper: {model_titles()[key]}" for key in printed_models(table))


def beside(table: str, model: str, lang: str, value: float | None, **where: str) -> tuple[float | None, ...]:
    """The paper's numbers of all its models, and last the difference of a measured one to its own.

    Args:
        table: As in ``numbers.printed``.
        model: Name of the model that was measured.
        lang: Language code.
        value: What was measured.
        **where: As in ``numbers.printed``, without ``model``.

    Returns:
        A number or None for each of ``printed_models``, and the measured number minus the paper's; None
        for a model that the paper has no number of, and for a method that is not quite the paper's.
    """
    named, _, variant = where.get("method", "").partition(", ")
    if variant in _SOURCES.values():
        where["method"] = named
    papers = {key: printed(table, lang, model=key, **where) for key in printed_models(table)}
    same = None if variant in _SOURCES.values() else papers.get(paper_model(model) or "")
    return (*papers.values(), None if value is None or same is None else value - same)


def model_of(spec: Mapping[str, Any]) -> tuple[str, ...]:
    """What tells unedited models apart: name, revision, data type, prompt, and where answers end."""
    told = ("model", "model_revision", "dtype", "template", "stop", "max_new_tokens")
    return tuple(str(spec.get(key)) for key in told)


def method_of(spec: Mapping[str, Any]) -> str:
    """The method of a run, and what makes it another one than the paper's of that name.

    That is a subject left out, or texts of StableKE that no other model wrote.
    """
    method, editor = str(spec.get("method", "unknown")), spec.get("editor", {})
    without = editor.get("key") in WITHOUT_SUBJECT
    variant = "no subject" if without else _SOURCES.get(editor.get("source", ""))
    return f"{method}, {variant}" if variant else method


def filled(*tables: Table) -> tuple[Table, ...]:
    """The tables that have rows."""
    return tuple(table for table in tables if table.rows)


def labels(runs: Sequence[RunData]) -> list[str]:
    """A name for each run: its method and, where several would be told alike, its folder."""
    names = [method_of(run.spec) for run in runs]
    taken = Counter(
        (run.spec.get("model"), name, lang)
        for run, name in zip(runs, names, strict=True)
        for lang in run.spec["edit_langs"]
    )
    return [
        f"{name} ({run.folder.name})"
        if any(taken[run.spec.get("model"), name, lang] > 1 for lang in run.spec["edit_langs"])
        else name
        for run, name in zip(runs, names, strict=True)
    ]


def signatures(runs: Sequence[RunData], scorers: Sequence[str] = SCORERS) -> tuple[str, ...]:
    """A line for each run with what is needed to repeat it, and one for how it was scored."""
    lines = [
        f"{label}: " + " · ".join(f"{name} {value}" for name, value in _signature(run).items())
        for label, run in zip(labels(runs), runs, strict=True)
    ]
    if not scorers:
        return tuple(lines)
    versions = ", ".join(map(signature, scorers))
    return (*lines, f"scorers: {versions}; intervals: {ABOUT}")


def _validation(spec: Mapping[str, Any]) -> dict[str, str]:
    """How good what was trained was on facts that it did not know, beside the same without training."""
    trained = spec.get("editor", {}).get("trained") or {}
    points = trained.get("validation") if isinstance(trained, Mapping) else None
    if not points:
        return {}
    texts = [
        f"{name} {100 * points[name]['success']:.0f} % new answers, {100 * points[name]['kept']:.0f} % kept"
        for name in ("trained", "untrained")
    ]
    return {"validation": f"{'; '.join(texts)}, {trained['settings']['batch_size']} together"}


def _signature(run: RunData) -> dict[str, object]:
    spec = run.spec
    start, stop = spec.get("facts", (0, 0))
    return {
        "run": run.folder.name,
        "model": spec.get("model"),
        "revision": spec.get("model_revision"),
        "dtype": spec.get("dtype"),
        "data": f"{spec.get('data')} (sha256 {str(spec.get('data_sha256'))[:12]})",
        "facts": f"{stop - start} ({start}:{stop})",
        "method": spec.get("method"),
        "batch size": spec.get("batch_size"),
        **({"sequence": spec["sequence"]} if "sequence" in spec else {}),
        **_validation(spec),
        "seed": spec.get("seed"),
        "mlake": spec.get("version"),
    }
