"""``mlake review``: people read the texts of a build."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mlake.cli.columns import aligned
from mlake.cli.options import JSON
from mlake.safe import plain

if TYPE_CHECKING:
    from mlake.construct.reviewed import Review

__all__ = ["review"]


@click.command(
    epilog="\b\nExamples:\n  mlake review wikidata-5\n  mlake review wikidata-5 --status\n"
    "  mlake review wikidata-5 --tasks tasks.json --lang de"
)
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Where to listen; beyond this machine with a token.",
)
@click.option("--port", type=click.IntRange(0, 65535), default=8080, show_default=True, help="0 for any.")
@click.option("--status", is_flag=True, help="Say what was read and how far reviewers agree.")
@click.option(
    "--tasks", type=click.Path(path_type=Path), help="Write what is to be read as tasks for Label Studio."
)
@click.option("--lang", help="With --tasks: the language.")
@click.option(
    "--annotations", type=click.Path(path_type=Path), help="Read decisions that Label Studio exported."
)
@JSON
def review(
    folder: Path,
    host: str,
    port: int,
    status: bool,
    tasks: Path | None,
    lang: str | None,
    annotations: Path | None,
    as_json: bool,
) -> None:
    """Review the texts of a build on a page, by keyboard, several people at once.

    FOLDER is that of a build. Decisions stand in FOLDER/review.sqlite, each as soon as it is made; mlake
    build takes them into the release.
    """
    if sum([status, tasks is not None, annotations is not None]) > 1:
        raise click.UsageError("--status, --tasks and --annotations are three things to do; give one.")
    if (tasks is None) != (lang is None):
        raise click.UsageError("--tasks FILE and --lang CODE go together.")
    if as_json and not status:
        raise click.UsageError("--json prints what --status says; give both.")
    if tasks is not None and lang is not None:
        _write_tasks(folder, tasks, lang)
    elif annotations is not None:
        _read_annotations(folder, annotations)
    elif status:
        _say_status(folder, as_json=as_json)
    else:
        _serve(folder, host, port)


def _serve(folder: Path, host: str, port: int) -> None:
    from mlake.construct.cases import build_cases, new_faults
    from mlake.review.desk import Desk
    from mlake.review.guard import free_port, is_local, new_token
    from mlake.review.page import nicegui, serve
    from mlake.review.store import REVIEW, Store

    nicegui()
    port = free_port(host, port)
    click.echo("checking the texts of the build …", err=True)
    cases = build_cases(folder)
    token = "" if is_local(host) else new_token()
    with Store.open(folder / REVIEW) as store:
        shown = f"[{host}]" if ":" in host else host
        click.echo(plain(f"http://{shown}:{port}/{f'?token={token}' if token else ''}"))
        click.echo("Ctrl-C ends it; every decision is kept as soon as it is made", err=True)
        serve(Desk(cases, store, new_faults), host=host, port=port, token=token)


def _write_tasks(folder: Path, path: Path, lang: str) -> None:
    from mlake.construct.cases import build_cases
    from mlake.disk import write_files
    from mlake.review.label_studio import CONFIG, tasks_of
    from mlake.review.store import REVIEW, read_decisions

    content = tasks_of(build_cases(folder), lang, read_decisions(folder / REVIEW))
    interface = path.with_suffix(".xml")
    write_files(path.parent, {path.name: content, interface.name: CONFIG.encode()})
    click.echo(plain(f"wrote {path} and the labeling interface {interface}"))


def _read_annotations(folder: Path, path: Path) -> None:
    from mlake.construct.cases import build_lines, new_faults
    from mlake.review.label_studio import decisions_of
    from mlake.review.store import REVIEW, Store

    found = decisions_of(path, build_lines(folder), new_faults)
    with Store.open(folder / REVIEW) as store:
        store.decide_all(found)
    click.echo(f"kept {len(found):,} decisions")


def _say_status(folder: Path, *, as_json: bool) -> None:
    from mlake.construct.cases import build_lines
    from mlake.construct.reviewed import reviewed_so_far
    from mlake.review.store import REVIEW, read_decisions

    lines = build_lines(folder)
    found = reviewed_so_far(read_decisions(folder / REVIEW), lines)
    if as_json:
        click.echo(json.dumps(_record(found), indent=1))
        return
    for row in _told(found) if found.reviewers else ["nothing is read yet"]:
        click.echo(row)


def _record(found: "Review") -> dict[str, Any]:
    from dataclasses import asdict

    agreement = {
        lang: {name: asdict(one) for name, one in rows.items()} for lang, rows in found.agreement.items()
    }
    states = {lang: dict(one) for lang, one in found.states.items()}
    return {
        "reviewers": found.reviewers,
        "facts": dict(found.items),
        "states": states,
        "agreement": agreement,
    }


def _told(found: "Review") -> Iterator[str]:
    from mlake.construct.release.people import AGREED, DECIDED, agreed, decided

    yield f"reviewers: {found.reviewers}"
    for head, rows in ((DECIDED, decided(found)), (AGREED, agreed(found))):
        if rows:
            yield ""
            yield from aligned(
                [[name.upper() for name in head], *([str(cell) for cell in row] for row in rows)]
            )
