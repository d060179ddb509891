"""Every table and figure as a row: what it needs, what makes it, and how the paper made it."""

from collections.abc import Sequence
from dataclasses import replace

from mlake.errors import UnknownNameError
from mlake.report.figures import (
    figure2,
    figure3,
    figure4,
    figure5,
    figure6,
    figure7,
    figure8,
    lifelong_figure,
    trade_figure,
    transfer_by_distance,
)
from mlake.report.figures.fluency import MEASURES as FLUENCY
from mlake.report.findings.already_known import already
from mlake.report.findings.consistency import consistency, languages_right
from mlake.report.findings.forced import FORCED, forced_tables
from mlake.report.findings.hops import HOPS_MEASURES, hops
from mlake.report.findings.hypotheses import hypotheses
from mlake.report.findings.lifelong import LIFELONG_MEASURES, lifelong_table
from mlake.report.findings.measures import MEASURES, Measure, measure_table
from mlake.report.findings.neurons import neuron_table
from mlake.report.findings.retention import retention
from mlake.report.findings.sequences import sequence_table
from mlake.report.findings.subject_tokens import of_facts, summed
from mlake.report.findings.trade import TRADE_MEASURES, trade_table
from mlake.report.needs import (
    ACROSS,
    DATA,
    DIRECT,
    EDITED,
    EXAMINED,
    KEYS,
    MULTIHOP,
    OWN_LANGUAGE,
    SEQUENCE,
    TOKENS,
    UNEDITED,
    WRITTEN,
    measured,
    run_of,
)
from mlake.report.paper import table1, table2, table3, table4, table5, table8, table9, table10
from mlake.report.rundata import RunData
from mlake.report.view import Given, Shown, View

__all__ = ["VIEWS", "chosen"]

_ASKED = (
    "meta-llama/Llama-2-7b-chat-hf",
    "lmsys/vicuna-7b-v1.5",
    "Qwen/Qwen1.5-7B-Chat",
    "google/gemma-7b-it",
    "mistralai/Mistral-7B-Instruct-v0.2",
)
_TWO = ("memit", "stableke")


def _figure4(given: Given) -> Sequence[Shown]:
    """A figure per model, since tokens are a model's own."""
    runs: dict[str, list[RunData]] = {}
    for run in given.runs:
        runs.setdefault(run.spec["model"], []).append(run)
    made = [figure4(own, of_facts(given.tokens[model])) for model, own in runs.items()]
    return [
        replace(one, name=one.name if len(made) == 1 else f"{one.name}-{number}")
        for number, one in enumerate(made, 1)
    ]


def _measure(one: Measure) -> View:
    return View(
        one.name,
        one.title,
        lambda given: [measure_table(given.runs, one)],
        needs=(measured(one.scorer, one.kind, one.remedy),),
        analyses=one.analyses,
        measures=(one.scorer,),
    )


