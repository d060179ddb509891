"""``mlake score`` and ``mlake report``: a stored run to numbers, without a model."""

import json
from collections.abc import Sequence
from pathlib import Path

import click

from mlake.cli.options import JSON
from mlake.errors import RunError
from mlake.evaluation.store import read_run
from mlake.report.load import load_run
from mlake.report.matrix_text import matrix_text
from mlake.report.rundata import RunData
from mlake.report.tidy import TidyRow, available
from mlake.safe import plain

__all__ = ["report", "score", "scored_run", "show"]

_PRICE = ("old_kept", "heldout_nll")
"""What says on other facts and text what the edits cost."""

_RUN = click.argument("run", type=click.Path(path_type=Path))


@click.command(epilog="\b\nExample:\n  mlake score runs/rome-gemma")
@_RUN
@JSON
def score(run: Path, as_json: bool) -> None:
    """Score the stored answers of RUN again and print the matrix.

    Needs no model: scores depend on the stored answers alone. Writes nothing.
    """
    show(scored_run(run).rows, [], as_json=as_json)


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
    from mlake.report.findings.forced import forced_tables
    from mlake.report.findings.sequences import sequence_tables
    from mlake.report.write import write_report  # matplotlib loads slowly

    loaded = without_known(scored_run(run)) if without else scored_run(run)
    tables = [*sequence_tables(loaded), *forced_tables([loaded])]
    files = write_report(out, loaded.spec, loaded.rows, tables)
    show(loaded.rows, files, as_json=as_json)


def _page(runs: Sequence[Path], path: Path, without: bool) -> None:
    from mlake.disk import write_files
    from mlake.report.findings.already_known import without_known
    from mlake.report.html import page
    from mlake.report.load import load_run
    from mlake.report.view import Given, parted
    from mlake.report.views import VIEWS

    loaded = [without_known(load_run(run)) if without else load_run(run) for run in runs]
    made = {view: view.tried(Given(loaded)) for view in VIEWS.values()}
    write_files(path.parent, {path.name: page(loaded, *parted(made))})
    click.echo(plain(f"wrote {path}"))


def scored_run(folder: Path) -> RunData:
    """A stored run with its scores; says so on stderr where it is not finished."""
    loaded = load_run(folder)
    missing = read_run(folder).missing()
    if missing:
        click.echo(
            plain(f"mlake: {folder} is not finished; missing units of answers: {len(missing)}"), err=True
        )
    return loaded


def show(rows: Sequence[TidyRow], files: Sequence[Path], *, as_json: bool = False) -> None:
    """Print the matrices and name the files, or print the numbers as JSON."""
    if as_json:
        click.echo(json.dumps(rows, indent=1))
        return
    for kind in available(rows, "contains"):
        click.echo(matrix_text(rows, kind=kind))
    for scorer in _PRICE:
        if "locality" in available(rows, scorer):
            click.echo(matrix_text(rows, scorer, "locality"))
    for path in files:
        click.echo(plain(f"wrote {path}"))
