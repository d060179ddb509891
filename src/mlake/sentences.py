"""Everyday sentences and questions in five languages that no fact is about."""

from functools import cache
from importlib import resources

__all__ = ["everyday"]


@cache
def everyday() -> tuple[str, ...]:
    """Thirty sentences in each of English, German, French, Japanese and Chinese, half of them questions.

    Second moments are measured on them where a data set has no text but that of the edited facts. They say
    the same in each language, and are not the sentences that perplexity is measured on.
    """
    text = resources.files("mlake").joinpath("sentences.txt").read_text(encoding="utf-8")
    return tuple(text.splitlines())
