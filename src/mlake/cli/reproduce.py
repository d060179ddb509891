"""``mlake reproduce``: the paper's tables and figures, one command each."""

import json
from pathlib import Path
from typing import Any

import click

from mlake.cli.cluster import check_cluster, cluster_options, pool_of
from mlake.cli.options import BATCH_SIZE, DEVICE, DTYPE, JSON, LOCALITY, MAX_NEW_TOKENS, SEED, TRAINED
from mlake.cli.settings import trained_files
from mlake.errors import MlakeError, RunError
from mlake.safe import plain, visible

__all__ = ["reproduce"]


@click.command(
    epilog="\b\nExamples:\n  mlake reproduce --list"
    "\n  mlake reproduce table1 --model demo --facts 40 --dry-run"
    "\n  mlake reproduce all --model demo --facts 40 --out reproduction"
)
@click.argument("names", nargs=-1)
@click.option("--list", "listed", is_flag=True, help="Name the tables and figures, and stop.")
@JSON
@click.option("--model", "models", multiple=True, help="A model in place of the paper's; may be repeated.")
@click.option("--method", "methods", multiple=True, help="A method in place of the paper's; may be repeated.")
@DTYPE
@DEVICE
@click.option("--data", default="mlake", show_default=True, help="Name of a data set, or a file of facts.")
@click.option("--mirror", type=click.Path(path_type=Path), help="Folder that holds the data set already.")
@click.option("--facts", default="all", show_default=True, help="200 (the first 200), 200:300, or all.")
@BATCH_SIZE
@LOCALITY
@TRAINED
@click.option("--mend", help="The same as --trained mend=FILE.")
@click.option("--judge", help="Model that judges fluency: as --model, or openai:URL#NAME on a server.")
@click.option("--judge-url", help="Server of --judge NAME; the same as --judge openai:URL#NAME.")
@click.option("--withhold", is_flag=True, help="Leave the data set's own texts out of what is written.")
@SEED
@MAX_NEW_TOKENS
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("reproduction"), show_default=True, help="Folder."
)
@cluster_options
@click.option("--dry-run", is_flag=True, help="Say what would be run and what it would cost, and stop.")
def reproduce(names: tuple[str, ...], listed: bool, as_json: bool, dry_run: bool, **flags: Any) -> None:
    """Make tables and figures of the paper: run what is missing, write them beside the paper's numbers.

    NAMES are those of --list, or all, or beyond: those that the paper does not have. `methods`, for which
    every method is run, is made only where it is named. Runs are shared and kept below OUT/runs: nothing is
    computed twice, and what was stopped goes on when the same command is run again.
    """
    from mlake.report.views import VIEWS, chosen  # matplotlib loads slowly

    if listed:
        _list(VIEWS.values(), as_json)
        return
    if not names:
        raise RunError("name a table or figure, such as table1, or all; `mlake reproduce --list` names them")
    _make(chosen(names), dry_run, **flags)


def _list(known: Any, as_json: bool) -> None:
    rows = [
        {"name": one.name, "title": one.title, "methods": one.methods, "models": one.models} for one in known
    ]
    if as_json:
        click.echo(json.dumps(rows, indent=1))
        return
    for row in rows:
        click.echo(f"{row['name']:20}  {row['title']}")


def _make(
    views: Any, dry_run: bool, *, data: str, mirror: Path | None, models: tuple[str, ...], **flags: Any
) -> None:
    import mlake.data
    from mlake.reproduce.options import Options

    where = {name: flags.pop(name) for name in ("on", "workers", "gpus")}
    mend = flags.pop("mend")
    trained = trained_files((*flags.pop("trained"), *([f"mend={mend}"] if mend else ())))
    options = Options(models=models, trained=trained, **flags)
    check_cluster(where, models, dry_run)
    benchmark = mlake.data.load(data, mirror=mirror)
    if dry_run:
        _tell(views, benchmark, options)
        return
    with pool_of(where) as pool:
        _write(views, benchmark, options, pool)


def _tell(views: Any, benchmark: Any, options: Any) -> None:
    """Say what would be run."""
    from mlake.reproduce.wishes import wishes
    from mlake.reproduce.work import estimates

    for line in estimates(wishes(views, options), benchmark, options):
        click.echo(visible(line))


def _write(views: Any, benchmark: Any, options: Any, pool: Any) -> None:
    """Make the views, on the workers of a pool if there is one."""
    from mlake.reproduce.make import make

    say = lambda line: click.echo(visible(line), err=True)  # noqa: E731
    failed = make(views, benchmark, options, say, pool)
    click.echo(plain(f"wrote {options.out / 'report.md'} and {options.out / 'report.html'}"))
    if failed:
        raise MlakeError("; ".join(f"{name} could not be made: {error}" for name, error in failed.items()))
