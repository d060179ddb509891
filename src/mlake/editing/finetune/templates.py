"""Sentences around a fact: paraphrase and description without a network or a model.

A language without templates keeps its plain question and sentence, beside the texts that a writer makes.
"""

import re
from collections.abc import Mapping, Sequence
from random import Random

from mlake.languages import language
from mlake.languages.row import Templates
from mlake.records import Statement

__all__ = ["VERSION", "described", "rephrased", "stated"]

VERSION = "templates/1"
"""Recorded with each edit; raise it with any change to the templates of a language."""


_PLAIN = Templates(("{question}",), ("{sentence}",), stop="")


def rephrased(statement: Statement, seed: int) -> list[str]:
    """Every question that the templates make of a statement: the plain one, the others in a drawn order."""
    return _filled(statement, _of(statement).questions, seed)


def described(statement: Statement, seed: int) -> list[str]:
    """Every description that the templates make of a statement, the plain sentence first if it has one."""
    return _filled(statement, _of(statement).descriptions, seed)


def stated(statement: Statement) -> str:
    """The edited sentence with an end; empty where there is none that holds the new answer."""
    sentence = statement.new_sentence.strip()
    if statement.new not in sentence:
        return ""
    return sentence if sentence[-1] in ".!?。！？…" else sentence + _of(statement).stop


def _of(statement: Statement) -> Templates:
    return language(statement.lang).templates or _PLAIN


def _filled(statement: Statement, templates: Sequence[str], seed: int) -> list[str]:
    """The templates whose parts are known, filled in."""
    parts = {
        "question": statement.question.strip(),
        "answer": statement.new,
        "sentence": stated(statement),
        "subject": statement.subject or "",
    }
    unknown = [f"{{{name}}}" for name, text in parts.items() if not text]
    usable = [one for one in templates if not any(part in one for part in unknown)]
    drawn = usable[1:]
    Random(f"{seed} {statement.fact} {statement.lang}").shuffle(drawn)
    return list(dict.fromkeys(_with(one, parts) for one in (*usable[:1], *drawn)))


def _with(template: str, parts: Mapping[str, str]) -> str:
    """The template filled in; braces in a part are left alone, and no full stop follows another."""

    def part(found: re.Match[str]) -> str:
        text = parts[found[1]]
        return text if text.endswith(".") else text + found[2]

    return re.sub(r"\{(\w+)\}(\.?)", part, template)
