"""``mlake submit``: results that go into the project's folder of results, and a check of them."""

from pathlib import Path

import click

from mlake.cli.options import MIRROR
from mlake.cli.report import show
from mlake.disk import write_files
from mlake.safe import plain

__all__ = ["submit"]


@click.command(
    epilog="\b\nExamples:\n  mlake submit runs/memit --out benchmarks/results/submitted"
    "\n  mlake submit --check benchmarks/results/submitted/memit-demo-mini-0a1b2c3d"
)
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--check", is_flag=True, help="RUN is a submission: score it from your copy of the data.")
@MIRROR
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default="submissions",
    show_default=True,
    help="Folder that the submission's own folder goes into.",
)
def submit(run: Path, check: bool, mirror: Path | None, out: Path) -> None:
    """Write settings, scores and answers of RUN as others can check them, without the texts of the data.

    With --check, a submission is asked whether it answers what its settings ask, and scored anew.
    """
    from mlake.submission.check import checked
    from mlake.submission.make import submission

    if check:
        found = checked(run, mirror)
        show(found.rows, [])
        click.echo(plain(f"{run} holds what it claims: {len(found.asked)} answers"))
        return
    name, files = submission(run)
    write_files(out / name, files)
    click.echo(plain(f"wrote {out / name}; what it claims is checked by: mlake submit --check {out / name}"))
