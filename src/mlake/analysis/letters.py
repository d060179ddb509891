"""Reads from a free answer which option of a multiple choice it names."""

import re
import string
import unicodedata
from collections.abc import Sequence

from mlake.text import Span, find_names, normalise

__all__ = ["read_choice"]

# Borders are those of Latin words: a letter may stand right beside Chinese or Japanese characters.
_BEFORE, _AFTER = r"(?<![A-Za-zÀ-ɏ0-9'’])", r"(?![A-Za-zÀ-ɏ0-9'’])"
_ARTICLE = r"(?!A\s+[a-zà-ÿœ])"  # "A city", "A priori"
_STOPS = " .。．"
_MARKS = " \t\n*_#()[]<>\"'“”‘’«»「」『』【】:-"


def read_choice(text: str, options: Sequence[str], lang: str) -> int | None:
    """Index of the option that an answer names; None if it names none or several.

    A letter counts where it stands alone: at the start of the answer ("B", "(B)", "B. Paris"), or anywhere
    if the answer holds no other one ("The answer is B", 答案是B。). Without a letter the text of an option
    counts, by the rules of ``mlake.text``, or its beginning where the answer is no more than that.

    Args:
        text: The answer.
        options: The options in order.
        lang: Language of the question.

    Raises:
        UnknownNameError: The language is not known.
    """
    plain = unicodedata.normalize("NFKC", text).strip()
    letters = string.ascii_uppercase[: len(options)]
    any_letter = f"{_BEFORE}([{letters}]){_AFTER}"
    sure = re.compile(_ARTICLE + any_letter)
    start = sure.match(plain, len(plain) - len(plain.lstrip(_MARKS)))
    if start is not None:
        return letters.index(start[1])
    named = set(re.findall(any_letter, plain))
    if len(named) > 1:
        return None
    if sure.search(plain):
        return letters.index(named.pop())
    return _by_text(plain, options, lang)


def _by_text(text: str, options: Sequence[str], lang: str) -> int | None:
    """Index of the one option whose text stands in the answer, or begins with it.

    An option inside another one that is named ("York" in "New York") is not named itself.
    """
    bare = [option.strip().rstrip(_STOPS) for option in options]
    spans = [(at, span) for at, option in enumerate(bare) for span in find_names(text, (option,), lang)]
    named = {at for at, span in spans if not any(_inside(span, other) for _, other in spans)}
    start = normalise(text, lang).rstrip(_STOPS)
    if not named and start:
        named = {at for at, option in enumerate(bare) if normalise(option, lang).startswith(start)}
    return named.pop() if len(named) == 1 else None


def _inside(span: Span, other: Span) -> bool:
    within = other.start <= span.start and span.end <= other.end
    return within and (other.start, other.end) != (span.start, span.end)
