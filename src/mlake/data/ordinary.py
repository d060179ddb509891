"""Ordinary text: what a data set says before any edit."""

from mlake.data.datasets import load
from mlake.records import Benchmark

__all__ = ["ordinary_text"]


def ordinary_text(benchmark: Benchmark) -> list[str]:
    """Questions and unedited sentences of a data set and of the embedded one, in all languages.

    Second moments of keys are measured on such text. It holds no new answer and no probe but the
    direct questions. The embedded facts are always in it, so that a handful of one's own suffices.
    """
    facts = (*benchmark.facts, *load("mini").facts)
    stated = [statement for fact in facts for statement in fact.statements.values()]
    every = [text for one in stated for text in (one.question, one.old_sentence)]
    return list(dict.fromkeys(text for text in every if text))
