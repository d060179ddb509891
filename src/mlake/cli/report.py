"""``mlake score`` and ``mlake report``: a stored run to numbers, without a model."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click

from mlake.errors import RunError
from mlake.evaluation.score import ScoredRow, score_all, signature
from mlake.evaluation.store import Run, read_run
from mlake.report.tables import matrix_text
from mlake.report.tidy import TidyRow, available, tidy

__all__ = ["report", "score", "scored_run", "show", "store_scores"]

_RUN = click.argument("run", type=click.Path(path_type=Path))
_JSON = click.option("--json", "as_json", is_flag=True, help="Print the numbers as JSON, nothing else.")


@click.command(epilog="\b\nExample:\n  mlake score runs/rome-gemma")
@_RUN
@_JSON
def score(run: Path, as_json: bool) -> None:
    """Score the stored answers of RUN again and print the matrix.

    Needs no model: scores depend on the stored answers alone. Writes RUN/scores.jsonl.
    """
    stored, scored = scored_run(run)
    show(tidy(stored.spec, scored), [store_scores(stored, scored)], as_json=as_json)


@click.command(epilog="\b\nExample:\n  mlake report runs/rome-gemma --json > numbers.json")
@_RUN
@_JSON
def report(run: Path, as_json: bool) -> None:
    """Write the tables and figures of RUN to RUN/report and print the matrix.

    Needs no model. Writes report.md, tidy.json, heatmap.png and heatmap.pdf.
    """
    from mlake.report.write import write_report  # matplotlib loads slowly

    stored, scored = scored_run(run)
    rows = tidy(stored.spec, scored)
    show(rows, write_report(stored.folder / "report", stored.spec, rows), as_json=as_json)


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
