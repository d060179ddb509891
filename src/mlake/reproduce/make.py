"""From views to a folder with tables, figures and a page."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from mlake.analysis.subject_tokens import tokens_per_subject
from mlake.analysis.tokenizers import load_tokenizer
from mlake.cluster.spread import Pool
from mlake.disk import write_files
from mlake.errors import MlakeError
from mlake.evaluation.spec import NO_METHOD
from mlake.records import Benchmark
from mlake.report.files import files_of
from mlake.report.findings.subject_tokens import Counted
from mlake.report.html import page
from mlake.report.load import load_run
from mlake.report.needs import TOKENS
from mlake.report.rundata import RunData
from mlake.report.view import Given, Shown, View, parted
from mlake.report.withheld import withheld
from mlake.reproduce.judging import judge_runs
from mlake.reproduce.options import Options
from mlake.reproduce.spread import carry_out_on
from mlake.reproduce.wishes import methods_of, models_of, wishes
from mlake.reproduce.work import carry_out
from mlake.reproduce.write import index

__all__ = ["make"]

_PAGE = "report.html"


def make(
    views: Sequence[View],
    benchmark: Benchmark,
    options: Options,
    say: Callable[[str], object],
    pool: Pool | None = None,
) -> dict[str, MlakeError]:
    """Run what is missing, and write every table, figure and the page.

    Args:
        views: What to make; those that show the data set's texts are left out where these are withheld.
        benchmark: The data set.
        options: Choices for all runs.
        say: Is told what is done next, a line at a time.
        pool: Workers over which the runs are spread; None where all is done here.

    Returns:
        What could not be made, and why; the rest is written.

    Raises:
        MlakeError: A run failed; what is finished is kept.
    """
    if options.withhold:
        views = [view for view in views if not view.texts]
    wanted = wishes(views, options)
    for wish in wanted:
        wish.settings.check(benchmark)  # before a model is loaded
    spread = carry_out if pool is None else partial(carry_out_on, pool)
    folders = spread(wanted, benchmark, options, say)
    judge_runs(folders.get("transfer", ()), options, say)
    say("tables and figures")
    runs = {name: [load_run(folder) for folder in listed] for name, listed in folders.items()}
    tokens = _tokens(views, benchmark, options)
    made = {view: view.tried(Given(_shown_by(view, runs, options), benchmark, tokens)) for view in views}
    _write([run for listed in runs.values() for run in listed], made, options)
    return {view.name: part for view, part in made.items() if isinstance(part, MlakeError)}


def _write(
    runs: Sequence[RunData], made: Mapping[View, Sequence[Shown] | MlakeError], options: Options
) -> None:
    tables, pictures, left_out = parted(made)
    markdown = index(made, [run.folder for run in runs], _PAGE)
    files = files_of([*tables, *pictures])
    write_files(options.out, files | {"report.md": markdown.encode("utf-8", "backslashreplace")})
    told = [withheld(run) for run in runs] if options.withhold else runs
    write_files(options.out, {_PAGE: page(told, tables, pictures, left_out)})


def _shown_by(view: View, runs: Mapping[str, Sequence[RunData]], options: Options) -> list[RunData]:
    """The runs, and those of methods, that a view shows."""
    methods = (*methods_of(view, options), NO_METHOD)
    return [run for name in view.runs for run in runs.get(name, ()) if run.spec["method"] in methods]


def _tokens(views: Sequence[View], benchmark: Benchmark, options: Options) -> dict[str, Counted]:
    models = dict.fromkeys(
        model for view in views if TOKENS in view.needs for model in models_of(view, options)
    )
    return {model: tokens_per_subject(load_tokenizer(model), benchmark, benchmark.langs) for model in models}
