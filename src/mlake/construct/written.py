"""Facts stated in another language by a chat model, where their ids are not known.

A reply is not trusted: what does not hold together, or is in another language, is thrown away and said.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mlake.data.check.matching import has
from mlake.languages import language
from mlake.languages.identify import in_other_language
from mlake.records import Statement
from mlake.thoughts import after_thought

__all__ = ["MOST_TOKENS", "Ask", "request", "written"]

Ask = Callable[[Sequence[str]], Sequence[str]]
"""Gives a reply to each request."""

MOST_TOKENS = 600
"""Most tokens of a reply."""

_REQUEST = """State a changed fact in {language}, as a native speaker would put it. It is given in {given}:

{fact}

Reply with nothing but one JSON object with the same keys, all values in {language}. "question" asks for the \
answer and holds "subject" letter for letter. "new_answer" and "old_answer" are short names, in their usual \
spelling in {language}. "new_sentence" states the fact with the new answer, and holds "subject" and \
"new_answer" letter for letter; "old_sentence" does so with the old answer."""
_NEEDED = ("question", "subject", "new_answer")


def request(statement: Statement, lang: str) -> str:
    """What a model is asked to state in a language."""
    fact = {
        "question": statement.question,
        "subject": statement.subject,
        "old_answer": statement.old,
        "new_answer": statement.new,
        "old_sentence": statement.old_sentence,
        "new_sentence": statement.new_sentence,
    }
    given = {name: text for name, text in fact.items() if text or name.startswith("new_")}
    shown = json.dumps(given, ensure_ascii=False, indent=1)
    return _REQUEST.format(language=language(lang).name, given=language(statement.lang).name, fact=shown)


def written(reply: str, statement: Statement, lang: str) -> Statement | str:
    """The statement that a reply gives, or what is wrong with it.

    Args:
        reply: What a model said to ``request``.
        statement: The fact as it was given.
        lang: Language of the reply.
    """
    values = _object(after_thought(reply)[0])
    if values is None or not all(values.get(name) for name in _NEEDED):
        return "the writer gave no JSON object with question, subject and new_answer"
    if values["subject"] not in values["question"]:
        return "the writer's subject does not stand in its question"
    other = in_other_language(values["question"], lang)
    if other:
        return f"the writer's question is in another language: {other}"

    def sentence(when: str) -> str:
        text, answer = values.get(f"{when}_sentence", ""), values.get(f"{when}_answer", "")
        sound = answer and values["subject"] in text and has(text, (answer,), lang)
        return text if sound and not in_other_language(text, lang) else ""

    return Statement(
        statement.fact,
        lang,
        values["question"],
        values["subject"],
        values.get("old_answer", "") if statement.old else "",
        values["new_answer"],
        old_sentence=sentence("old") if statement.old else "",
        new_sentence=sentence("new"),
    )


def _object(text: str) -> Mapping[str, str] | None:
    """The texts of the JSON object in a reply, each on one line; None where there is none."""
    start, end = text.find("{"), text.rfind("}")
    try:
        found: Any = json.loads(text[start : end + 1])
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    return {str(name): " ".join(one.split()) for name, one in found.items() if isinstance(one, str)}
