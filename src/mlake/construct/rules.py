"""RULES by which statements, facts and chains are left out: a row with a name, a meaning and a function each.

A rule says what is wrong in a few words, or nothing. Rules are asked in the order of their table, and what
one leaves out the next ones never see, so that the counts of a build add up.
"""

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, Generic, TypeVar

from mlake.construct.corrections import corrections
from mlake.construct.relations import Relation
from mlake.construct.simplified import simplified
from mlake.construct.source import Claim, Entity, Source
from mlake.construct.stage import Drop, Row
from mlake.languages import language
from mlake.records import Triple
from mlake.scripts import first_word, script
from mlake.text import contains_name

__all__ = ["CHAIN_RULES", "FACT_RULES", "STATEMENT_RULES", "Chain", "Rule", "Setting", "apply", "named_in"]

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What rules look things up in.

    Attributes:
        source: Entities and statements.
        relations: The table of relations.
        langs: The languages of the build.
        allowed: Of ``volatile`` and ``sensitive``, what is let in.
        without: Codes of witnesses that do not count.
        named: What ``named_in`` found already.
    """

    source: Source
    relations: Mapping[str, Relation]
    langs: Sequence[str]
    allowed: Sequence[str] = ()
    without: Sequence[str] = ()
    named: dict[tuple[str, str], str] = field(default_factory=dict)

    def entity(self, name: str) -> Entity:
        """The entity with an id."""
        return self.source.entities[name]


@dataclass(frozen=True, slots=True)
class Chain:
    """A fact and a second hop from its object."""

    first: Triple
    second: Triple

    @property
    def id(self) -> str:
        """Id of the fact, and the relation of the second hop."""
        return f"{self.first.subject}/{self.first.relation}>{self.second.relation}"


@dataclass(frozen=True, slots=True)
class Rule(Generic[_T]):
    """One rule.

    Attributes:
        name: Its name in files and tables.
        means: What it asks for, in one phrase.
        wrong: What is wrong with one of the things it is about; empty if nothing is.
    """

    name: str
    means: str
    wrong: Callable[[Setting, _T], str]


def apply(
    rules: Iterable[Rule[_T]], setting: Setting, things: Sequence[_T], name: Callable[[_T], str]
) -> tuple[list[_T], list[Drop]]:
    """What the rules keep, and what they leave out.

    Args:
        rules: The rules in order.
        setting: What they look things up in.
        things: What they are about.
        name: Gives the id of a thing.
    """
    kept, drops = list(things), []
    for rule in rules:
        found = [(thing, rule.wrong(setting, thing)) for thing in kept]
        drops += [Drop(name(thing), rule.name, why) for thing, why in found if why]
        kept = [thing for thing, why in found if not why]
    return kept, drops


@cache
def _unwanted() -> dict[str, Any]:
    return tomllib.loads((files(__package__) / "unwanted.toml").read_text(encoding="utf-8"))


def _unknown(setting: Setting, claim: Claim) -> str:
    return "" if claim.relation in setting.relations else f"no row for {claim.relation}"


def _unwitnessed(setting: Setting, claim: Claim) -> str:
    left = set(claim.source) - set(setting.without)
    return "" if left or not claim.source else f"only in {', '.join(claim.source)}"


def _volatile(setting: Setting, claim: Claim) -> str:
    bad = claim.volatile or setting.relations[claim.relation].volatile
    return "changes from year to year" if bad and "volatile" not in setting.allowed else ""


def _sensitive(setting: Setting, claim: Claim) -> str:
    bad = claim.sensitive or setting.relations[claim.relation].sensitive
    return "politics, faith or private life" if bad and "sensitive" not in setting.allowed else ""


def _several(setting: Setting, claim: Claim) -> str:
    objects = {
        one.object
        for one in setting.source.about(claim.subject)
        if one.relation == claim.relation and set(one.source) - set(setting.without)
    }
    count = max(len(objects), claim.objects)
    return f"{count} objects" if count > 1 else ""


def _twice(setting: Setting, claim: Claim) -> str:
    same = [one for one in setting.source.about(claim.subject) if one.relation == claim.relation]
    return "" if same[0] is claim else "stands there already"


def _kinds(setting: Setting, claim: Claim) -> str:
    ends = setting.source.kind(claim.subject), setting.source.kind(claim.object)
    return "" if setting.relations[claim.relation].fits(*ends) else " and ".join(ends)


STATEMENT_RULES: tuple[Rule[Claim], ...] = (
    Rule("relation", "its relation is in the table", _unknown),
    Rule("witness", "a source that counts has it", _unwitnessed),
    Rule("volatile", "it does not change from year to year", _volatile),
    Rule("sensitive", "it is no matter of politics, faith or private life", _sensitive),
    Rule("kinds", "subject and object are of kinds that the relation is about", _kinds),
    Rule("one-object", "its subject has one object by the relation", _several),
    Rule("twice", "it stands in the source once", _twice),
)
"""About statements of the source."""


def _ends(setting: Setting, row: Row) -> tuple[Entity, Entity]:
    return setting.entity(row["subject"]), setting.entity(row["object"])


def _unnamed(setting: Setting, row: Row) -> str:
    for one in _ends(setting, row):
        missing = [lang for lang in setting.langs if lang not in one.labels]
        if missing:
            return f"{one.id} has no name in {', '.join(missing)}"
    return ""


def _foreign(setting: Setting, row: Row) -> str:
    for one in _ends(setting, row):
        for lang in setting.langs:
            if not _written_in(one.labels[lang], lang):
                return f"{one.labels[lang]} as the name of {one.id} in {lang}"
    return ""


def _written_in(name: str, lang: str) -> bool:
    """Whether a name is in the script of a language, or in Latin letters as brands are."""
    code = language(lang).script
    letters = script(code).letters | {"LATIN", "MODIFIER"}
    if not all(first_word(char) in letters for char in name if char.isalpha()):
        return False
    return code != "Hans" or simplified(name) == name


_UNPLAIN = re.compile(r"[()\[\]（）［］【】/|;\n]|^[QP]\d+$|^\W*$")


def _unplain(setting: Setting, row: Row) -> str:
    for one in _ends(setting, row):
        for lang in setting.langs:
            if _UNPLAIN.search(one.labels[lang]):
                return f"{one.labels[lang]} as the name of {one.id} in {lang}"
    return ""


def _unfit(setting: Setting, row: Row) -> str:
    reasons = [(one, corrections().unfit.get(one.id)) for one in _ends(setting, row)]
    return next((f"{one.shown}: {reason}" for one, reason in reasons if reason), "")


def _is_unwanted(setting: Setting, row: Row) -> str:
    table = _unwanted()
    if row["id"] in table["facts"]:
        return str(table["facts"][row["id"]])
    for one in _ends(setting, row):
        reasons = [table["entities"].get(one.id), *(table["classes"].get(kind) for kind in one.types)]
        words = set(re.findall(r"\w+", one.labels.get("en", "").casefold()))
        reasons += [word for word in table["words"]["en"] if word in words]
        for reason in filter(None, reasons):
            return f"{one.shown}: {reason}"
    return ""


def _ambiguous(setting: Setting, row: Row) -> str:
    for one in _ends(setting, row):
        for lang in setting.langs:
            name = one.labels[lang]
            if sum(other.kind == one.kind for other in setting.source.named(name, lang)) > 1:
                return f"two of kind {one.kind} are called {name} in {lang}"
    return ""


def named_in(setting: Setting, entity: Entity, other: Entity) -> str:
    """Where a name of one entity stands in the main name of another one: a few words, or nothing."""
    if (entity.id, other.id) not in setting.named:
        setting.named[entity.id, other.id] = _named_in(setting, entity, other)
    return setting.named[entity.id, other.id]


def _named_in(setting: Setting, entity: Entity, other: Entity) -> str:
    for lang in setting.langs:
        names = (entity.labels[lang], *entity.aliases.get(lang, ()))
        text = other.labels[lang]
        if names[0].casefold() in text.casefold() or contains_name(text, names, lang):
            return f"{other.labels[lang]} holds a name of {entity.labels[lang]} in {lang}"
    return ""


def _same(setting: Setting, row: Row) -> str:
    subject, obj = _ends(setting, row)
    same = [one for one in setting.langs if subject.labels[one].casefold() == obj.labels[one].casefold()]
    return f"both are called {subject.labels[same[0]]} in {', '.join(same)}" if same else ""


def _told(setting: Setting, row: Row) -> str:
    subject, obj = _ends(setting, row)
    return named_in(setting, obj, subject) or named_in(setting, subject, obj)


FACT_RULES: tuple[Rule[Row], ...] = (
    Rule("names", "both ends have a name in every language", _unnamed),
    Rule("script", "names are in the script of their language", _foreign),
    Rule("plain", "names hold no brackets, slashes or ids", _unplain),
    Rule("unfit", "no reading found a name that will not do", _unfit),
    Rule("unwanted", "no weapons, war, crime, parties, adult or toxic content", _is_unwanted),
    Rule("same-name", "subject and object are called differently in every language", _same),
    Rule("ambiguous", "nothing else of its kind has the name of either end", _ambiguous),
    Rule("told", "no name of the object stands in the subject's, or the other way round", _told),
)
"""About facts."""


def _no_hop(setting: Setting, chain: Chain) -> str:
    return "" if setting.relations[chain.second.relation].hop else f"no second hop by {chain.second.relation}"


def _cycle(setting: Setting, chain: Chain) -> str:
    back = chain.second.object in (chain.first.subject, chain.second.subject)
    return f"leads back to {chain.second.object}" if back else ""


def _silly(setting: Setting, chain: Chain) -> str:
    silly = chain.first.relation in setting.relations[chain.second.relation].silly
    return f"{chain.second.relation} goes without saying after {chain.first.relation}" if silly else ""


def _chain_told(setting: Setting, chain: Chain) -> str:
    subject, middle, end = map(
        setting.entity, (chain.first.subject, chain.second.subject, chain.second.object)
    )
    return (
        named_in(setting, end, subject)
        or named_in(setting, middle, subject)
        or named_in(setting, end, middle)
        or named_in(setting, middle, end)
    )


CHAIN_RULES: tuple[Rule[Chain], ...] = (
    Rule("hop", "the second relation makes a second hop", _no_hop),
    Rule("cycle", "no chain leads back to where it has been", _cycle),
    Rule("silly", "the second question is worth asking after the first", _silly),
    Rule("chain-told", "the names along a chain differ and hold no other one of them", _chain_told),
)
"""About chains: a fact and a second hop from its object, old or new."""
