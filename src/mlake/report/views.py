"""What each recipe shows: from stored runs and the data set to tables and figures."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from mlake.errors import MlakeError
from mlake.records import Benchmark
from mlake.report.figures import (
    figure2,
    figure3,
    figure4,
    figure5,
    figure6,
    figure7,
    figure8,
    transfer_by_distance,
)
from mlake.report.findings.already_known import already
from mlake.report.findings.consistency import consistency, languages_right
from mlake.report.findings.hypotheses import hypotheses
from mlake.report.findings.measures import MEASURES, measure_table
from mlake.report.findings.neurons import neuron_table
from mlake.report.findings.retention import retention
from mlake.report.findings.sequences import sequence_table
from mlake.report.paper import table1, table2, table3, table4, table5, table8, table9, table10
from mlake.report.picture import Picture
from mlake.report.rundata import RunData
from mlake.report.table import Table
from mlake.report.tokens import Counted, of_facts, summed
from mlake.reproduce.recipes import Recipe

__all__ = ["VIEWS", "Shown", "Stored", "of_runs", "shown"]

Shown = Table | Picture


@dataclass(frozen=True, slots=True)
class Stored:
    """What the views of a reproduction start from.

    Attributes:
        runs: Name of a shared run to its runs, one a model and method.
        benchmark: The data set.
        tokens: Model to the tokens of every subject.
    """

    runs: Mapping[str, Sequence[RunData]]
    benchmark: Benchmark
    tokens: Mapping[str, Counted]

    def of(self, recipe: Recipe) -> "Stored":
        """Without the runs, and those of methods, that a recipe does not show."""
        methods = (*recipe.methods, "none")
        kept = {
            name: [run for run in self.runs.get(name, ()) if run.spec["method"] in methods]
            for name in recipe.runs
        }
        return replace(self, runs=kept)

    def transfer(self) -> Sequence[RunData]:
        """The runs that edit and ask in every language."""
        return self.runs.get("transfer", ())

    def all(self) -> Sequence[RunData]:
        """All runs."""
        return [run for runs in self.runs.values() for run in runs]


_View = Callable[[Stored], Sequence[Shown]]


def _figure4(stored: Stored) -> Sequence[Shown]:
    """A figure a model, since tokens are a model's own."""
    runs: dict[str, list[RunData]] = {}
    for run in stored.transfer():
        runs.setdefault(run.spec["model"], []).append(run)
    made = [figure4(own, of_facts(stored.tokens[model])) for model, own in runs.items()]
    return [
        replace(one, name=one.name if len(made) == 1 else f"{one.name}-{number}")
        for number, one in enumerate(made, 1)
    ]


def _beyond(stored: Stored) -> Sequence[Shown]:
    runs = stored.transfer()
    made: list[Shown] = [
        hypotheses(runs),
        already(runs),
        consistency(runs),
        languages_right(runs),
        retention(runs),
        sequence_table(runs),
    ]
    for measure in MEASURES:
        with suppress(MlakeError):  # not every run asks or measures everything
            made.append(measure_table(runs, measure))
    with suppress(MlakeError):  # wants three languages
        made.append(transfer_by_distance(runs))
    return made


VIEWS: dict[str, _View] = {
    "table1": lambda stored: table1(stored.transfer()),
    "table2": lambda stored: table2(stored.all()),
    "table3": lambda stored: table3({model: summed(rows) for model, rows in stored.tokens.items()}),
    "table4": lambda stored: table4(stored.runs.get("unedited", ())),
    "table5": lambda stored: table5(stored.benchmark),
    "table8": lambda stored: table8(stored.transfer()),
    "table9": lambda stored: table9(stored.transfer()),
    "table10": lambda stored: table10(stored.transfer(), stored.benchmark),
    "figure2": lambda stored: [figure2(stored.all())],
    "figure3": lambda stored: [figure3(stored.transfer())],
    "figure4": _figure4,
    "figure5": lambda stored: [figure5(stored.transfer())],
    "figure6": lambda stored: [figure6(stored.transfer())],
    "figure7": lambda stored: [figure7(neuron_table(stored.transfer()))],
    "figure8": lambda stored: [figure8(stored.benchmark, part) for part in "abcde"],
    "beyond": _beyond,
}
"""Name of a recipe to what it shows."""

_BY_THEMSELVES = (
    "table1",
    "table8",
    "table9",
    "figure2",
    "figure3",
    "figure5",
    "figure6",
    "figure7",
    "beyond",
)


def of_runs(runs: Sequence[RunData]) -> tuple[list[Table], list[Picture]]:
    """Every table and figure that runs give by themselves, without the data set or a tokenizer."""
    stored = Stored({"transfer": runs}, Benchmark("", "", "", ()), {})
    made: list[Shown] = []
    for name in _BY_THEMSELVES:
        with suppress(MlakeError):
            made += VIEWS[name](stored)
    tables = [one for one in made if isinstance(one, Table) and one.rows]
    return tables, [one for one in made if isinstance(one, Picture)]


def shown(recipes: Sequence[Recipe], stored: Stored) -> Iterator[tuple[Recipe, Sequence[Shown] | MlakeError]]:
    """What each recipe shows, or why it cannot be shown; one failure does not stop the others."""
    for recipe in recipes:
        try:
            yield recipe, list(VIEWS[recipe.name](stored.of(recipe)))
        except MlakeError as error:
            yield recipe, error
