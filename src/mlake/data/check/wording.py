"""Rules about how questions are worded and whether they name their subject."""

import re
import unicodedata
from collections.abc import Callable, Iterator

from mlake.data.check.findings import Finding, Rule, quote, say
from mlake.data.check.matching import find
from mlake.data.check.plain import invisible
from mlake.data.check.view import Question, new_names, old_names, once, questions, stated, texts
from mlake.languages import LANGUAGES, language
from mlake.languages.identify import in_other_language
from mlake.records import Benchmark, Statement
from mlake.scripts import SCRIPTS
from mlake.text import last_whole

__all__ = ["RULES", "ask", "meta", "placeholder"]

_PLACEHOLDER = re.compile(r"\b[xy]\d\b|\{\w*\}|\[[A-Z_]+\]|<\w+>|_{3,}")


def ask(question: Question, text: str) -> Finding:
    """A finding about a question."""
    fact, probe = question.fact, question.probe
    return Finding(fact.id if fact else None, probe.id if probe else None, question.lang, text)


def placeholder(text: str) -> str:
    """What stands in a text for something that was never filled in; empty if nothing does."""
    found = _PLACEHOLDER.search(text)
    return found.group() if found else ""


def meta(text: str) -> str:
    """Words in a text that speak of how it was made; empty if there are none."""
    found = _meta().search(text)
    return found.group() if found else ""


def _meta() -> re.Pattern[str]:
    words = "|".join(word for row in LANGUAGES.values() for word in row.meta)
    return re.compile(words, re.IGNORECASE)


def _stands(what: str, question: Question) -> str:
    return f"{quote(what)} stands in {quote(question.text)}" if what else ""


def _foreign(question: Question) -> str:
    reason = in_other_language(question.text, question.lang)
    return f"{reason}: {quote(question.text)}" if reason else ""


def _without(question: Question) -> str:
    pattern = language(question.lang).without
    found = re.search(pattern, question.text) if pattern else None
    return _stands(found.group() if found else "", question)


def _no_question(question: Question) -> str:
    marks = SCRIPTS[language(question.lang).script].asks
    return quote(question.text) if marks and not set(marks) & set(question.text) else ""


def _each(why: Callable[[Question], str]) -> Callable[[Benchmark], Iterator[Finding]]:
    """Finds questions for which there is a reason."""

    def find_them(benchmark: Benchmark) -> Iterator[Finding]:
        for question in questions(benchmark):
            if reason := why(question):
                yield ask(question, reason)

    return find_them


def _leaks_new(question: Question) -> str:
    """The answer that is asked for, where the question gives it."""
    probe, said = question.probe, question.statement
    names = probe.accept if probe else new_names(said) if said else ()
    return _given(question, () if probe and probe.options else names)


def _leaks_old(question: Question) -> str:
    said = None if question.probe else question.statement
    return _given(question, (said.old,) if said and said.old else ())


def _leaks_alias(question: Question) -> str:
    said = None if question.probe else question.statement
    if not said or _leaks_old(question):
        return ""
    return _given(question, old_names(said))


def _given(question: Question, names: tuple[str, ...]) -> str:
    spans = find(question.text, names, question.lang)
    return _stands(spans[0].name if spans else "", question)


def _hidden(benchmark: Benchmark) -> Iterator[Finding]:
    for place in once(texts(benchmark)):
        if invisible(place.text):
            yield Finding(place.fact, place.probe, place.lang, f"{place.field} {quote(place.text)}")


def _composed(benchmark: Benchmark) -> Iterator[Finding]:
    for place in once(texts(benchmark)):
        if not unicodedata.is_normalized("NFC", place.text):
            yield Finding(place.fact, place.probe, place.lang, f"{place.field} {quote(place.text)}")


def _subjects(wrong: Callable[[Statement], bool]) -> Callable[[Benchmark], Iterator[Finding]]:
    """Finds statements with something wrong about the subject."""

    def find_them(benchmark: Benchmark) -> Iterator[Finding]:
        for _, one in stated(benchmark):
            if wrong(one):
                subject = f"{quote(one.subject)} in " if one.subject else ""
                yield say(one, f"{subject}{quote(one.question)}")

    return find_them


def _within_word(one: Statement) -> bool:
    subject = one.subject or ""
    return subject != "" and subject in one.question and last_whole(one.question, subject, one.lang) is None


RULES = (
    Rule(
        "answer-in-question",
        "warning",
        "The question gives an answer that it asks for.",
        "Ask in other words.",
        _each(_leaks_new),
    ),
    Rule(
        "old-answer-in-question",
        "warning",
        "The direct question gives the old answer, often within a name: repeating it says nothing.",
        "Ask in other words, or count such facts apart.",
        _each(_leaks_old),
    ),
    Rule(
        "old-alias-in-question",
        "info",
        "The direct question gives an alias of the old answer.",
        "Ask in other words, or drop the alias.",
        _each(_leaks_alias),
    ),
    Rule(
        "not-a-question",
        "warning",
        "A question has no question mark.",
        "Ask a question: models go on from anything else in other ways.",
        _each(_no_question),
    ),
    Rule(
        "wrong-language",
        "error",
        "A question is in another language than it says.",
        "Translate it, or leave it out.",
        _each(_foreign),
        mended=True,
    ),
    Rule(
        "meta-text",
        "warning",
        "A question speaks of how it was made: triples, predicates, the data base.",
        "Ask in the words of people.",
        _each(lambda question: _stands(meta(question.text), question)),
    ),
    Rule(
        "without-naming",
        "info",
        "A question asks for an answer that does not name something, often the answer itself.",
        "Take the request out.",
        _each(_without),
    ),
    Rule(
        "placeholder",
        "error",
        "A question holds a variable that was never filled in.",
        "Leave it out.",
        _each(lambda question: _stands(placeholder(question.text), question)),
        mended=True,
    ),
    Rule(
        "control-character",
        "warning",
        "A question, name or option holds invisible characters; it then differs from what is seen.",
        "Remove them.",
        _hidden,
        mended=True,
    ),
    Rule(
        "not-composed",
        "info",
        "A question, name or option is not in Unicode's composed form (NFC), as nearly all text is.",
        "Normalise it to NFC.",
        _composed,
        mended=True,
    ),
    Rule(
        "no-subject",
        "warning",
        "The subject is not known; methods that need its place cannot edit the fact.",
        "Name the subject as it stands in the question.",
        _subjects(lambda one: one.subject is None),
    ),
    Rule(
        "subject-not-in-question",
        "error",
        "The subject does not stand in the question.",
        "Write it exactly as in the question.",
        _subjects(lambda one: one.subject is not None and one.subject not in one.question),
    ),
    Rule(
        "subject-within-word",
        "warning",
        "The subject stands in the question only as a part of a longer word, which an edit would change.",
        "Write the whole word, or name the subject in the question.",
        _subjects(_within_word),
    ),
    Rule(
        "subject-in-doubt",
        "info",
        "The subject was recovered automatically and may be wrong.",
        "Look at it, and set subject_sure to true.",
        _subjects(lambda one: one.subject is not None and not one.subject_sure),
    ),
)
