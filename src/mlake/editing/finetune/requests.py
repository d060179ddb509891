"""What a model is asked to write about a fact, by ``Language.requests``, and what of its replies is used.

Each request asks for one text on one line, so that a base model that only continues ``Q: …`` can answer
it too. Replies are not trusted: a text that does not say what it should is thrown away.
"""

import re
from collections.abc import Callable, Iterator

from mlake.editing.finetune.templates import stated
from mlake.languages import lacking, language
from mlake.records import Statement
from mlake.text import contains_name, normalise

__all__ = ["MOST_TOKENS", "VERSION", "description", "paraphrase", "requests"]

VERSION = "requests/1"
"""Recorded with each edit and part of the cache key; raise it with any change to a language's requests."""

MOST_TOKENS = 160
"""Most tokens of a reply."""

_LONGEST = 400
_SHARED = 0.3
_BULLET = re.compile(r"^(?:[-*•]|\d{1,2}[.)、．:])\s*")
_QUOTED = re.compile(r"^(?:\"(.*)\"|“(.*)”|„(.*)“|«(.*)»|「(.*)」|『(.*)』)$")


def requests(statement: Statement, questions: int, descriptions: int) -> tuple[list[str], list[str]]:
    """Requests for paraphrases and for descriptions, as many of each as wanted or as there are.

    Raises:
        LanguageError: The language has no requests.
    """
    row = language(statement.lang).requests
    if row is None:
        raise lacking("requests", statement.lang, "stableke asks a writer only in languages that have some")
    fact = stated(statement) or f"{statement.question} {statement.new}"
    parts = {"question": statement.question, "answer": statement.new, "fact": fact}
    return (
        [_with(row.paraphrase, parts | {"how": how}) for how in row.hows[:questions]],
        [_with(row.description, parts | {"what": what}) for what in row.whats[:descriptions]],
    )


def paraphrase(reply: str, statement: Statement) -> str | None:
    """The paraphrase in a reply: its first line that asks for the same, if there is one."""
    return _first(reply, lambda line: _asks_the_same(line, statement))


def description(reply: str, statement: Statement) -> str | None:
    """The description in a reply: its first line that states the new answer, if there is one."""

    def fits(line: str) -> bool:
        return len(line) > len(statement.new) and contains_name(line, (statement.new,), statement.lang)

    return _first(reply, fits)


def _with(template: str, parts: dict[str, str]) -> str:
    return re.sub(r"\{(\w+)\}", lambda found: parts[found[1]], template)


def _first(reply: str, fits: Callable[[str], bool]) -> str | None:
    return next((line for line in _lines(reply) if len(line) <= _LONGEST and fits(line)), None)


def _lines(reply: str) -> Iterator[str]:
    """The lines that say something, without bullets, quotes around them, and what is not printable."""
    for raw in reply.splitlines():
        line = "".join(char for char in raw if char.isprintable() and char != "\ufffd")
        line = _BULLET.sub("", line.strip())
        quoted = _QUOTED.match(line)
        line = next(part for part in quoted.groups() if part is not None).strip() if quoted else line
        if line:
            yield line


def _asks_the_same(line: str, statement: Statement) -> bool:
    """Whether a line may be the question in other words.

    It must not announce something, must give no answer that the question does not give, and must name
    the subject. Where no subject is known it must share many pairs of characters with the question.
    """
    lang, question = statement.lang, statement.question
    if normalise(line, lang) == normalise(question, lang) or line.endswith((":", "：")):
        return False
    answers = (statement.new, statement.old)
    if any(contains_name(line, (name,), lang) and name not in question for name in answers if name):
        return False
    if statement.subject is not None:
        return contains_name(line, (statement.subject,), lang)
    pairs = _pairs(question)
    return len(pairs & _pairs(line)) >= _SHARED * max(len(pairs), len(_pairs(line)))


def _pairs(text: str) -> set[str]:
    folded = text.casefold()
    return {folded[i : i + 2] for i in range(len(folded) - 1)}
