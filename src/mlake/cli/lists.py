"""``mlake list``: what there is by name."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import click

from mlake.cli.lazy import LazyGroup
from mlake.cli.options import JSON
from mlake.safe import plain

__all__ = ["kinds", "languages", "list_group", "methods", "recipes", "scorers", "views"]


_TABLE = {
    "methods": ("mlake.cli.lists:methods", "Editing methods, where they are from, and their settings."),
    "languages": ("mlake.cli.lists:languages", "Languages that facts can be edited and asked in."),
    "scorers": ("mlake.cli.lists:scorers", "Scorers and other measures of answers."),
    "kinds": ("mlake.cli.lists:kinds", "Kinds of questions that can be asked."),
    "recipes": ("mlake.cli.lists:recipes", "Recipes of `mlake run`."),
    "views": ("mlake.cli.lists:views", "Tables and figures, and what they need."),
}


@click.group("list", cls=LazyGroup, table=_TABLE)
def list_group() -> None:
    """List what there is by name."""


@click.command(epilog="\b\nExample:\n  mlake list methods --json")
@JSON
def methods(as_json: bool) -> None:
    """List the editing methods, and the model families that settings were published for."""
    from mlake.editing.methods import EDITORS
    from mlake.editing.tuned import packaged
    from mlake.report.paper.numbers import protocol

    of_the_paper = protocol()["batch_size"]

    rows = [
        {
            "name": name,
            "title": row.title or name,
            "paper": row.paper,
            "in_the_mlake_paper": name in of_the_paper,
            "one_fact_after_another": row.sequential,
            "family": row.family,
            "needs": ", ".join(row.needs()),
            "an_edit_holds": row.weighs,
            "families": row.families(),
            "settings": row.config(),
        }
        for name, row in EDITORS.items()
    ]
    _show(rows, ("name", "family", "needs", "an_edit_holds", "paper"), as_json)
    if not as_json:
        click.echo("\nSettings that were published for a family; for others they are mlake's own choice:")
        published = [{"name": name, **one} for name, row in EDITORS.items() for one in row.families()]
        _show(published, ("name", "family", "depth", "like", "source"), as_json)
        click.echo("\nSettings that were found for a model by measurement, and are its defaults:")
        found = [{"name": name, **one.made} for (name, _), one in packaged().items()]
        _show(found, ("name", "model", "source"), as_json)


@click.command(epilog="\b\nExample:\n  mlake list languages")
@JSON
def languages(as_json: bool) -> None:
    """List the languages."""
    from mlake.languages import LANGUAGES

    rows = [
        {"code": code, "name": row.name, "script": row.script, "native": row.native}
        for code, row in LANGUAGES.items()
    ]
    _show(rows, ("code", "name", "script"), as_json)


@click.command(epilog="\b\nExample:\n  mlake list scorers --json")
@JSON
def scorers(as_json: bool) -> None:
    """List the scorers, which every report computes, and the measures that need a model."""
    from mlake.scorers.table import SCORERS, measures

    rows = [
        {
            "name": name,
            "signature": row.signature,
            "unit": row.unit,
            "better": row.better or "",
            "meaning": row.meaning,
            "needs_a_model": name not in SCORERS,
        }
        for name, row in measures().items()
    ]
    _show(rows, ("signature", "unit", "better", "meaning"), as_json)


@click.command(epilog="\b\nExample:\n  mlake list kinds")
@JSON
def kinds(as_json: bool) -> None:
    """List the kinds of questions."""
    from mlake.kinds import KINDS

    _show([asdict(row) for row in KINDS.values()], ("name", "tests"), as_json)


@click.command(epilog="\b\nExample:\n  mlake list recipes")
@JSON
def recipes(as_json: bool) -> None:
    """List the recipes of `mlake run`."""
    from mlake.recipes import recipes as packaged

    _show([{"name": name} for name in packaged()], ("name",), as_json)


@click.command(epilog="\b\nExample:\n  mlake list views --json")
@JSON
def views(as_json: bool) -> None:
    """List the tables and figures of `mlake report --html` and `mlake reproduce`."""
    from mlake.report.views import VIEWS

    rows = [
        {"name": name, "title": view.title, "needs": [need.what for need in view.needs]}
        for name, view in VIEWS.items()
    ]
    _show(rows, ("name", "title"), as_json)


def _show(rows: Sequence[dict[str, Any]], columns: Sequence[str], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(rows, indent=1, ensure_ascii=False))
        return
    widths = [max(len(plain(str(row[column]))) for row in rows) for column in columns]
    for row in rows:
        cells = (f"{plain(str(row[name])):{width}}" for name, width in zip(columns, widths, strict=True))
        click.echo("  ".join(cells).rstrip())
