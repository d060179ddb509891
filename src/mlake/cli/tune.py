"""``mlake tune``: settings of a method for a model, found by measurement."""

import json
from collections.abc import Mapping, Sequence
from math import prod
from pathlib import Path
from typing import Any

import click

from mlake.chat_server import need_weights
from mlake.cli.options import BATCH_SIZE, JSON, LOADING, MIRROR, SEED, model_options
from mlake.cli.settings import settings_of, single_settings_options
from mlake.data import load
from mlake.disk import as_json
from mlake.errors import EditError, UnknownNameError
from mlake.evaluation.spec import parse_facts
from mlake.languages import in_order, language
from mlake.records import Benchmark, Fact
from mlake.safe import plain

__all__ = ["tune"]

_DATA = "wikidata-5:tuning"
_MOST = 100
_SHARE = 2 / 3


@click.command(
    epilog="\b\nExample:\n  mlake tune --model demo --method memit --minutes 30 --data mini --out tuned"
)
@model_options
@click.option("--method", required=True, help="Editing method, such as memit.")
@click.option("--minutes", required=True, type=click.FloatRange(0, min_open=True), help="Minutes in all.")
@click.option("--data", default=_DATA, show_default=True, help="Facts that no report uses: a name or a file.")
@MIRROR
@click.option("--facts", help="Facts to edit: 100, 200:300.  [default: two thirds of the data, at most 100]")
@click.option(
    "--against", multiple=True, metavar="RUN|DATA", help="Run or data set to report: its facts are refused."
)
@single_settings_options
@click.option(
    "--edit-lang", default="en", show_default=True, help="Language to edit in; en+de: in one batch."
)
@click.option("--test-lang", default="all", show_default=True, help="Languages to ask in: en,de or all.")
@BATCH_SIZE
@click.option(
    "--max-new-tokens", type=click.IntRange(1), default=16, show_default=True, help="Longest answer, tokens."
)
@SEED
@click.option(
    "--point", default="balanced", show_default=True, help="What to write: careful, balanced or far."
)
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder of the search.")
@click.option("--dry-run", is_flag=True, help="Say what would be searched and asked, and stop.")
@JSON
def tune(
    data: str, mirror: Path | None, facts: str | None, against: tuple[str, ...], minutes: float, point: str,
    out: Path, dry_run: bool, as_json: bool, **flags: Any,
) -> None:  # fmt: skip
    """Search settings of a method for a model, on facts that no report uses.

    Several things are wanted at once: new answers in the language edited in, in other words and in other
    languages, other facts still known, and likely held-out text. OUT gets the settings that no others beat,
    as a table and a figure, and one point of them as settings.toml, which `mlake run --settings` takes. A
    search that was stopped goes on where it was when the same command is given again; with more --minutes,
    so does a finished one.
    """
    import mlake.models
    from mlake.tuning.found import Found
    from mlake.tuning.search import Search, Wanted

    need_weights(flags["model"], "mlake tune")
    fixed = settings_of(
        flags["settings"], no_subject=False, method=flags["method"], file=flags["settings_file"]
    )
    _check(flags["method"], fixed, point)
    benchmark = load(data, mirror=mirror)
    own, others = _facts(benchmark, facts, against, mirror)
    wanted = Wanted(
        facts=own,
        others=others,
        edit_langs=_codes(flags["edit_lang"], "+"),
        test_langs=in_order(benchmark.langs)
        if flags["test_lang"] == "all"
        else _codes(flags["test_lang"], ","),
        fixed=fixed,
        **{key: flags[key] for key in ("method", "batch_size", "max_new_tokens", "seed")},
    )
    lm = mlake.models.load(flags["model"], **{key: flags[key] for key in LOADING})
    search = Search(lm, benchmark, wanted)
    for note in (*benchmark.notes, *search.questions.notes):
        click.echo(plain(f"note: {note}"), err=True)
    if dry_run:
        click.echo(json.dumps(_planned(search), indent=1) if as_json else _told(_planned(search)))
        return
    with search.folder(out) as folder:
        trials = search.carry_out(folder, minutes, progress=True)
        found = Found(search, trials)
        files = folder.finish(_files(found, point))
    click.echo(json.dumps(found.record(), indent=1) if as_json else found.said(point))
    click.echo(plain(f"wrote {', '.join(map(str, files))}"), err=True)


def _check(method: str, fixed: dict[str, Any], point: str) -> None:
    """Refuse what can be told to be wrong before the data and the model load."""
    import mlake.editing
    from mlake.tuning.front import POINTS
    from mlake.tuning.schedule import check_optuna

    if point not in POINTS:
        raise UnknownNameError("point", point, POINTS)
    if not mlake.editing.editor(method, **fixed).search():
        raise EditError(f"{method} has no settings to search; choose another method, such as memit")
    check_optuna()


def _facts(
    benchmark: Benchmark, facts: str | None, against: Sequence[str], mirror: Path | None
) -> tuple[Sequence[Fact], Sequence[Fact]]:
    """The facts to tune on, and others; none that a report uses."""
    from mlake.tuning.against import reported_facts, unreported

    total = len(benchmark.facts)
    start, stop = parse_facts(facts or str(max(1, min(_MOST, round(_SHARE * total)))), total)
    own = benchmark.facts[start:stop]
    others: Sequence[Fact] = benchmark.facts[:start] + benchmark.facts[stop:]
    for name in against:
        others = unreported(own, others, reported_facts(name, mirror), name)
    return own, others


def _codes(text: str, mark: str) -> tuple[str, ...]:
    return tuple(language(code.strip()).code for code in text.split(mark))


def _planned(search: Any) -> dict[str, Any]:
    """What would be searched and asked."""
    questions = search.questions
    asked = [len(questions.of_edited(many)) for many in search.rungs]
    return {
        "search": {axis.name: list(axis.values) for axis in search.axes},
        "settings": prod(len(axis.values) for axis in search.axes),
        "facts": len(questions.edited),
        "batch_size": search.wanted.batch_size,
        "facts_asked_about": list(search.rungs),
        "questions": asked,
        "others": len(questions.of_others()),
        "edit_langs": list(questions.edit_langs),
        "test_langs": list(questions.test_langs),
    }


def _told(plan: Mapping[str, Any]) -> str:
    width = max(map(len, plan["search"]))
    rows = [f"{name:{width}}  {plain(json.dumps(values))}" for name, values in plan["search"].items()]
    rungs = ", ".join(map(str, plan["facts_asked_about"]))
    questions = ", ".join(map(str, plan["questions"]))
    return "\n".join(
        (
            *rows,
            f"{plan['settings']} settings; {plan['facts']} facts, edited {plan['batch_size']} at a time in "
            f"{'+'.join(plan['edit_langs'])}",
            f"asked about {rungs} of them: {questions} questions in {', '.join(plan['test_langs'])}, and "
            "about other facts that the model knows",
        )
    )


def _files(found: Any, point: str) -> dict[str, bytes]:
    """What came of a search, as files."""
    from mlake.tuning.picture import front_picture  # matplotlib loads slowly

    picture = front_picture(found)
    return {
        "settings.toml": found.settings(point).encode(),
        "front.json": f"{as_json(found.record())}\n".encode(),
        "front.md": found.table().markdown().encode(),
        "front.svg": picture.rendered("svg"),
        "front.png": picture.rendered("png"),
    }
