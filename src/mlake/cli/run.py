"""``mlake run``: the paper's protocol from flags or a recipe."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from mlake.api import carry_out, checked, finished, planned
from mlake.cli.cluster import check_cluster, cluster_options, note, pool_of
from mlake.cli.options import (
    BATCH_SIZE,
    JSON,
    LOADING,
    LOCALITY,
    MAX_NEW_TOKENS,
    SEED,
    TRAINED,
    model_options,
)
from mlake.cli.report import show
from mlake.cli.settings import settings_of, settings_options
from mlake.evaluation.spec import DEFAULTS, RunSpec
from mlake.evaluation.store import Store
from mlake.evaluation.unedited import Known
from mlake.recipes import read_recipe
from mlake.records import Benchmark
from mlake.safe import plain

__all__ = ["run"]

_SETTINGS = ("method", "facts", "batch_size", "locality", "seed", "max_new_tokens", "sequence")
"""Flags that are settings of a run under their own names."""


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
@model_options
@click.option("--data", required=True, help="Name of a data set, or a file of your own facts.")
@click.option("--clean", is_flag=True, help="Mend the data first, as `mlake data export --clean` does.")
@click.option("--mirror", type=click.Path(path_type=Path), help="Folder that holds the data set already.")
@click.option("--method", required=True, help="Editing method, such as memit; or none.")
@settings_options
@TRAINED
@click.option("--no-subject", is_flag=True, help="Key at the question's last token, not at the subject's.")
@click.option(
    "--edit-lang", default="all", show_default=True, help="Languages to edit in: en,de or all; en+de at once."
)
@click.option("--test-lang", default="all", show_default=True, help="Languages to ask in: en,de or all.")
@click.option("--facts", default="all", show_default=True, help="200 (the first 200), 200:300, or all.")
@BATCH_SIZE
@click.option("--sequence", help="Edit on top of earlier edits: batches or languages, one after another.")
@click.option(
    "--kinds", default=",".join(DEFAULTS.kinds), show_default=True, help="Kinds of questions to ask."
)
@LOCALITY
@SEED
@MAX_NEW_TOKENS
@click.option(
    "--forced", is_flag=True, help="Score given answers too, as CounterFact and EasyEdit do: teacher-forced."
)
@click.option(
    "--keep", metavar="FORM", help="Keep every edit as peft (an adapter) or merged (a checkpoint) too."
)
@click.option("--out", type=click.Path(path_type=Path), help="Run folder.  [default: runs/METHOD-MODEL-ID]")
@cluster_options
@click.option("--dry-run", is_flag=True, help="Say what would be done and what it would cost, and stop.")
@JSON
def run(
    recipe: str | None, out: Path | None, dry_run: bool, forced: bool, as_json: bool, **flags: Any
) -> None:
    """Edit facts in some languages, ask in others, score and report.

    RECIPE is a packaged recipe, such as demo, or a TOML file of these flags; flags override it. A run
    that was stopped goes on where it was when the same command is run again.
    """
    from mlake.evaluation.session import Settings

    settings = Settings(
        editor=settings_of(
            flags["settings"],
            no_subject=flags["no_subject"],
            trained=flags["trained"],
            method=flags["method"],
            like=flags["like"],
            file=flags["settings_file"],
        ),
        edit_langs=flags["edit_lang"],
        test_langs=flags["test_lang"],
        kinds=_names(flags["kinds"]),
        **{key: flags[key] for key in _SETTINGS},
    )
    load = {key: flags[key] for key in ("mirror", "clean")}
    load_model = {key: flags[key] for key in LOADING}
    name, data = flags["model"], flags["data"]
    check_cluster(flags, [name], dry_run)
    if flags["on"]:
        benchmark = checked(data, settings, load=load, folder=out)
        with pool_of(flags) as pool:
            folder, head = _spread(pool, (name, load_model), benchmark, settings, out, forced, as_json)
        _report(folder, head)
        return
    session = planned(
        name,
        data,
        settings,
        load=load,
        load_model=load_model,
        folder=None if dry_run else out,
        keep=flags["keep"],
    )
    folder = out or Path("runs") / session.folder_name
    head = {"folder": str(folder), "id": session.spec.id, "spec": session.spec.record()}
    if not as_json:
        _show(session.spec, str(session.lm.device) if session.lm.at_hand else None, folder)
    for one in session.benchmark.notes:
        note(one)
    if dry_run:
        _estimate(session, folder, head if as_json else None, flags["keep"])
    else:
        _carry_out(session, folder, head if as_json else None, forced=forced, keep=flags["keep"])


def _estimate(session: Any, folder: Path, head: Mapping[str, Any] | None, keep: str | None) -> None:
    """Say what the run would cost: in words, or behind ``head`` as JSON."""
    from mlake.evaluation.cost import dry_run, estimate
    from mlake.evaluation.forms import FORMS, form_bytes

    run = (session.plan, Store(folder, session.spec), session.lm, session.method, session.known())
    size = form_bytes(keep, session.plan, session.lm, session.method) if keep else None
    if head is not None:
        kept = {"keep": keep, "bytes_kept": size} if keep else {}
        click.echo(json.dumps({**head, **estimate(*run), **kept}, indent=1))
        return
    click.echo(dry_run(*run))
    if keep:
        large = "an unknown size" if size is None else f"at most about {size / 2**20:.3g} MiB in all"
        place = folder / FORMS[keep].folder
        click.echo(plain(f"kept        edits as {keep}: {len(session.plan.steps)}, {large}, in {place}"))


def _carry_out(
    session: Any, folder: Path, head: Mapping[str, Any] | None, *, forced: bool, keep: str | None
) -> None:
    for one in (*session.plan.notes, *session.notes()):
        note(one)
    _say_known(carry_out(session, folder, forced=forced, keep=keep, progress=True))
    _report(folder, head)


def _report(folder: Path, head: Mapping[str, Any] | None) -> None:
    """Score and report a run that is finished: in words, or behind ``head`` as JSON."""
    found, files = finished(folder)
    if head is None:
        show(found.rows, files)
        return
    told = {"notes": found.notes, "rows": found.rows, "files": list(map(str, files))}
    click.echo(json.dumps({**head, **told}, indent=1))


def _spread(
    pool: Any,
    model: tuple[str, Mapping[str, Any]],
    benchmark: Benchmark,
    settings: Any,
    out: Path | None,
    forced: bool,
    as_json: bool,
) -> tuple[Path, Mapping[str, Any] | None]:
    """Carry out a run on the workers of a pool; gives its folder, and what stands at the head of JSON."""
    from mlake.cluster.runs import carry_out, run_of

    run = run_of(pool, model, benchmark, settings, out, forced=forced)
    told = run.outline
    if not as_json:
        _show(told.spec, told.device, run.folder)
    for one in (*benchmark.notes, *told.plan.notes, *told.notes):
        note(one)
    carry_out([run], pool, note, progress=True)
    head = {"folder": str(run.folder), "id": told.spec.id, "spec": told.spec.record()}
    return run.folder, head if as_json else None


def _names(text: str) -> tuple[str, ...]:
    return tuple(name for name in (part.strip() for part in text.split(",")) if name)


def _show(spec: RunSpec, device: str | None, folder: Path) -> None:
    """Every setting, resolved: nothing that changes a number is left unsaid."""
    settings = spec.record()
    editor = settings.pop("editor")
    rows = settings | {f"{spec.method}.{key}": value for key, value in editor.items()}
    rows |= {**({"device": device} if device else {}), "out": str(folder), "id": spec.id}
    width = max(map(len, rows))
    for key, value in rows.items():
        text = value if isinstance(value, str) and value.isprintable() else json.dumps(value)
        click.echo(f"{key:{width}}  {plain(text)}")


def _say_known(known: Known | None) -> None:
    """Say how much did not have to be asked."""
    if known is not None and known.reused:
        of = f"{known.reused} of {known.wanted}"
        note(f"{of} answers of the unedited model were known already: {known.path}")