_PAPER = (
    View(
        "table1",
        "Generalisation: each method edited and asked in the same language, direct and two-hop",
        lambda given: table1(given.runs),
        needs=(OWN_LANGUAGE,),
        measures=("paper", "contains"),
    ),
    View(
        "table2",
        "With and without the subject",
        lambda given: table2(given.runs),
        needs=(KEYS,),
        runs=("transfer", "no-subject"),
        methods=("rome", "memit"),
        measures=("paper", "contains"),
    ),
    View(
        "table3",
        "Tokens per subject",
        lambda given: table3({model: summed(rows) for model, rows in given.tokens.items()}),
        needs=(TOKENS,),
        runs=(),
        methods=(),
        measures=("subject_tokens",),
    ),
    View(
        "table4",
        "The unedited models: free-form answers and multiple choice",
        lambda given: table4(given.runs),
        needs=(UNEDITED,),
        runs=("unedited",),
        methods=(),
        models=_ASKED,
        analyses=("choices",),
        measures=(
            "old_paper",
            "paper",
            "old",
            "contains",
            "choice_likelihood_old",
            "choice_generated_old",
            "choice_likelihood",
            "choice_generated",
            "choice_unread",
        ),
    ),
    View(
        "table5",
        "Statistics of the data set",
        lambda given: table5(given.data()),
        needs=(DATA,),
        runs=(),
        methods=(),
        models=(),
    ),
    View(
        "table8",
        "Transfer between languages, MEMIT",
        lambda given: table8(given.runs),
        needs=(run_of("memit"),),
        methods=("memit",),
        measures=("paper", "contains"),
    ),
    View(
        "table9",
        "Transfer between languages, StableKE",
        lambda given: table9(given.runs),
        needs=(run_of("stableke"),),
        methods=("stableke",),
        measures=("paper", "contains"),
    ),
    View(
        "table10",
        "Examples",
        lambda given: table10(given.runs, given.data()),
        needs=(DATA, EDITED),
        texts=True,
    ),
    View(
        "figure2",
        "Unedited against edited accuracy",
        lambda given: [figure2(given.runs)],
        needs=(OWN_LANGUAGE,),
        runs=("transfer", "unedited"),
        measures=("old", "contains"),
    ),
    View(
        "figure3",
        "Transfer between languages",
        lambda given: [figure3(given.runs)],
        needs=(EDITED,),
        methods=_TWO,
        measures=("contains",),
    ),
    View(
        "figure4",
        "Tokens per subject against success",
        _figure4,
        needs=(OWN_LANGUAGE, TOKENS),
        methods=("rome", "memit", "stableke"),
        measures=("contains", "subject_tokens"),
    ),
    View(
        "figure5",
        "Answers that stay identical",
        lambda given: [figure5(given.runs)],
        needs=(EDITED,),
        methods=_TWO,
        measures=("unchanged",),
    ),
    View(
        "figure6",
        "Fluency",
        lambda given: [figure6(given.runs)],
        needs=(WRITTEN,),
        methods=_TWO,
        analyses=("likelihood",),
        measures=tuple(FLUENCY),
    ),
    View(
        "figure7",
        "Overlap of the most changed neurons between languages",
        lambda given: [figure7(neuron_table(given.runs))],
        needs=(EXAMINED,),
        methods=_TWO,
        measures=("neuron_overlap",),
    ),
    View(
        "figure8",
        "The data set: relations, entities, question lengths, aliases",
        lambda given: [figure8(given.data(), part) for part in "abcde"],
        needs=(DATA,),
        runs=(),
        methods=(),
        models=(),
    ),
)
_BEYOND = (
    View(
        "hypotheses",
        "The paper's six conclusions, tested",
        lambda given: [hypotheses(given.runs)],
        needs=(DIRECT,),
        analyses=("likelihood",),
        measures=("contains", "old", "unchanged", *FLUENCY),
    ),
    View(
        "already",
        "Facts whose new answer the unedited model gives already",
        lambda given: [already(given.runs)],
        needs=(UNEDITED,),
        measures=("contains",),
    ),
    View(
        "consistency",
        "Facts that are answered right in two languages at once",
        lambda given: [consistency(given.runs)],
        needs=(ACROSS,),
        measures=("contains",),
    ),
    View(
        "languages-right",
        "In how many languages a fact is answered right",
        lambda given: [languages_right(given.runs)],
        needs=(DIRECT,),
        measures=("contains",),
    ),
    View(
        "hops",
        "Two-hop questions, by which hops the edited model knows",
        lambda given: [hops(given.runs)],
        needs=(MULTIHOP,),
        measures=HOPS_MEASURES,
    ),
    View(
        "retention",
        "Sequential edits: how well earlier facts are kept",
        lambda given: [retention(given.runs), sequence_table(given.runs)],
        needs=(DIRECT,),
        measures=("contains",),
    ),
    *map(_measure, MEASURES),
    View(
        "forced",
        "Teacher-forced scores, as CounterFact and EasyEdit print them",
        lambda given: forced_tables(given.runs),
        needs=(measured("rewrite_acc_tf", "direct", "run with --forced"),),
        analyses=("forced",),
        measures=tuple(name for both in FORCED.values() for name in both),
    ),
    View(
        "transfer_by_distance",
        "New answers in other languages, by distance of the languages",
        lambda given: [transfer_by_distance(given.runs)],
        needs=(ACROSS,),
        measures=("contains",),
    ),
)
_NAMED = (
    View(
        "methods",
        "Methods side by side: what they change, in which languages, and what else they break",
        lambda given: [trade_table(given.runs), trade_figure(given.runs)],
        needs=(DIRECT,),
        runs=("methods",),
        methods=(),
        analyses=("ability",),
        measures=TRADE_MEASURES,
    ),
    View(
        "lifelong",
        "Every method over edits on top of each other: what is left of the first",
        lambda given: [lifelong_table(given.runs), lifelong_figure(given.runs)],
        needs=(SEQUENCE,),
        runs=("lifelong",),
        methods=(),
        measures=LIFELONG_MEASURES,
    ),
)
"""Views for which every method is run: made only where they are named."""

VIEWS: dict[str, View] = {view.name: view for view in (*_PAPER, *_BEYOND, *_NAMED)}
"""Every view by name, those of the paper first, in its order."""


def chosen(names: Sequence[str]) -> tuple[View, ...]:
    """The views of these names, each once.

    Args:
        names: Names of views; ``beyond``: those that the paper does not have; or ``all``: these and the
            paper's. ``methods``, for which every method is run, is in neither.

    Raises:
        UnknownNameError: No view has this name.
    """
    shared = [name for name, view in VIEWS.items() if view not in _NAMED]
    groups = {"all": shared, "beyond": [name for name in shared if VIEWS[name] not in _PAPER]}
    found: dict[str, View] = {}
    for name in names:
        for one in groups.get(name, [name]):
            if one not in VIEWS:
                raise UnknownNameError("table or figure", one, (*VIEWS, *groups))
            found[one] = VIEWS[one]
    return tuple(found.values())
