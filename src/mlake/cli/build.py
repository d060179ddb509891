"""``mlake build``: from statements of Wikidata to a benchmark and its release."""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mlake.cli.columns import aligned
from mlake.cli.options import JSON, SEED
from mlake.cli.refresh import say_refreshed
from mlake.construct.llm.calls import CALLS, MODES
from mlake.construct.stage import DROPPED
from mlake.safe import plain

if TYPE_CHECKING:
    from mlake.construct.build import Done
    from mlake.construct.context import Context
    from mlake.construct.release.push import Sent

__all__ = ["build"]

_Command = Callable[..., Any]


def _names(ctx: click.Context, param: click.Parameter, text: str) -> tuple[str, ...]:
    """Names between commas, each once."""
    return tuple(dict.fromkeys(name for name in map(str.strip, text.split(",")) if name))


def _listed(*name: str, **settings: Any) -> Callable[[_Command], _Command]:
    return click.option(*name, callback=_names, **settings)


@click.command(
    epilog="\b\nExamples:\n  mlake build --out wikidata-5\n  mlake build --langs en,de --until edits"
    " --out ende\n  mlake build --from texts --dry-run --out wikidata-5"
)
@click.option(
    "--source", default="snapshot", show_default=True, help="snapshot, wikidata, dump:FILE, or a folder."
)
@click.option("--relations", type=click.Path(path_type=Path), help="Table of relations.  [default: packaged]")
@_listed("--langs", default="en,de,fr,ja,zh", show_default=True, help="Languages of the benchmark.")
@click.option("--wording", type=click.Path(path_type=Path), help="Folder of wording files that go first.")
@click.option(
    "--writer",
    default="templates",
    show_default=True,
    help="templates, openai:URL#NAME or local:NAME.",
)
@click.option(
    "--calls",
    "mode",
    type=click.Choice(MODES),
    default=MODES[0],
    show_default=True,
    help="Ask a model for what OUT/calls.jsonl lacks, for nothing, or anew.",
)
@_listed("--with", "allowed", default="", help="What is left out otherwise: volatile,sensitive.")
@_listed("--without-source", "without", default="", help="Leave out what only these witnesses state: ml.")
@SEED
@click.option("--from", "start", metavar="STAGE", help="Make this stage and all after it anew.")
@click.option("--until", metavar="STAGE", help="Last stage to make.")
@click.option(
    "--refresh", is_flag=True, help="Fetch what the source names from Wikidata; say what has changed."
)
@click.option("--dry-run", is_flag=True, help="Say what would be done, and write nothing.")
@click.option("--push", "repo", metavar="REPO", help="List what would be sent to this dataset of the hub.")
@click.option("--really", is_flag=True, help="With --push: send it.")
@JSON
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder of the build.")
def build(
    out: Path,
    start: str | None,
    until: str | None,
    refresh: bool,
    dry_run: bool,
    repo: str | None,
    really: bool,
    as_json: bool,
    **flags: Any,
) -> None:
    """Build a benchmark, stage by stage.

    Each stage writes OUT/stages/STAGE.jsonl, which may be edited by hand: it is taken as it is, and what
    follows from it is made anew. Beside it stands what the stage left out, by which rule and why. A build
    that was stopped goes on where it was when the same command is run again.
    """
    from mlake.construct import build as runner
    from mlake.construct.open import open_context
    from mlake.construct.pipeline import STAGES
    from mlake.construct.release import push

    if refresh:
        if dry_run or repo or start or until:
            raise click.UsageError(
                "--refresh makes a source and no build; give it --source, --langs and --out alone."
            )
        say_refreshed(out, flags["source"], flags["langs"], _tell, as_json=as_json)
        return
    if really and repo is None:
        raise click.UsageError("--really sends what --push lists; give both.")
    if repo is not None:
        if dry_run or until not in (None, STAGES[-1].name):
            raise click.UsageError("--push needs a release; give it without --dry-run and --until.")
        push.check_repo(repo)
    if flags["mode"] == "refresh" and start is None:
        raise click.UsageError(
            "--calls refresh asks for what is made anew; give --from edits, names or texts."
        )
    context = open_context(**flags, calls=out / CALLS, out=out, fetch=not dry_run, say=_tell)
    span = {"start": start, "until": until}
    if dry_run:
        done = runner.planned(out, context, STAGES, **span)
    else:
        done = runner.build(out, context, STAGES, **span, say=_say)
    sent = [] if repo is None else push.push(out / "release", repo, really=really)
    if as_json:
        stages = [one.record() for one in done]
        files = [{"path": one.path, "bytes": one.size} for one in sent]
        pushed = {} if repo is None else {"push": {"repo": repo, "sent": really, "files": files}}
        click.echo(json.dumps({"out": str(out), "stages": stages} | pushed, indent=1))
        return
    head = _inputs(context) if dry_run else ()
    lines = [
        *head,
        *_stages(done, "WOULD BE" if dry_run else "STATE"),
        *_rules(done),
        *_sent(sent, repo, really),
    ]
    for line in lines:
        click.echo(line)


def _say(done: "Done") -> None:
    """What a stage does, before it does it, and what a hand changed."""
    if done.state == "made" and not done.finished:
        click.echo(plain(f"{done.stage.name}: {done.stage.title} ({done.why})"), err=True)
    if done.state == "edited":
        why = f": {done.why}" if done.why else ""
        click.echo(plain(f"note: {done.stage.name} was edited by hand and is taken as it is{why}"), err=True)


def _tell(line: str) -> None:
    """What a source does."""
    click.echo(plain(f"source: {line}"), err=True)


def _inputs(context: "Context") -> Iterator[str]:
    """What the build would be made of."""
    source, settings = context.source, context.settings
    yield plain(
        f"source: {settings.source}, {len(source.entities):,} entities and {len(source.claims):,} statements"
    )
    yield f"relations: {len(context.relations)}"
    yield f"wording: {settings.writer} in {', '.join(settings.langs)}"
    yield ""


def _stages(done: Sequence["Done"], state: str) -> Iterator[str]:
    rows = [
        [
            one.stage.name,
            one.state,
            "–" if one.rows is None else f"{one.rows:,}",
            f"{sum(one.dropped.values()):,}",
            ", ".join([*(name for name in one.stage.reads if not name.endswith(DROPPED)), *one.stage.uses]),
            one.why,
        ]
        for one in done
    ]
    return aligned([["STAGE", state, "ROWS", "DROPPED", "IS MADE OF", "WHY"], *rows])


def _sent(files: Sequence["Sent"], repo: str | None, really: bool) -> Iterator[str]:
    """What is sent to the hub, or would be."""
    if files:
        yield ""
        yield from aligned([["FILE", "BYTES"], *([one.path, f"{one.size:,}"] for one in files)])
        yield plain(f"sent to {repo}" if really else f"would be sent to {repo}: add --really to send it")


def _rules(done: Sequence["Done"]) -> Iterator[str]:
    """What each rule cost."""
    from mlake.construct.pipeline import meanings

    asked = meanings()
    rows = [
        [rule, one.stage.name, f"{count:,}", asked.get(rule, "")]
        for one in done
        for rule, count in one.dropped.items()
    ]
    if rows:
        yield ""
        yield from aligned([["RULE", "STAGE", "DROPPED", "ASKS FOR, OR FINDS"], *rows])
