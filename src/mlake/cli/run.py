"""``mlake run``: the paper's protocol from flags or a recipe."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from mlake.cli.report import scored_run, show, store_scores
from mlake.cli.settings import settings_of
from mlake.data.ordinary import ordinary_text
from mlake.evaluation.known import Known
from mlake.evaluation.plan import Plan, make_plan
from mlake.evaluation.run import Engine
from mlake.evaluation.run import run as run_plan
from mlake.evaluation.spec import RunSpec, parse_facts
from mlake.evaluation.store import Store
from mlake.languages import LANGUAGES, language
from mlake.recipes import read_recipe
from mlake.records import Benchmark
from mlake.report.tidy import tidy

__all__ = ["run"]

_FACTS = 64  # facts that are edited and asked about together where edits are small
_CHAINS = 16  # sequential edits that advance together; what a kill loses is at most these



def _use_recipe(ctx: click.Context, _: click.Parameter, name: str | None) -> str | None:
    """Let the recipe's values stand where no flag is given."""
    if name is not None:
        flags = {
            one.opts[0].lstrip("-").replace("-", "_"): str(one.name)
            for one in ctx.command.params
            if isinstance(one, click.Option)
        }
        ctx.default_map = {flags[key]: value for key, value in read_recipe(name, flags).items()}
    return name


@click.command(
    epilog="\b\nExamples:\n  mlake run demo\n  mlake run --model demo --data mlake --mirror DIR"
    " --method memit --edit-lang en --facts 200 --dry-run"
)
@click.argument("recipe", required=False, is_eager=True, callback=_use_recipe)
@click.option("--model", required=True, help="Hub id, folder, .gguf file, or 'demo'.")
@click.option("--revision", help="Branch, tag or commit of a hub model.")
@click.option("--dtype", default="auto", show_default=True, help="bf16, fp16, fp32, fp64, or auto.")
@click.option("--device", default="auto", show_default=True, help="Torch device, or auto.")
@click.option("--template", help="Prompt template with one {question}, instead of the model's own.")
@click.option("--data", required=True, help="Name of a data set, or a file of your own facts.")
@click.option("--clean", is_flag=True, help="Mend the data first, as `mlake data export --clean` does.")
@click.option("--mirror", type=click.Path(path_type=Path), help="Folder that holds the data set already.")
@click.option("--method", required=True, help="Editing method, such as memit or rome.")
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="A setting of the method.")
@click.option("--no-subject", is_flag=True, help="Key at the prompt's last token, not at the subject's.")
@click.option("--edit-lang", default="all", show_default=True, help="Languages to edit in: en,de or all.")
@click.option("--test-lang", default="all", show_default=True, help="Languages to ask in: en,de or all.")
@click.option("--facts", default="all", show_default=True, help="200 (the first 200), 200:300, or all.")
@click.option("--batch-size", type=int, default=100, show_default=True, help="Facts edited together.")
@click.option("--kinds", default="direct,multihop", show_default=True, help="Kinds of questions to ask.")
@click.option("--locality", type=int, default=25, show_default=True, help="Questions outside each batch.")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of all random draws.")
@click.option(
    "--max-new-tokens", type=click.IntRange(1), default=32, show_default=True, help="Longest answer, tokens."
)
@click.option("--out", type=click.Path(path_type=Path), help="Run folder.  [default: runs/METHOD-MODEL-ID]")
@click.option("--dry-run", is_flag=True, help="Say what would be done and what it would cost, and stop.")
def run(recipe: str | None, out: Path | None, dry_run: bool, **flags: Any) -> None:
    """Edit facts in some languages, ask in others, score and report.

    RECIPE is a packaged recipe, such as demo, or a TOML file of these flags; flags override it. A run
    that was stopped goes on where it was when the same command is run again.
    """
    import mlake.data
    import mlake.editing
    import mlake.models

    named = [name for key in ("edit_lang", "test_lang") for name in _names(flags[key]) if name != "all"]
    for name in named:
        language(name)
    benchmark = mlake.data.load(flags["data"], mirror=flags["mirror"], clean=flags["clean"])
    facts = parse_facts(flags["facts"], len(benchmark.facts))
    settings = settings_of(flags["settings"], no_subject=flags["no_subject"])
    mlake.editing.editor(flags["method"], **settings)  # a wrong name is said before the model loads
    model = {key: flags[key] for key in ("dtype", "device", "revision", "template")}
    lm = mlake.models.load(flags["model"], **model)
    editor = mlake.editing.editor(flags["method"], lm, **settings)
    spec = _spec(flags, facts, benchmark=benchmark, editor=editor, lm=lm)
    folder = out or Path("runs") / f"{spec.method}-{_slug(spec.model)}-{spec.id}"
    needs_subject = spec.editor.get("key") == "subject"
    plan = make_plan(spec, benchmark, usable=lambda one: one.subject is not None or not needs_subject)
    _show(spec, folder, lm, benchmark)
    from mlake.evaluation.cost import dry_run as estimate
    from mlake.evaluation.cost import too_large

    if dry_run:
        click.echo(estimate(plan, Store(folder, spec), lm))
        return
    for note in (*plan.notes, too_large(plan, lm, spec)):
        if note:
            click.echo(f"note: {note}", err=True)
    with Store.open(folder, spec) as store:
        _ask_all(plan, store, lm, editor, ordinary_text(benchmark))
        _finish(folder)


