"""Ordinary text: what a data set says before any edit."""

from collections.abc import Collection, Iterable, Iterator

from mlake.data.datasets import load
from mlake.data.same import about_other_subjects
from mlake.records import Benchmark, Exchange, Fact, Statement
from mlake.sentences import everyday

__all__ = ["ordinary_text"]

_EMBEDDED = ("mini", "wikidata-5")


def ordinary_text(
    benchmark: Benchmark, edited: Collection[Fact] = (), asked: Iterable[str] = ()
) -> list[str]:
    """Questions, which know their answers, and unedited sentences of a data set and of the embedded ones.

    Second moments of keys are measured on such text. It holds no new answer, no probe but the direct
    questions, nothing about facts that are edited: neither they themselves, in whatever language, nor others
    about the same subjects; and nothing of facts that are asked about as others which should stay as they
    are. The embedded facts and everyday sentences are always in it, so that a handful of one's own suffices.

    Args:
        benchmark: The data set.
        edited: Its facts that are edited.
        asked: Questions about other facts.
    """
    ids = {fact.id for fact in edited}
    own = [statement for fact in edited for statement in fact.statements.values()]
    said = {text for one in own for text in (*_texts(one), one.new_sentence)} | set(asked)
    every = [*benchmark.facts, *(fact for name in _EMBEDDED for fact in load(name).facts)]
    others = about_other_subjects((fact for fact in every if fact.id not in ids), edited)
    stated = [one for fact in others if said.isdisjoint(_said(fact)) for one in fact.statements.values()]
    pieces = (piece for one in stated for piece in (_asked(one), one.old_sentence))
    return list(dict.fromkeys(piece for piece in (*pieces, *everyday()) if piece))


def _said(fact: Fact) -> Iterator[str]:
    return (text for one in fact.statements.values() for text in _texts(one) if text)


def _texts(one: Statement) -> tuple[str, str]:
    return one.question, one.old_sentence


def _asked(one: Statement) -> str:
    if not one.old:
        return one.question
    return Exchange(one.question, one.old, one.lang, one.fact, one.subject or "")
