"""STAGES: the steps from statements to a release, a row each, in order."""

from collections.abc import Collection, Iterable, Mapping
from functools import partial
from hashlib import sha256
from typing import Any

from mlake.construct.context import Context, Settings
from mlake.construct.edits import EDIT_ROW, EDIT_RULES, make_edits
from mlake.construct.facts import CHAIN_ROW, FACT_ROW, filtered, make_chains, make_facts
from mlake.construct.llm.asked import WRITER_RULES
from mlake.construct.llm.names import model_names
from mlake.construct.llm.objects import ObjectChooser
from mlake.construct.names import name_row, name_rows, used
from mlake.construct.release.built import Built, Step
from mlake.construct.release.make import release_files
from mlake.construct.reviewed import REVIEW_RULES, reviewed, reviewed_so_far
from mlake.construct.rules import CHAIN_RULES, FACT_RULES, STATEMENT_RULES, Rule, Setting
from mlake.construct.splits import SPLIT_ROW, make_splits
from mlake.construct.stage import DROPPED, Drop, Made, Rows, Stage
from mlake.construct.writers import writer_named
from mlake.data.check import RULES
from mlake.data.faults import Shape
from mlake.data.own.schema import FACT, object_shape
from mlake.errors import DataError

__all__ = ["STAGES", "meanings"]


def meanings() -> Mapping[str, str]:
    """Name of each rule of a build to what it asks for, in one phrase."""
    rules: tuple[Rule[Any], ...] = (*STATEMENT_RULES, *FACT_RULES, *CHAIN_RULES)
    proofs = {name: rule.meaning for name, rule in RULES.items()}
    return {rule.name: rule.means for rule in rules} | EDIT_RULES | WRITER_RULES | REVIEW_RULES | proofs


def _setting(context: Context) -> Setting:
    settings = context.settings
    return Setting(
        source=context.source,
        relations=context.relations,
        langs=settings.langs,
        allowed=settings.allowed,
        without=settings.without,
    )


def _check_facts(context: Context, rows: Rows, stage: str) -> None:
    """Refuse entities and relations that a hand wrote into a file of facts and nothing knows."""
    facts = [(row["subject"], row["relation"], row["object"]) for row in rows[stage]]
    facts += [hop for row in rows[stage] for hop in row["before"]]
    ends = (end for subject, _, obj in facts for end in (subject, obj))
    _check_known(ends, context.source.entities, stage, "the source")
    _check_known((fact[1] for fact in facts), context.relations, stage, "the table of relations")


def _check_known(ids: Iterable[str], known: Collection[str], stage: str, where: str) -> None:
    for one in ids:
        if one not in known:
            raise DataError(f"stages/{stage}.jsonl names {one!r}, which {where} does not have; mend the line")


def _facts(context: Context, rows: Rows) -> Made:
    return make_facts(_setting(context))


def _chains(context: Context, rows: Rows) -> Made:
    return make_chains(rows["facts"])


def _filters(context: Context, rows: Rows) -> Made:
    _check_facts(context, rows, "chains")
    return filtered(_setting(context), rows["chains"])


def _edits(context: Context, rows: Rows) -> Made:
    _check_facts(context, rows, "filters")
    make = partial(make_edits, _setting(context), rows["filters"], context.settings.seed)
    if context.model is None:
        return make()
    chooser = ObjectChooser(context.model, context.wordings[0], context.source)
    made = make(chooser)
    context.model.calls.finish()
    return made._replace(drops=[*made.drops, *chooser.drops])


def _names(context: Context, rows: Rows) -> Made:
    if not rows["edits"]:
        raise DataError(
            "no fact is edited: the files stages/*.dropped.jsonl say why; take more relations or another "
            "source"
        )
    _check_known(used(rows["edits"], {}), context.source.entities, "edits", "the source")
    made = name_rows(context.source, rows["edits"], context.settings.langs)
    return made if context.model is None else model_names(context.model, context.source, rows["edits"], made)


