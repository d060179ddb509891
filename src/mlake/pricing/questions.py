"""Which questions tell the price of an edit: about its own facts, and packaged ones about others."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TypeVar

from mlake.data import load
from mlake.data.questions import direct
from mlake.evaluation.units import Question
from mlake.languages.sets import is_other, members
from mlake.records import Fact, Probe, Statement
from mlake.text import contains_name, same_name

__all__ = ["SOME", "Asking", "price_questions", "stated_in"]

SOME = 12
"""Facts of the edit, and packaged questions, that are asked about in a language unless all are."""

_PACKAGED = ("direct", "locality")
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Asking:
    """What is asked before and after an edit.

    Attributes:
        edited: The direct question of every edited fact, in each language that it is edited in.
        others: All other questions.
        facts: How many edited facts are asked about in other words and languages.
        left_out: Packaged questions, each in all languages, that are about an edited subject.
    """

    edited: tuple[Question, ...]
    others: tuple[Question, ...] = ()
    facts: int = 0
    left_out: int = 0

    @property
    def every(self) -> tuple[Question, ...]:
        """All of them, the edited ones first."""
        return self.edited + self.others

    @property
    def count(self) -> int:
        """How many facts are edited."""
        return len({one.probe.fact for one in self.edited})


def stated_in(fact: Fact, lang: str) -> list[Statement]:
    """The statements of a fact in a language, or in those of a set that it has.

    Raises:
        DataError: It has none.
    """
    found = [fact.statements[one] for one in members(lang) if one in fact.statements]
    return found or [fact.stated(lang)]


def price_questions(facts: Sequence[Fact], lang: str, many: int | None = SOME) -> Asking:
    """The questions that tell the price of an edit.

    Of each of ``many`` edited facts: its rephrased questions, and its question in every language in which
    it is stated but not edited. And ``many`` packaged questions about other facts, each in all its languages.
    Both are spread evenly over what there is.

    Args:
        facts: The edited facts.
        lang: Language that they are edited in, or set of languages such as ``en+de``.
        many: How many; None for all, 0 for the edited questions alone.

    Raises:
        DataError: A fact is not stated in the language, or in none of the set.
    """
    edited = tuple(Question("direct", direct(one)) for fact in facts for one in stated_in(fact, lang))
    asked = _spread(facts, many)
    packaged = [group for fact in load("mini").facts for group in _groups(fact)] if many != 0 else []
    free = _not_about(packaged, facts)
    own = chain.from_iterable(_own(fact, lang) for fact in asked)
    others = (Question("locality", probe) for group in _spread(free, many) for probe in group.probes)
    return Asking(edited, (*own, *others), len(asked), len(packaged) - len(free))


def _own(fact: Fact, lang: str) -> list[Question]:
    elsewhere = [direct(one) for one in fact.statements.values() if is_other(lang, one.lang)]
    rephrased = [probe for probe in fact.probes if probe.kind == "paraphrase"]
    return [Question(probe.kind, probe) for probe in (*elsewhere, *rephrased)]


@dataclass(frozen=True, slots=True)
class _Group:
    """One packaged question in all its languages.

    Attributes:
        probes: The question, once a language.
        fact: The packaged fact that it asks about; None if about none of them.
    """

    probes: tuple[Probe, ...]
    fact: Fact | None


def _groups(fact: Fact) -> list[_Group]:
    return [
        _Group(
            tuple(probe for probe in fact.probes if probe.kind == kind), fact if kind == "direct" else None
        )
        for kind in _PACKAGED
    ]


def _spread(items: Sequence[_T], many: int | None) -> list[_T]:
    """So many of the items, at even distances."""
    if many is None or many >= len(items):
        return list(items)
    return [items[at * len(items) // many] for at in range(many)]


def _not_about(groups: Iterable[_Group], facts: Sequence[Fact]) -> list[_Group]:
    """The questions about none of the subjects of these facts, by their ids and by their names."""
    ids = {fact.subject_id for fact in facts} - {None}
    stated = [one for fact in facts for one in fact.statements.values()]
    names = tuple(dict.fromkeys(one.subject for one in stated if one.subject))
    texts: dict[str, list[str]] = {}
    for one in stated:
        texts.setdefault(one.lang, []).append(one.question)
    return [
        group
        for group in groups
        if not (
            (group.fact is not None and (group.fact.subject_id in ids or _named(group.fact, texts)))
            or any(
                same_name(probe.text, one, probe.lang)
                for probe in group.probes
                for one in texts.get(probe.lang, ())
            )
            or any(contains_name(probe.text, (name,), probe.lang) for probe in group.probes for name in names)
        )
    ]


def _named(fact: Fact, texts: dict[str, list[str]]) -> bool:
    """Whether a question that is edited names the subject of a fact."""
    return any(
        contains_name(text, (one.subject,), lang)
        for lang, one in fact.statements.items()
        if one.subject
        for text in texts.get(lang, ())
    )
