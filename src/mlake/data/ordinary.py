"""Ordinary text: what a data set says before any edit."""

from collections.abc import Collection, Iterable, Iterator, Set

from mlake.data.datasets import load
from mlake.records import Benchmark, Exchange, Fact, Statement
from mlake.sentences import everyday

__all__ = ["ordinary_text"]


def ordinary_text(benchmark: Benchmark, edited: Collection[Fact] = ()) -> list[str]:
    """Questions, which know their answers, and unedited sentences of a data set and of the embedded one.

    Second moments of keys are measured on such text. It holds no new answer, no probe but the direct
    questions, and nothing about facts that are edited: neither they themselves, in whatever language, nor
    others about the same subjects. The embedded facts and everyday sentences are always in it, so that a
    handful of one's own suffices.

    Args:
        benchmark: The data set.
        edited: Its facts that are edited.
    """
    ids = {fact.id for fact in edited}
    own = [statement for fact in edited for statement in fact.statements.values()]
    subjects = {(one.lang, one.subject.casefold()) for one in own if one.subject}
    said = {text for one in own for text in (*_texts(one), one.new_sentence)}
    others = [fact for fact in benchmark.facts if fact.id not in ids]
    stated = _stated((*others, *load("mini").facts), subjects, said)
    every = (piece for one in stated for piece in (_asked(one), one.old_sentence))
    return list(dict.fromkeys(piece for piece in (*every, *everyday()) if piece))


def _stated(facts: Iterable[Fact], subjects: Set[tuple[str, str]], said: Set[str]) -> Iterator[Statement]:
    """All statements of the facts that neither share a subject with edited ones nor say what they say."""
    for fact in facts:
        stated = fact.statements.values()
        same = any(one.subject and (one.lang, one.subject.casefold()) in subjects for one in stated)
        if not same and said.isdisjoint(text for one in stated for text in _texts(one) if text):
            yield from stated


def _texts(one: Statement) -> tuple[str, str]:
    return one.question, one.old_sentence


def _asked(one: Statement) -> str:
    return Exchange(one.question, one.old, one.lang) if one.old else one.question
