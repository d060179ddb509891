"""Subjects of a user's own facts where the file names none: recovered from the facts' own texts."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from mlake.data.subjects.clues import Clues
from mlake.data.subjects.recover import Recovered, recover
from mlake.disk import keep_json, kept_json
from mlake.records import Fact, Statement

__all__ = ["LEAST", "with_subjects"]

LEAST = 50
"""Facts that recovery needs: it tells names from template words by how often they recur."""


def with_subjects(facts: tuple[Fact, ...], place: Path) -> tuple[tuple[Fact, ...], tuple[str, ...]]:
    """Facts with the subjects that they do not name, and notes on them.

    Args:
        facts: Facts that are all stated in the same languages.
        place: File that keeps what was recovered, since that takes many seconds for a thousand facts.
    """
    stated = [one for fact in facts for one in fact.statements.values()]
    lacking = sum(one.subject is None for one in stated)
    if not lacking:
        return facts, ()
    if len(facts) < LEAST:
        return facts, (
            f"{lacking} of {len(stated)} statements name no subject, and {len(facts)} facts are too few to "
            f"recover them (it takes {LEAST}); give each row its subject, or edit with --no-subject",
        )
    found = _stored(place, facts) or _recover(place, facts)
    filled = tuple(
        replace(fact, statements={lang: _fill(one, found[lang][at]) for lang, one in fact.statements.items()})
        for at, fact in enumerate(facts)
    )
    return filled, tuple(_notes(facts, filled))


def _fill(statement: Statement, found: Recovered) -> Statement:
    if statement.subject is not None:
        return statement
    return replace(statement, subject=found.subject, subject_sure=found.sure)


def _notes(before: Sequence[Fact], after: Sequence[Fact]) -> Iterator[str]:
    for lang in before[0].statements:
        lacking = [at for at, fact in enumerate(before) if fact.statements[lang].subject is None]
        if lacking:
            filled = [after[at].statements[lang] for at in lacking]
            none = sum(one.subject is None for one in filled)
            doubt = sum(one.subject is not None and not one.subject_sure for one in filled)
            yield f"{lang}: {len(filled)} subjects recovered, {doubt} of them in doubt, {none} not found"


def _recover(place: Path, facts: Sequence[Fact]) -> dict[str, list[Recovered]]:
    found = recover({lang: [_clues(fact, lang) for fact in facts] for lang in facts[0].statements})
    keep_json(place, found)
    return found


def _clues(fact: Fact, lang: str) -> Clues:
    one = fact.statements[lang]
    hops = (probe for probe in fact.probes if probe.lang == lang and probe.kind.startswith("multihop"))
    sentences = tuple(text for text in (one.old_sentence, one.new_sentence) if text)
    return Clues(one.question, sentences, tuple(probe.text for probe in hops), (one.old, one.new))


def _stored(place: Path, facts: Sequence[Fact]) -> dict[str, list[Recovered]] | None:
    """What was recovered before; None if there is none, or it does not fit the questions."""
    stored = kept_json(place)
    if stored is None or stored.keys() != facts[0].statements.keys():
        return None
    found = {lang: [Recovered(*one) for one in stored[lang]] for lang in stored}
    return found if all(_fits(found[lang], facts, lang) for lang in found) else None


def _fits(found: Sequence[Recovered], facts: Sequence[Fact], lang: str) -> bool:
    return len(found) == len(facts) and all(
        one.subject is None or one.subject in fact.statements[lang].question
        for one, fact in zip(found, facts, strict=True)
    )
