"""Which facts are about the same subject and relation, whatever data sets they are from."""

from collections.abc import Iterable, Iterator

from mlake.records import Fact
from mlake.text import normalise

__all__ = ["about_other_subjects", "same_facts"]


def same_facts(facts: Iterable[Fact], others: Iterable[Fact]) -> list[Fact]:
    """The facts that are about the subject and relation of one of the others.

    Two facts with ids of both are compared by ids; else by names in a language that both are stated in,
    without case and signs. Where a relation has neither id nor label in common, the subject decides.

    Args:
        facts: The facts.
        others: What they are compared with.
    """
    by_id: set[tuple[str, str]] = set()
    by_name: dict[tuple[str, str], list[Fact]] = {}
    for other in others:
        if other.subject_id and other.relation_id:
            by_id.add((other.subject_id, other.relation_id))
        for name in _names(other):
            by_name.setdefault(name, []).append(other)
    return [
        fact
        for fact in facts
        if (fact.subject_id, fact.relation_id) in by_id
        or any(_alike(fact, other, name[0]) for name in _names(fact) for other in by_name.get(name, ()))
    ]


def about_other_subjects(facts: Iterable[Fact], others: Iterable[Fact]) -> list[Fact]:
    """The facts about subjects that none of the others is about, by id and by name in each language."""
    taken = {name for other in others for name in _subject(other)}
    return [fact for fact in facts if taken.isdisjoint(_subject(fact))]


def _subject(fact: Fact) -> Iterator[tuple[str, str]]:
    if fact.subject_id:
        yield "", fact.subject_id
    yield from _names(fact)


def _names(fact: Fact) -> Iterator[tuple[str, str]]:
    """Language and name of the subject, in each language in which it is known."""
    for lang, one in fact.statements.items():
        if one.subject:
            yield lang, normalise(one.subject, lang)


def _alike(fact: Fact, other: Fact, lang: str) -> bool:
    """Whether two facts with a subject of one name are about the same relation."""
    if fact.subject_id and other.subject_id and fact.subject_id != other.subject_id:
        return False
    if fact.relation_id and other.relation_id:
        return fact.relation_id == other.relation_id
    labels = [one.relations.get(lang) for one in (fact, other)]
    if not all(labels):
        return True
    first, second = (normalise(str(one), lang) for one in labels)
    return first == second
