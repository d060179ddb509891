"""``mlake score`` and ``mlake report``: a stored run to numbers, without a model."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click

from mlake.cli.options import JSON
from mlake.errors import RunError
from mlake.evaluation.store import Run, read_run
from mlake.report.matrix_text import matrix_text
from mlake.report.tidy import TidyRow, available, tidy
from mlake.scorers.row import ScoredRow
from mlake.scorers.table import score_all, signature

__all__ = ["report", "score", "scored_run", "show", "store_scores"]

_RUN = click.argument("run", type=click.Path(path_type=Path))


@click.command(epilog="\b\nExample:\n  mlake score runs/rome-gemma")
@_RUN
@JSON
def score(run: Path, as_json: bool) -> None:
    """Score the stored answers of RUN again and print the matrix.

    Needs no model: scores depend on the stored answers alone. Writes RUN/scores.jsonl.
    """
    stored, scored = scored_run(run)
    show(tidy(stored.spec, scored), [store_scores(stored, scored)], as_json=as_json)


@click.command(
    epilog="\b\nExamples:\n  mlake report runs/rome-gemma --json > numbers.json"
    "\n  mlake report runs/rome-gemma runs/memit-gemma --html --out report"
)
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path))
@JSON
@click.option("--without-known", is_flag=True, help="Leave out what the unedited model knows already.")
@click.option("--html", is_flag=True, help="Write one page with every answer of all RUNS instead.")
@click.option(
    "--out", type=click.Path(path_type=Path), help="Folder of the report.  [default: report in the first run]"
)
def report(runs: tuple[Path, ...], as_json: bool, without_known: bool, html: bool, out: Path | None) -> None:
    """Write the tables and figures of RUNS and print the matrices.

    Needs no model. Writes report.md, tidy.json, heatmap.png and heatmap.pdf to the folder report in each
    run, or to OUT. With --html, one page to open in a browser: report.html. With --without-known, questions
    about a fact are left out in languages in which the unedited model gives its new answer already.
    """
    if html:
        _page(runs, (out or runs[0] / "report") / "report.html", without_known)
        return
    if out is not None and len(runs) > 1:
        raise RunError("--out takes the report of one run; leave it out, or join the runs with --html")
    for run in runs:
        _one(run, out or run / "report", as_json, without_known)


def _one(run: Path, out: Path, as_json: bool, without: bool) -> None:
    from mlake.report.findings.already_known import without_known
    from mlake.report.load import load_run
    from mlake.report.write import write_report  # matplotlib loads slowly

    stored, scored = scored_run(run)
    rows = without_known(load_run(run)).rows if without else tidy(stored.spec, scored)
    show(rows, write_report(out, stored.spec, rows), as_json=as_json)


def _page(runs: Sequence[Path], path: Path, without: bool) -> None:
    from mlake.disk import write_files
    from mlake.report.findings.already_known import without_known
    from mlake.report.html import page
    from mlake.report.load import load_run
    from mlake.report.views import of_runs

    loaded = [without_known(load_run(run)) if without else load_run(run) for run in runs]
    tables, pictures = of_runs(loaded)
    write_files(path.parent, {path.name: page(loaded, tables, pictures)})
    click.echo(f"wrote {path}")


def scored_run(folder: Path) -> tuple[Run, list[ScoredRow]]:
    """A stored run and the scores of its answers; says so on stderr where it is not finished."""
    stored = read_run(folder)
    scored = score_all(stored.asked())
    if not scored:
        raise RunError(f"{folder} holds no answers yet; run 'mlake run' with the same settings to go on")
    missing = stored.missing()
    if missing:
        click.echo(f"mlake: {folder} is not finished; missing units of answers: {len(missing)}", err=True)
    return stored, scored


def store_scores(stored: Run, scored: Sequence[ScoredRow]) -> Path:
    """Write ``scores.jsonl``."""
    return stored.write_scores(asdict(row) | {"signature": signature(row.scorer)} for row in scored)


def show(rows: Sequence[TidyRow], files: Sequence[Path], *, as_json: bool = False) -> None:
    """Print the matrices and name the files, or print the numbers as JSON."""
    if as_json:
        click.echo(json.dumps(rows, indent=1))
        return
    for kind in available(rows, "contains"):
        click.echo(matrix_text(rows, kind=kind))
    for path in files:
        click.echo(f"wrote {path}")
