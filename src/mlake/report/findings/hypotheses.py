"""The paper's six conclusions as hypotheses, each tested on the runs at hand."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mlake.languages.sets import members
from mlake.report.findings.already_known import already_known
from mlake.report.findings.conclusions import (
    better_where_known,
    changes_close_languages,
    english_first,
    harms_close_languages,
    lost_across,
    transfers_to_close_languages,
)
from mlake.report.findings.finding import Finding
from mlake.report.paper.compare import INTERVAL, labels
from mlake.report.rundata import RunData
from mlake.report.statistics.bootstrap import LEVEL, RESAMPLES, SEED
from mlake.report.statistics.intervals import ABOUT, interval
from mlake.report.statistics.paired import DRAWS, holm
from mlake.report.table import Table

__all__ = ["HYPOTHESES", "Hypothesis", "Outcome", "hypotheses", "outcomes"]


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One conclusion of the paper as a statement that numbers can contradict.

    Attributes:
        number: Its number in the paper.
        claim: What the paper concludes, in short.
        measure: What is compared, so that a positive effect agrees with the claim.
        test: The test.
    """

    number: int
    claim: str
    measure: str
    test: Callable[[Sequence[RunData]], Finding]


HYPOTHESES = (
    Hypothesis(
        1,
        "Editing works best in English",
        "accuracy edited and asked in English, less that of the other languages; within facts",
        english_first,
    ),
    Hypothesis(
        2,
        "The better a model knows a language, the better it is edited in it",
        "unedited accuracy against edited accuracy in the same language; over languages, in each model",
        better_where_known,
    ),
    Hypothesis(
        3,
        "An edit is lost in other languages",
        "accuracy asked in the language of the edit, less that of the others; within facts",
        lost_across,
    ),
    Hypothesis(
        4,
        "The closer two languages, the better an edit carries over",
        "closeness against accuracy across two languages; over pairs, less levels",
        transfers_to_close_languages,
    ),
    Hypothesis(
        5,
        "The closer two languages, the more an edit changes answers",
        "closeness against share of answers changed across two languages; over pairs, less levels",
        changes_close_languages,
    ),
    Hypothesis(
        6,
        "The closer two languages, the more an edit harms fluency",
        "closeness against loss of fluency across two languages; over pairs, less levels",
        harms_close_languages,
    ),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """A hypothesis and what became of it.

    Attributes:
        hypothesis: The hypothesis.
        finding: Effect, interval and p-value.
        corrected: The p-value corrected for the number of hypotheses tested; None if not tested.
        verdict: ``supported``, ``not supported``, ``contradicted`` or ``cannot be tested here``, the last
            with its reason.
    """

    hypothesis: Hypothesis
    finding: Finding
    corrected: float | None
    verdict: str


def outcomes(runs: Sequence[RunData]) -> tuple[Outcome, ...]:
    """Every hypothesis tested on the runs together; give one run to test it alone.

    Args:
        runs: Runs of any methods and models. A claim about all of them needs each to agree.
    """
    findings = [row.test(runs) for row in HYPOTHESES]
    corrected = holm([one.p for one in findings])
    return tuple(
        Outcome(row, finding, p, _verdict(finding, p))
        for row, finding, p in zip(HYPOTHESES, findings, corrected, strict=True)
    )


def hypotheses(runs: Sequence[RunData]) -> Table:
    """The paper's six conclusions, tested on the runs together, as a table.

    Args:
        runs: Runs of any methods and models.
    """
    results = outcomes(runs)
    return Table(
        name="hypotheses",
        title="The paper's conclusions, tested on these runs",
        columns=(
            "conclusion", "tested as", "on", "effect", "unit", INTERVAL, "p", "corrected p", "verdict",
        ),
        rows=tuple(
            (
                f"{one.hypothesis.number}. {one.hypothesis.claim}",
                one.hypothesis.measure,
                one.finding.basis or None,
                one.finding.effect,
                one.finding.unit,
                interval(
                    one.finding.low, one.finding.high, one.finding.n, one.finding.effective, digits=2
                ),
                one.finding.p,
                one.corrected,
                one.verdict,
            )
            for one in results
        ),
        notes=(*_notes(runs), *(note for one in results for note in one.finding.notes)),
    )  # fmt: skip


def _verdict(finding: Finding, corrected: float | None) -> str:
    if finding.reason or finding.effect is None or corrected is None:
        return f"cannot be tested here: {finding.reason}"
    if corrected > 1 - LEVEL:
        return "not supported"
    if finding.effect < 0:
        return "contradicted"
    against = finding.series - finding.agreeing
    if against:
        return f"not supported: {against} of {finding.series} runs or methods disagree"
    return "supported"


def _set_note(runs: Sequence[RunData]) -> list[str]:
    sets = dict.fromkeys(edit for run in runs for edit in run.spec["edit_langs"] if len(members(edit)) > 1)
    note = f"Left out, for the conclusions are about edits in one language: {', '.join(sets)}."
    return [note] if sets else []


def _notes(runs: Sequence[RunData]) -> tuple[str, ...]:
    names = [f"{label} on {run.spec.get('model')}" for label, run in zip(labels(runs), runs, strict=True)]
    known = sum(len(already_known(run)) for run in runs)
    return (
        f'Runs: {", ".join(dict.fromkeys(names)) or "none"}. "All methods" means these.',
        "A positive effect agrees with the conclusion. Percentage points are means over facts, all runs "
        "together; Spearman's rank correlations are means over runs or methods, by points less levels.",
        f"interval: of percentage points {ABOUT}; of rank correlations a percentile bootstrap over facts, "
        f"{RESAMPLES} resamples, seed {SEED}, none where all rank alike. Facts vary in it, not languages and "
        "models.",
        "p: two-sided, of the one test that decides, chosen beforehand: signs of facts flipped (1, 3), "
        "languages rearranged (2), languages relabelled after each one's own level is removed (4, 5, 6); all "
        f"ways if few, {DRAWS} random ones otherwise. Corrected for the number tested here (Holm).",
        f"supported: corrected p at most {1 - LEVEL:.2g}, and every run or method that can tell agrees; "
        "contradicted: the same with the opposite sign.",
        *_set_note(runs),
        f"Facts and languages in which the unedited model gives the new answer already, all runs: {known}.",
    )
