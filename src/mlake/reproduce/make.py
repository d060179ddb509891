"""From recipes to a folder with tables, figures and a page."""

from collections.abc import Callable, Mapping, Sequence

from mlake.analysis.tokenizers import load_tokenizer
from mlake.analysis.tokens import tokens_per_subject
from mlake.disk import write_files
from mlake.errors import MlakeError
from mlake.records import Benchmark
from mlake.report.figures.picture import Picture
from mlake.report.files import files_of
from mlake.report.findings.subject_tokens import Counted
from mlake.report.html import page
from mlake.report.load import load_run
from mlake.report.rundata import RunData
from mlake.report.table import Table
from mlake.report.views import Shown, Stored, shown
from mlake.report.withheld import withheld
from mlake.reproduce.judging import judge_runs
from mlake.reproduce.options import Options
from mlake.reproduce.recipes import Recipe
from mlake.reproduce.wishes import models_of, wishes
from mlake.reproduce.work import carry_out
from mlake.reproduce.write import index

__all__ = ["make"]

_PAGE = "report.html"
_OF_TEXTS = ("table10",)
"""Recipes that show the data set's own texts, and are left out where these are withheld."""

_COUNTED = ("table3", "figure4")
"""Recipes that count the tokens of subjects."""


def make(
    recipes: Sequence[Recipe], benchmark: Benchmark, options: Options, say: Callable[[str], object]
) -> dict[str, MlakeError]:
    """Run what is missing, and write every table, figure and the page.

    Args:
        recipes: What to make.
        benchmark: The data set.
        options: Choices for all runs.
        say: Is told what is done next, a line at a time.

    Returns:
        What could not be made, and why; the rest is written.

    Raises:
        MlakeError: A run failed; what is finished is kept.
    """
    if options.withhold:
        recipes = [recipe for recipe in recipes if recipe.name not in _OF_TEXTS]
    folders = carry_out(wishes(recipes, options), benchmark, options, say)
    judge_runs(folders.get("transfer", ()), options, say)
    say("tables and figures")
    runs = {name: [load_run(folder) for folder in listed] for name, listed in folders.items()}
    made = dict(shown(recipes, Stored(runs, benchmark, _tokens(recipes, benchmark, options))))
    _write([run for listed in runs.values() for run in listed], made, options)
    return {recipe.name: part for recipe, part in made.items() if isinstance(part, MlakeError)}


def _write(
    runs: Sequence[RunData], made: Mapping[Recipe, Sequence[Shown] | MlakeError], options: Options
) -> None:
    every = [one for part in made.values() if not isinstance(part, MlakeError) for one in part]
    markdown = index(made, [run.folder for run in runs], _PAGE)
    write_files(options.out, files_of(every) | {"report.md": markdown.encode("utf-8", "backslashreplace")})
    tables = [one for one in every if isinstance(one, Table)]
    pictures = [one for one in every if isinstance(one, Picture)]
    told = [withheld(run) for run in runs] if options.withhold else runs
    write_files(options.out, {_PAGE: page(told, tables, pictures)})


def _tokens(recipes: Sequence[Recipe], benchmark: Benchmark, options: Options) -> dict[str, Counted]:
    models = dict.fromkeys(
        model for recipe in recipes if recipe.name in _COUNTED for model in models_of(recipe, options)
    )
    return {model: tokens_per_subject(load_tokenizer(model), benchmark, benchmark.langs) for model in models}
