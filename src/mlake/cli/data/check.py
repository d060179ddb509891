"""``mlake data check``: what is wrong with a data set."""

import json
from pathlib import Path

import click
from tqdm import tqdm

from mlake.cli.options import MIRROR
from mlake.data import load
from mlake.data.check import RULES, Report, Severity, report_problems, rules
from mlake.data.check import check as run_check
from mlake.data.check.render import lines, record
from mlake.errors import DataError, FactsError
from mlake.languages import language

__all__ = ["check"]

_COLOURS: dict[Severity, str] = {"error": "red", "warning": "yellow", "info": "cyan"}
_PATIENCE = 1  # seconds without a progress bar


@click.command(
    epilog="\b\nExamples:\n  mlake data check my.jsonl\n"
    "  mlake data check mlake --mirror DIR --rule noop-edit --lang fr,ja"
)
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print every finding as JSON, nothing else.")
@click.option("--rule", "names", multiple=True, metavar="ID", help="Run this rule only; may be given again.")
@click.option("--lang", default="all", show_default=True, help="Languages to report on: en,de or all.")
@click.option(
    "--examples", type=click.IntRange(0), default=3, show_default=True, help="Findings shown for each rule."
)
@MIRROR
@click.pass_context
def check(
    ctx: click.Context,
    name: str,
    as_json: bool,
    names: tuple[str, ...],
    lang: str,
    examples: int,
    mirror: Path | None,
) -> None:
    """Say what is wrong with data set NAME (or a file of facts): a table of counts, and examples.

    Ends with exit code 0 if nothing but notes (info) was found, 1 after a warning or an error, and 2 if
    the data could not be checked at all. 'mlake data export NAME --clean' mends some of it.
    """
    langs = () if lang == "all" else tuple(language(code.strip()).code for code in lang.split(","))
    report = _report(name, names, langs, mirror)
    if as_json:
        click.echo(json.dumps(record(report, RULES), indent=1))
    else:
        for line in lines(report, RULES, examples):
            click.echo(click.style(line.text, fg=_COLOURS[line.severity]) if line.severity else line.text)
    ctx.exit(int(any(RULES[rule].severity != "info" for rule, found in report.findings.items() if found)))


def _report(name: str, names: tuple[str, ...], langs: tuple[str, ...], mirror: Path | None) -> Report:
    chosen = rules(names)
    try:
        benchmark = load(name, mirror=mirror)
    except FactsError as error:
        return report_problems(name, error)
    for lang in langs:
        if lang not in benchmark.langs:
            raise DataError(f"{name!r} states nothing in {lang!r}; it has: {', '.join(benchmark.langs)}")
    return run_check(
        benchmark,
        tqdm(chosen, desc="checking", unit="rule", disable=None, delay=_PATIENCE, leave=False),
        langs,
    )
