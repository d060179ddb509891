"""The stage ``names``: every entity of the build, and which of its names count as an answer."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from mlake.construct.source import Entity, Source
from mlake.construct.stage import Made, Row
from mlake.data.check.matching import key
from mlake.data.faults import FILLED, OBJECT, TEXT, Shape
from mlake.languages import language
from mlake.languages.identify import share
from mlake.text import find_names

__all__ = ["FLAGS", "flag_of", "name_row", "name_rows", "taken_names", "true_objects", "used"]

_BRACKETS = re.compile(r"[()（）\[\]［］【】]")
_CODE = re.compile(r"[A-Z0-9.]{2,4}")
_SHORT = 3  # letters below which an alias must be an initialism
_MOST = 0.5  # share of the letters that must be in a script of the language

_Taken = Mapping[str, set[str]]
_Flag = Callable[[str, str, Entity, _Taken], bool]


def _symbol(alias: str, lang: str, entity: Entity, taken: _Taken) -> bool:
    return not any(map(str.isalnum, alias))


def _bracketed(alias: str, lang: str, entity: Entity, taken: _Taken) -> bool:
    return _BRACKETS.search(alias) is not None


def _foreign(alias: str, lang: str, entity: Entity, taken: _Taken) -> bool:
    return share(alias, lang, latin=True) < _MOST


def _short(alias: str, lang: str, entity: Entity, taken: _Taken) -> bool:
    few = sum(map(str.isalnum, alias)) < _SHORT
    return few and not find_names(alias, ("\0", alias), lang)


def _code(alias: str, lang: str, entity: Entity, taken: _Taken) -> bool:
    """Letters that stand for the name in lists, such as CAN; initials such as UK are said by people."""
    letters = alias.replace(".", "")
    if not _CODE.fullmatch(alias) or letters in entity.labels.values():
        return False
    return letters not in {_initials(name, one) for one in entity.labels for name in _names(entity, one)}


def _names(entity: Entity, lang: str) -> tuple[str, ...]:
    return (entity.labels.get(lang, ""), *entity.aliases.get(lang, ()))


def _initials(name: str, lang: str) -> str:
    row = language(lang)
    small = {*row.leaders, *row.links}
    return "".join(word[:1] for word in re.split(r"[\s-]+", name) if word.lower() not in small).upper()


def _ambiguous(alias: str, lang: str, entity: Entity, taken: _Taken) -> bool:
    return bool(taken[key(alias, lang)] - {entity.id})


FLAGS: Mapping[str, tuple[str, _Flag]] = {
    "symbol": ("it holds no letter", _symbol),
    "bracketed": ("it carries an explanation in brackets", _bracketed),
    "foreign": ("it is in a script that the language does not use", _foreign),
    "short": ("it is too short to be looked for", _short),
    "code": ("it is a code, not initials of the name", _code),
    "ambiguous": ("it is a name of another entity too", _ambiguous),
}
"""Name of a flag to what it says of an alias and the rule that raises it; the first that fits counts."""


def flag_of(alias: str, lang: str, entity: Entity, taken: _Taken) -> str | None:
    """The flag that an alias gets; None for one that counts as an answer.

    Args:
        alias: Another name of the entity.
        lang: Language code.
        entity: The entity.
        taken: What ``taken_names`` gives.
    """
    return next((name for name, (_, rule) in FLAGS.items() if rule(alias, lang, entity, taken)), None)


def name_row(langs: Sequence[str]) -> Shape:
    """The schema of a row, of a build in these languages."""
    fields = {
        "id": FILLED,
        "kind": FILLED,
        "labels": _by_lang(langs, FILLED),
        "aliases": _by_lang(langs, {"type": "array", "items": FILLED}),
        "flagged": _by_lang(langs, OBJECT),
        "label_from": _by_lang(langs, TEXT),
    }
    return {"type": "object", "properties": fields, "required": [*fields], "additionalProperties": False}


def _by_lang(langs: Sequence[str], shape: Shape) -> Shape:
    return {"type": "object", "properties": dict.fromkeys(langs, shape), "required": [*langs]}


def used(drafts: Iterable[Row], truth: Mapping[tuple[str, str], str]) -> set[str]:
    """Ids of all entities that drafts of facts speak of, or whose place a two-hop answer takes.

    Args:
        drafts: Rows of the stage ``edits``.
        truth: Subject and relation to the true object.
    """
    found: set[str] = set()
    for row in drafts:
        found |= {
            truth[ask] for _, relation, _ in row["after"] if (ask := (row["object"], relation)) in truth
        }
        found |= {row["subject"], row["object"], row["new"], *row["distractors"]}
        found |= {end for at in ("before", "after", "others") for s, _, o in row[at] for end in (s, o)}
    return found


def name_rows(source: Source, drafts: Sequence[Row], langs: Sequence[str]) -> Made:
    """A row per entity of the drafts: labels, aliases that count, flagged ones with the flag, witnesses.

    Args:
        source: Where the names come from.
        drafts: Rows of the stage ``edits``.
        langs: Languages of the build; every entity has a label in each.
    """
    taken = {lang: taken_names(source, lang) for lang in langs}
    found = sorted(used(drafts, true_objects(source)), key=_number)
    named = [source.entities[one] for one in found if source.entities[one].labels.keys() >= set(langs)]
    return Made([_row(one, langs, taken) for one in named])


def true_objects(source: Source) -> dict[tuple[str, str], str]:
    """Subject and relation to the object of every statement of the source."""
    return {(claim.subject, claim.relation): claim.object for claim in source.claims}


def _number(entity: str) -> tuple[int, str]:
    digits = entity[1:]
    return (int(digits) if digits.isdecimal() else 0, entity)


def taken_names(source: Source, lang: str) -> _Taken:
    """The forms of all names in a language, with the entities that have them."""
    found: dict[str, set[str]] = defaultdict(set)
    for one in source.entities.values():
        for name in _names(one, lang):
            found[key(name, lang)].add(one.id)
    return found


def _row(entity: Entity, langs: Sequence[str], taken: Mapping[str, _Taken]) -> Row:
    flagged = {lang: dict(_flagged(entity, lang, taken[lang])) for lang in langs}
    return {
        "id": entity.id,
        "kind": entity.kind,
        "labels": {lang: entity.labels[lang] for lang in langs},
        "aliases": {lang: _kept(entity, lang, flagged[lang]) for lang in langs},
        "flagged": flagged,
        "label_from": {lang: entity.label_from.get(lang, "") for lang in langs},
    }


def _flagged(entity: Entity, lang: str, taken: _Taken) -> Iterator[tuple[str, str]]:
    for alias in entity.aliases.get(lang, ()):
        if flag := flag_of(alias, lang, entity, taken):
            yield alias, flag


def _kept(entity: Entity, lang: str, flagged: Mapping[str, str]) -> list[str]:
    """Aliases without a flag, each spelling once."""
    seen = {key(entity.labels[lang], lang)}
    kept = []
    for alias in entity.aliases.get(lang, ()):
        if alias not in flagged and key(alias, lang) not in seen:
            seen.add(key(alias, lang))
            kept.append(alias)
    return kept
