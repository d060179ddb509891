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

__all__ = [
    "MOST_TOKENS",
    "VERSION",
    "description",
    "paraphrase",
    "requests",
    "surrounding",
    "surroundings",
]

VERSION = "requests/2"
"""Recorded with each edit and part of the cache key; raise it with any change to a language's requests."""

MOST_TOKENS = 160
"""Most tokens of a reply."""

_LONGEST = 400
_ASKS = ("?", "？")
_SHARED = 0.3
_END = re.compile(r"(?<![ .]\w)[.!?](?=\s|$)|[。！？]")  # no full stop behind an initial
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


def surroundings(statement: Statement, count: int) -> list[tuple[str, str]]:
    """Questions about the names in a fact, as many as wanted or as there are, each behind its name.

    Subject, new and old answer take turns, so that a few questions are about all three.

    Raises:
        LanguageError: The language has no requests, or none of this kind.
    """
    row = language(statement.lang).requests
    if row is None or not row.abouts:
        what = "requests" if row is None else "abouts"
        raise lacking(what, statement.lang, "stableke asks a writer what is known around a fact")
    names = dict.fromkeys(filter(None, (statement.subject, statement.new.strip(), statement.old.strip())))
    return [(name, _with(about, {"name": name})) for about in row.abouts for name in names][:count]


def surrounding(reply: str, name: str, statement: Statement) -> str | None:
    """What a reply says about a name besides the fact: whole sentences of its first line, if any.

    About the subject it must give neither answer, about an answer it must not speak of the subject: an edit
    may make such a text untrue.
    """
    subject, lang = statement.subject, statement.lang
    answers = (statement.new, *statement.new_aliases, statement.old, *statement.old_aliases)
    banned = answers if name == subject else (subject,) if subject else ()

    def fits(line: str) -> bool:
        return (
            _sentences(line) > len(name) + 1
            and normalise(line, lang) != normalise(name, lang)
            and not any(contains_name(line, (one,), lang) for one in banned if one.strip())
        )

    line = _first(reply, fits)
    return None if line is None else line[: _sentences(line)]


def _sentences(line: str) -> int:
    """Where the last whole sentence of a line ends, before any that repeats an earlier one; 0 for nowhere."""
    seen: set[str] = set()
    end = 0
    for found in _END.finditer(line):
        sentence = line[end : found.end()].strip()
        if sentence in seen:
            break
        seen.add(sentence)
        end = found.end()
    return end


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
    if question.strip() in line or normalise(line, lang) == normalise(question, lang):
        return False
    if line.endswith((":", "：")) or (question.rstrip().endswith(_ASKS) and not line.endswith(_ASKS)):
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
