"""``mlake train``: what a method needs trained before it can edit."""

from pathlib import Path
from time import monotonic
from typing import Any

import click
from tqdm import tqdm

from mlake.chat_server import need_weights
from mlake.cli.options import LOADING, MIRROR, SEED, model_options
from mlake.data import load
from mlake.errors import EditError
from mlake.evaluation.spec import parse_facts
from mlake.languages import language
from mlake.safe import plain

__all__ = ["train"]

_TRIED = 4
_SMOOTH = 0.98


@click.command(
    epilog="\b\nExample:\n  mlake train mend --model demo --data mlake --facts 300:1072 --lang en,de"
)
@click.argument("method")
@model_options
@click.option("--data", required=True, help="Name of a data set, or a file of your own facts.")
@MIRROR
@click.option("--facts", default="all", show_default=True, help="200 (the first 200), 200:300, or all.")
@click.option("--lang", default="all", show_default=True, help="Languages to edit in: en,de or all.")
@click.option("--steps", type=click.IntRange(1), default=500, show_default=True, help="Steps in all.")
@click.option("--batch-size", type=click.IntRange(1), help="Facts edited together, as many as later on.")
@click.option("--rank", type=click.IntRange(1), help="Inner width.")
@click.option("--rate", type=click.FloatRange(0), help="Learning rate.")
@SEED
@click.option("--out", type=click.Path(path_type=Path), help="File to write.  [default: in the user cache]")
@click.option("--dry-run", is_flag=True, help="Say how long it would take, and stop.")
def train(
    method: str, data: str, mirror: Path | None, facts: str, lang: str, steps: int, out: Path | None,
    dry_run: bool, **flags: Any,
) -> None:  # fmt: skip
    """Train what METHOD needs before it can edit a model, on facts that are not to be edited later.

    Training that was cut off goes on where it was when the same command is given again; so does finished
    training with more --steps.
    """
    import mlake.editing
    import mlake.models

    need_weights(flags["model"], "mlake train")
    row = mlake.editing.editor(method)
    if not row.trainable:
        known = ", ".join(name for name, one in mlake.editing.EDITORS.items() if one.trainable)
        raise EditError(f"{method} needs no training; edit with it at once (trained are: {known})")
    benchmark = load(data, mirror=mirror)
    chosen = parse_facts(facts, len(benchmark.facts))
    names = benchmark.langs if lang == "all" else lang.split(",")
    langs = [language(name.strip()).code for name in names]
    model = {key: flags.pop(key) for key in LOADING}
    lm = mlake.models.load(flags.pop("model"), **model)
    settings = {key: value for key, value in flags.items() if value is not None}
    trainer = row.trainer(lm, benchmark, facts=chosen, langs=langs, settings=settings)
    if dry_run:
        click.echo(_estimate(trainer, steps))
        return
    path = out or row.trained_file(lm)
    if path.exists():
        trainer.resume(path)
        if trainer.step > steps:
            raise EditError(f"{path} was trained for {trainer.step} steps already; give more --steps")
        click.echo(plain(f"note: goes on after step {trainer.step} of {path}"), err=True)
    made = _train(method, trainer, path, steps)
    click.echo(plain(f"wrote {path}: {trainer.step} steps, sha256 {made.sha256}"))
    click.echo(f"{method}: {made.told}")


def _train(method: str, trainer: Any, path: Path, steps: int) -> Any:
    """Train with a bar that shows the time left and running losses."""
    means: dict[str, float] = {}
    with tqdm(
        total=steps, initial=trainer.step, desc=f"training {method}", unit="step", mininterval=1
    ) as bar:

        def show(losses: Any) -> None:
            for name, value in losses.items():
                means[name] = _SMOOTH * means.get(name, value) + (1 - _SMOOTH) * value
            bar.set_postfix({name: f"{value:.3f}" for name, value in means.items()}, refresh=False)
            bar.update()

        return trainer.run(path, steps, show)


def _estimate(trainer: Any, steps: int) -> str:
    """Time a few steps."""
    for _ in range(trainer.measured):
        trainer.advance()
    start = monotonic()
    for _ in range(_TRIED):
        trainer.advance()
    each = (monotonic() - start) / _TRIED
    minutes = each * steps / 60
    return f"about {each:.2f} s per step, {minutes:.0f} min for {steps} steps (from {_TRIED} of them)"
