"""A model as a source of further names of answers: the forms that a name takes in an inflected language."""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial

from mlake.construct.llm.asked import Values, Wish, asked, object_of
from mlake.construct.llm.model import Model
from mlake.construct.names import FLAGS, flag_of, taken_names
from mlake.construct.source import Entity, Source
from mlake.construct.stage import Made, Row
from mlake.data.check.matching import key
from mlake.data.faults import TEXTS

__all__ = ["model_names"]

_MOST = 8  # forms of a name
_ALIKE = 2  # one part in so many of a name at least begins its forms
_TOKENS = 200


def model_names(model: Model, source: Source, drafts: Sequence[Row], made: Made) -> Made:
    """The rows with the forms of the names of answers, in languages whose prompts ask for them.

    Args:
        model: The model.
        source: Where the names are from.
        drafts: Rows of the stage ``edits``.
        made: Rows of the stage ``names``.

    Raises:
        DataError: A call is not recorded and none may be made.
        ModelError: The model fails.
    """
    wanted = set(_answers(drafts))
    langs = [lang for lang, prompts in model.prompts.items() if prompts.names]
    rows = [row for row in made.rows if row["id"] in wanted]
    wishes = [wish for lang in langs for wish in _wishes(model, source, rows, lang)]
    found, drops = asked(model, wishes)
    model.calls.finish()
    return Made([_with(row, langs, found) for row in made.rows], [*made.drops, *drops])


def _answers(drafts: Iterable[Row]) -> Iterable[str]:
    for row in drafts:
        yield from (row["object"], row["new"])
        yield from (hop[2] for at in ("before", "after", "others") for hop in row[at])


def _item(row: Row, lang: str) -> str:
    return f"{row['id']}/{lang}/names"


def _wishes(model: Model, source: Source, rows: Sequence[Row], lang: str) -> Iterable[Wish]:
    taken = taken_names(source, lang)
    for row in rows:
        prompt = model.prompts[lang].names.format(name=row["labels"][lang])
        wrong = partial(_wrong, lang, source.entities[row["id"]], taken)
        yield Wish(_item(row, lang), lang, prompt, object_of(names=TEXTS), _TOKENS, wrong)


def _wrong(lang: str, entity: Entity, taken: Mapping[str, set[str]], values: Values) -> str:
    name = entity.labels[lang]
    if len(values["names"]) > _MOST:
        return f"more than {_MOST} names"
    for one in values["names"]:
        if not one.isprintable() or not _alike(one, name):
            return f"{one!r} is no form of {name!r}"
        if flag := flag_of(one, lang, entity, taken):
            return f"{one!r} will not do: {FLAGS[flag][0]}"
    return ""


def _alike(form: str, name: str) -> bool:
    """Whether a form begins as its name does."""
    begun = name[: -(-len(name) // _ALIKE)]
    return form.casefold().startswith(begun.casefold())


def _with(row: Row, langs: Sequence[str], found: dict[str, Values]) -> Row:
    aliases = dict(row["aliases"])
    for lang in langs:
        kept = {key(name, lang): name for name in (row["labels"][lang], *aliases[lang])}
        more = {key(name, lang): name for name in found.get(_item(row, lang), {}).get("names", ())}
        aliases[lang] = [*aliases[lang], *(name for form, name in more.items() if form not in kept)]
    return row | {"aliases": aliases}