def _texts(context: Context, rows: Rows) -> Made:
    _check_known(used(rows["edits"], {}), [row["id"] for row in rows["names"]], "edits", "stages/names.jsonl")
    return writer_named(context.settings.writer).write(context, rows)


def _splits(context: Context, rows: Rows) -> Made:
    stated = {row["fact"] for row in rows["texts"]}
    if not stated:
        raise DataError("stages/texts.jsonl states no fact; make it anew with --from texts")
    return make_splits(rows["edits"], stated, context.settings.seed)


def _reviewed(context: Context, rows: Rows) -> Made:
    return reviewed(context.reviews, rows["texts"])


def _text_row(_: Settings) -> Shape:
    return object_shape(FACT, also_required=("fact", "lang"))


def _release(context: Context, rows: Rows) -> Made:
    steps = [_step(context, stage, rows) for stage in STAGES[:-1]]
    parts = {name: rows[name] for name in ("edits", "names", "splits")}
    built = Built(
        settings=context.settings,
        steps=steps,
        meanings=meanings(),
        texts=rows["reviewed"],
        review=reviewed_so_far(context.reviews, rows["texts"]),
        **parts,
    )
    files = {f"release/{path}": content for path, content in release_files(built).items()}
    listed = [
        {"id": path, "bytes": len(content), "sha256": sha256(content).hexdigest()}
        for path, content in files.items()
    ]
    return Made(listed, files=files)


def _step(context: Context, stage: Stage, rows: Rows) -> Step:
    title = f"{stage.title}; edited by hand" if stage.name in context.edited else stage.title
    drops = [Drop(**row) for row in rows[stage.name + DROPPED]]
    return Step(stage.name, title, len(rows[stage.name]), drops)


_BEFORE = ("facts", "chains", "filters", "edits", "names", "texts", "splits", "reviewed")

STAGES: tuple[Stage, ...] = (
    Stage(
        name="facts",
        title="statements of the source that facts can be made of",
        uses=("source", "relations"),
        make=_facts,
        shape=lambda _: FACT_ROW,
    ),
    Stage(
        name="chains",
        title="second hops from the objects of facts",
        reads=("facts",),
        make=_chains,
        shape=lambda _: CHAIN_ROW,
    ),
    Stage(
        name="filters",
        title="facts and chains that can be asked about in every language",
        reads=("chains",),
        uses=("source", "relations"),
        make=_filters,
        shape=lambda _: CHAIN_ROW,
    ),
    Stage(
        name="edits",
        title="which facts are edited, to what, and what is asked about them",
        reads=("filters",),
        uses=("source", "relations", "prompts"),
        make=_edits,
        shape=lambda _: EDIT_ROW,
    ),
    Stage(
        name="names",
        title="names of everything that questions and answers speak of",
        reads=("edits",),
        uses=("source", "prompts"),
        make=_names,
        shape=lambda settings: name_row(settings.langs),
    ),
    Stage(
        name="texts",
        title="questions and sentences in every language, proved",
        reads=("edits", "names"),
        uses=("source", "wording", "prompts"),
        make=_texts,
        shape=_text_row,
        key=("fact", "lang"),
    ),
    Stage(
        name="splits",
        title="which facts settings are chosen on, and which tests are made of",
        reads=("edits", "texts"),
        make=_splits,
        shape=lambda _: SPLIT_ROW,
        key=("fact",),
    ),
    Stage(
        name="reviewed",
        title="texts as reviewers decided",
        reads=("texts",),
        uses=("reviews",),
        make=_reviewed,
        shape=_text_row,
        key=("fact", "lang"),
    ),
    Stage(
        name="release",
        title="the folder that is published",
        reads=(*_BEFORE, *(name + DROPPED for name in _BEFORE)),
        uses=("parquet", "reviews"),
        make=_release,
    ),
)
"""Each reads earlier ones alone."""