def _names(text: str) -> tuple[str, ...]:
    return tuple(name for name in (part.strip() for part in text.split(",")) if name)


def _langs(text: str, benchmark: Benchmark) -> tuple[str, ...]:
    if text.strip() == "all":
        return tuple(code for code in LANGUAGES if code in benchmark.langs)
    return _names(text)


def _spec(
    flags: dict[str, Any], facts: tuple[int, int], *, benchmark: Benchmark, editor: Any, lm: Any
) -> RunSpec:
    return RunSpec(
        model=lm.name,
        model_revision=lm.revision,
        dtype=str(lm.dtype).removeprefix("torch."),
        template=lm.style.template,
        data=benchmark.name,
        data_revision=benchmark.revision,
        data_sha256=benchmark.sha256,
        facts=facts,
        method=editor.name,
        editor=editor.config(),
        edit_langs=_langs(flags["edit_lang"], benchmark),
        test_langs=_langs(flags["test_lang"], benchmark),
        kinds=_names(flags["kinds"]),
        **{key: flags[key] for key in ("batch_size", "locality", "seed", "max_new_tokens")},
    )


def _slug(name: str) -> str:
    return re.sub(r"[^\w.-]+", "-", Path(name).name).strip("-.") or "model"


def _show(spec: RunSpec, folder: Path, lm: Any, benchmark: Benchmark) -> None:
    """Every setting, resolved: nothing that changes a number is left unsaid."""
    settings = spec.record()
    editor = settings.pop("editor")
    rows = settings | {f"{spec.method}.{key}": value for key, value in editor.items()}
    rows |= {"device": str(lm.device), "out": str(folder), "id": spec.id}
    width = max(map(len, rows))
    for key, value in rows.items():
        text = value if isinstance(value, str) and value.isprintable() else json.dumps(value)
        click.echo(f"{key:{width}}  {text}")
    for note in benchmark.notes:
        click.echo(f"note: {note}", err=True)


def _ask_all(plan: Plan, store: Store, lm: Any, editor: Any, text: Sequence[str]) -> None:
    """Edit and ask, and say how much did not have to be asked."""
    from mlake.models.generate import identity
    from mlake.models.lm import UNPINNED

    # Nothing tells whether an unpinned model is the one that was asked before.
    known = None if lm.revision == UNPINNED else Known.of(identity(lm, store.spec.max_new_tokens))
    run_plan(plan, store, _engine(lm, editor, store.spec, text, known), progress=True)
    if known is not None and known.reused:
        of = f"{known.reused} of {known.wanted}"
        click.echo(f"note: {of} answers of the unedited model were known already: {known.path}", err=True)


def _engine(lm: Any, editor: Any, spec: RunSpec, text: Sequence[str], known: Known | None) -> Engine:
    import torch

    from mlake.editing import load_edit
    from mlake.models.deltas import RowDeltas
    from mlake.models.generate import answers

    def answer(asked: Any, questions: Sequence[str], progress: Any) -> Any:
        return answers(asked, questions, max_new_tokens=spec.max_new_tokens, progress=progress)

    def many(asked: Any, edits: Any, questions: Sequence[tuple[int, str]], progress: Any) -> Any:
        deltas = RowDeltas(tuple(edit.factors for edit in edits))
        groups, texts = [number for number, _ in questions], [text for _, text in questions]
        settings = {"max_new_tokens": spec.max_new_tokens, "progress": progress}
        return answers(asked, texts, deltas=deltas, groups=groups, **settings)

    unedited = None if known is None else known.before(answer)
    together = _together(lm, editor, spec.batch_size)
    return Engine(lm, editor, answer, load_edit, torch.manual_seed, text, unedited, many, together)


def _together(lm: Any, editor: Any, batch_size: int) -> int:
    """How many edits to compute and ask under at a time.

    Edits of few facts leave a pass half empty. So do edits of one fact after another, where a pass of one
    fact is far from filling an accelerator.
    """
    if editor.sequential and lm.device.type == "cuda":
        return _CHAINS
    return max(1, _FACTS // batch_size)


def _finish(folder: Path) -> None:
    """Score the run, write its report, print its matrices."""
    from mlake.report.write import write_report

    stored, scored = scored_run(folder)
    rows = tidy(stored.spec, scored)
    show(rows, [store_scores(stored, scored), *write_report(folder / "report", stored.spec, rows)])
