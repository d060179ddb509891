"""``mlake lm-eval`` and ``mlake inspect-log``: what other people's tools read."""

from pathlib import Path

import click

from mlake.cli.options import LOCALITY, MAX_NEW_TOKENS, MIRROR
from mlake.data import load
from mlake.disk import write_files
from mlake.evaluation.spec import DEFAULTS
from mlake.harness.lm_eval import task_files
from mlake.harness.questions import Chosen, name_of
from mlake.safe import plain
from mlake.templates import PLAIN, STOPS

__all__ = ["inspect_log", "lm_eval"]


@click.command(
    "lm-eval",
    epilog="\b\nExample:\n  mlake lm-eval --data mini --facts 20 --out tasks\n"
    "  lm_eval --include_path tasks --tasks mlake_mini --model hf --model_args pretrained=edit/model",
)
@click.option("--data", required=True, help="Name of a data set, or a file of your own facts.")
@MIRROR
@click.option("--facts", default="all", show_default=True, help="Those that were edited: 200, 200:300, all.")
@click.option("--test-lang", default="all", show_default=True, help="Languages to ask in: en,de or all.")
@click.option("--kinds", default=",".join(DEFAULTS.kinds), show_default=True, help="Kinds of questions.")
@LOCALITY
@MAX_NEW_TOKENS
@click.option(
    "--template",
    default=PLAIN,
    help="Text with one {question}; that alone for models asked with lm_eval --apply_chat_template.",
)
@click.option(
    "--stop", type=click.Choice(list(STOPS)), help="Where answers end.  [default: as `mlake run` has it]"
)
@click.option("--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="Their folder.")
def lm_eval(
    data: str,
    mirror: Path | None,
    facts: str,
    test_lang: str,
    kinds: str,
    locality: int,
    max_new_tokens: int,
    template: str,
    stop: str | None,
    out: Path,
) -> None:
    """Write tasks for lm-evaluation-harness, one for each language and kind of question.

    They ask what `mlake run` asks whose facts are edited in one batch, and have mlake score the answers:
    for edited checkpoints and adapters of any make, beside the benchmarks that lm_eval has itself.
    """
    benchmark = load(data, mirror=mirror)
    chosen = Chosen(facts=facts, langs=_names(test_lang), kinds=_names(kinds), locality=locality)
    files = task_files(benchmark, chosen, template=template, stop=stop, max_new_tokens=max_new_tokens)
    write_files(out, files)
    tasks = sum(name.endswith(".yaml") for name in files)
    click.echo(plain(f"wrote {tasks} tasks to {out}; all of them: --tasks {name_of(benchmark)}"))


@click.command(
    "inspect-log",
    epilog="\b\nExample:\n  mlake inspect-log runs/memit --out logs\n  inspect view --log-dir logs",
)
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="Their folder.")
def inspect_log(run: Path, out: Path) -> None:
    """Write RUN as logs that Inspect's viewer opens: one for each language edited in, one before any edit."""
    from mlake.cli.report import scored_run
    from mlake.harness.inspect_log import log_files

    files = log_files(scored_run(run))
    write_files(out, files)
    for name in files:
        click.echo(plain(f"wrote {out / name}"))


def _names(text: str) -> tuple[str, ...]:
    """Names with commas; none for all."""
    return () if text.strip() == "all" else tuple(name for name in map(str.strip, text.split(",")) if name)
