"""The command line: parse, one call, print. ``mlake --help`` imports nothing heavy."""

import click

from mlake.cli.lazy import LazyGroup

__all__ = ["COMMANDS", "main"]

COMMANDS: dict[str, tuple[str, str]] = {
    "build": ("mlake.cli.build:build", "Build a benchmark from Wikidata, stage by stage."),
    "review": ("mlake.cli.review:review", "Have people read the texts of a build on a page."),
    "data": ("mlake.cli.data:data", "List, download and check data sets."),
    "edit": ("mlake.cli.edit:edit", "Edit facts of your own into a model."),
    "ask": ("mlake.cli.ask:ask", "Ask a model questions, with edits in force or without."),
    "run": ("mlake.cli.run:run", "Edit in some languages, ask in others, score and report."),
    "tune": ("mlake.cli.tune:tune", "Find settings of a method for a model."),
    "trace": ("mlake.cli.trace:trace", "Trace where in a model answers are decided."),
    "train": ("mlake.cli.train:train", "Train the network that an editing method needs."),
    "reproduce": ("mlake.cli.reproduce:reproduce", "Make the paper's tables and figures again."),
    "score": ("mlake.cli.report:score", "Score a finished run again, without a model."),
    "lm-eval": ("mlake.cli.harness:lm_eval", "Write tasks for lm-evaluation-harness."),
    "inspect-log": ("mlake.cli.harness:inspect_log", "Write a finished run as logs for Inspect's viewer."),
    "submit": ("mlake.cli.submit:submit", "Write or check results for the project's folder of results."),
    "list": ("mlake.cli.lists:list_group", "List methods, languages and recipes."),
    "report": ("mlake.cli.report:report", "Write the tables and figures of a finished run."),
}
"""Command name to where it is, and the line that ``mlake --help`` shows for it."""


@click.group(cls=LazyGroup, table=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="mlake", message="mlake %(version)s")
def main() -> None:
    """Edit a fact into a language model in one language, ask it in five, and measure what carried over."""
