"""Analyses that need the model: each measures a finished run once and keeps the rows with it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from mlake.analysis.choices import choice_rows
from mlake.analysis.examine import keep_ability
from mlake.analysis.forced_run import keep_forced
from mlake.analysis.perplexity import perplexity_rows
from mlake.analysis.store import keep_rows
from mlake.evaluation.plan import Plan
from mlake.evaluation.store import read_run
from mlake.kinds import question_kind
from mlake.models.lm import LM
from mlake.records import Benchmark

__all__ = ["ANALYSES", "Given"]


@dataclass(frozen=True, slots=True)
class Given:
    """What an analysis has at hand.

    Attributes:
        lm: The unedited model.
        run: Folder of a finished run of it.
        benchmark: The data set of the run.
        facts: Start and stop of the slice of its facts.
        plan: What the run edited and asked.
    """

    lm: LM
    run: Path
    benchmark: Benchmark
    facts: tuple[int, int]
    plan: Plan


def _choices(given: Given) -> None:
    """Multiple choice by likelihood and by generation, asked of the unedited model."""
    facts = given.benchmark.facts[slice(*given.facts)]
    probes = [
        probe for fact in facts for probe in fact.probes if question_kind(probe.kind).scored_by == "options"
    ]
    with tqdm(total=len(probes), desc="multiple choice", unit="question") as bar:
        rows = choice_rows(given.lm, probes, bar.update)
    keep_rows(given.run, "choices", {"questions": len(probes)}, rows)


def _likelihood(given: Given) -> None:
    """How likely each answer is to the unedited model."""
    asked = list(read_run(given.run).asked())
    with tqdm(total=len({(one.probe.id, one.answer.text) for one in asked}), desc="likelihood") as bar:
        rows = perplexity_rows(given.lm, asked, bar.update)
    keep_rows(given.run, "likelihood", {"answers": len(asked)}, rows)


def _ability(given: Given) -> None:
    """Likelihood of held-out text, unedited and under every edit."""
    keep_ability(given.lm, given.run)


def _forced(given: Given) -> None:
    """Teacher-forced scores, unedited and under every edit."""
    with tqdm(desc="reading given answers", unit="answer") as bar:
        keep_forced(given.lm, given.run, given.plan, given.benchmark, bar.update)


ANALYSES: dict[str, Callable[[Given], None]] = {
    "choices": _choices,
    "likelihood": _likelihood,
    "ability": _ability,
    "forced": _forced,
}
