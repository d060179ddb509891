"""Ordinary text: what a data set says before any edit."""

from collections.abc import Collection, Iterable, Iterator, Set

from mlake.data.datasets import load
from mlake.records import Benchmark, Fact, Statement
from mlake.sentences import everyday

__all__ = ["ordinary_text"]


def ordinary_text(benchmark: Benchmark, edited: Collection[Fact] = ()) -> list[str]:
    """Questions and unedited sentences of a data set and of the embedded one, in all languages.

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
    every = (text for one in _stated((*others, *load("mini").facts), subjects, said) for text in _texts(one))
    return list(dict.fromkeys(text for text in (*every, *everyday()) if text))


def _stated(facts: Iterable[Fact], subjects: Set[tuple[str, str]], said: Set[str]) -> Iterator[Statement]:
    """All statements of the facts that neither share a subject with edited ones nor say what they say."""
    for fact in facts:
        stated = fact.statements.values()
        same = any(one.subject and (one.lang, one.subject.casefold()) in subjects for one in stated)
        if not same and said.isdisjoint(text for one in stated for text in _texts(one) if text):
            yield from stated


def _texts(one: Statement) -> tuple[str, str]:
    return one.question, one.old_sentence
