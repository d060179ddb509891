"""Methods over a sequence of edits: what each edit changes, and what is left of it at the end."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mlake.report.findings.sequences import SAME, Groups, Values, mean_of, step_values
from mlake.report.findings.trade import trades
from mlake.report.paper.compare import INTERVAL, labels, measured
from mlake.report.rundata import RunData, model_name
from mlake.report.statistics.intervals import Estimate
from mlake.report.table import Cell, Table

__all__ = ["LIFELONG_MEASURES", "Lifelong", "lifelong_table", "lifelongs"]

LIFELONG_MEASURES = ("contains", "old_kept")


@dataclass(frozen=True, slots=True)
class Lifelong:
    """A sequence of edits; all but ``kept`` are direct questions, asked in the language edited in.

    Attributes:
        run: The run.
        label: Its method, told from others.
        edit: Languages edited in, in the order of the steps.
        first: What is right of the first step's facts, after each step.
        own: What is right of every step's facts, right after it.
        every: What is right of all facts after the last step.
        kept: Other facts that the unedited model answers truly and the last model still does.
    """

    run: RunData
    label: str
    edit: tuple[str, ...]
    first: tuple[Estimate, ...]
    own: Estimate
    every: Estimate
    kept: Estimate


def lifelongs(runs: Sequence[RunData]) -> list[Lifelong]:
    """The sequences of edits among runs: one for each language, or one that goes from language to language.

    Raises:
        RunError: The answers of such a run cannot be read.
    """
    return list(_of(runs))


def _of(runs: Sequence[RunData]) -> Iterator[Lifelong]:
    for run, label in zip(runs, labels(runs), strict=True):
        order, langs = run.spec.get("sequence"), tuple(run.spec["edit_langs"])
        if order is not None:
            groups, kept = (
                step_values(run),
                {one.edit: one.shares["other facts kept"] for one in trades([run])},
            )
            for chain in [langs] if order == "languages" else [(lang,) for lang in langs]:
                steps = _steps(groups, chain)
                if steps:
                    yield _one(run, label, chain, steps, kept[chain[-1]])


def _steps(groups: Groups, chain: Sequence[str]) -> list[dict[str, Values]]:
    """The values of each step of a chain, the first one first."""
    found = {step: group for (lang, step, asked), group in groups.items() if lang in chain and asked == SAME}
    return [found[step] for step in sorted(found)]


def _one(
    run: RunData, label: str, edit: tuple[str, ...], steps: Sequence[dict[str, Values]], kept: Estimate
) -> Lifelong:
    own = {(step, *key[1:]): value for step, one in enumerate(steps) for key, value in one["own"].items()}
    first = tuple(mean_of(one["first"]) for one in steps)
    return Lifelong(run, label, edit, first, mean_of(own), mean_of(steps[-1]["all"]), kept)


def lifelong_table(runs: Sequence[RunData]) -> Table:
    """A row for each sequence of edits.

    Args:
        runs: Runs of any models and methods; those without a sequence are left out.

    Raises:
        RunError: The answers of such a run cannot be read.
    """
    found = lifelongs(runs)
    return Table(
        name="lifelong",
        title="Edits on top of each other, by method",
        columns=(
            "model", "method", "edited in", "steps", "facts", "own, %", INTERVAL,
            "first at once, %", INTERVAL, "first at the end, %", INTERVAL, "all at the end, %", INTERVAL,
            "other facts kept, %", INTERVAL,
        ),
        rows=tuple(map(_row, found)),
        notes=(
            "Right: the new answer and no old one (contains), on direct questions in the language edited in.",
            "Own: the facts of each step, asked right after it. First: those of the first step, asked after "
            "it and after the last one. All: the facts of all steps, after the last one.",
            "Other facts kept: of those that the unedited model answers truly, asked after the last step.",
        ),
    )  # fmt: skip


def _row(one: Lifelong) -> tuple[Cell, ...]:
    shares = (one.own, one.first[0], one.first[-1], one.every, one.kept)
    cells = [cell for share in shares for cell in measured(share)[1:]]
    return (model_name(one.run.spec), one.label, ", ".join(one.edit), len(one.first), one.every.n, *cells)
