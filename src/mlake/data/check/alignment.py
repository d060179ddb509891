"""Rules about facts against each other and over languages, and about the data set as a whole."""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator

from mlake.data.check.findings import Finding, Rule, quote, say
from mlake.data.check.matching import key
from mlake.data.check.view import new_names, old_names, probes, questions, stated
from mlake.data.check.wording import ask
from mlake.data.stats.describe import describe
from mlake.data.stats.views import TABLE5
from mlake.languages import language
from mlake.records import Benchmark, Fact, Statement

__all__ = ["RULES"]

_Names = Callable[[Statement], tuple[str, ...]]
_Called = dict[tuple[str, str, str], Counter[str]]

_OTHERS = 2  # other rows that must agree on how an answer is called, and other languages that must say so
_SHARED = 2  # words of a subject that two languages must share
_STEM = 4  # letters by which a word is looked for in a third language

_RELEASE = ("mlake", "40b6a3c+a33a315")  # name and revision that the paper's Table 5 counts


def _absent(benchmark: Benchmark) -> Iterator[Finding]:
    for fact in benchmark.facts:
        for lang in benchmark.langs:
            if lang not in fact.statements:
                yield Finding(fact.id, None, lang, f"stated in {', '.join(fact.statements)} only")


def _disagreeing(benchmark: Benchmark) -> Iterator[Finding]:
    """Answers that are called otherwise where two other languages have the same answer."""
    for names in (old_names, new_names):
        called = _translations(benchmark, names)
        for fact in benchmark.facts:
            for one in filter(names, fact.statements.values()):
                own = {key(name, one.lang) for name in names(one)}
                expected = _expected(fact, one, names, called)
                name, witnesses = max(expected.items(), key=lambda item: item[1], default=("", 0))
                if name not in own and witnesses >= min(_OTHERS, max(len(fact.statements) - 1, 1)):
                    yield say(one, f"{quote(names(one)[0])}; elsewhere this answer is {quote(name)}")


def _expected(fact: Fact, one: Statement, names: _Names, called: _Called) -> Counter[str]:
    """What the answer is called in all other rows in which another language has its answer, by languages."""
    expected: Counter[str] = Counter()
    own = key(names(one)[0], one.lang)
    for lang, said in fact.statements.items():
        if lang != one.lang and names(said):
            elsewhere = called[lang, key(names(said)[0], lang), one.lang] - Counter([own])
            if len(elsewhere) == 1 and elsewhere.total() >= _OTHERS:
                expected.update(elsewhere.keys())
    return expected


def _translations(benchmark: Benchmark, names: _Names) -> _Called:
    """Language, answer and other language to how often the answer is called what there."""
    called: _Called = defaultdict(Counter)
    for fact in benchmark.facts:
        main = {lang: key(names(one)[0], lang) for lang, one in fact.statements.items() if names(one)}
        for lang, name in main.items():
            for other, there in main.items():
                if other != lang:
                    called[lang, name, other][there] += 1
    return called


def _words(text: str) -> set[str]:
    plain = unicodedata.normalize("NFD", text.casefold())
    return set(re.findall(r"\w{3,}", "".join(char for char in plain if not unicodedata.combining(char))))


def _differing(benchmark: Benchmark) -> Iterator[Finding]:
    """Languages in Latin script that lack a name which two others share."""
    for fact in benchmark.facts:
        latin = {lang: one for lang, one in fact.statements.items() if language(lang).script == "Latn"}
        for lang, one in latin.items():
            others = [_words(said.subject or "") for other, said in latin.items() if other != lang]
            shared = set.intersection(*others) if len(others) >= _OTHERS else set()
            stems = {word[:_STEM] for word in _words(f"{one.question} {one.old_sentence} {one.new_sentence}")}
            if len(shared) >= _SHARED and not stems & {word[:_STEM] for word in shared}:
                names = [said.subject or "" for other, said in latin.items() if other != lang]
                yield say(
                    one, f"{quote(one.subject or one.question)}; elsewhere {quote(*dict.fromkeys(names))}"
                )


def _again(facts: Iterable[tuple[Hashable, Fact, str | None, str]], text: str) -> Iterator[Finding]:
    """Facts with a mark that one before had."""
    seen: dict[Hashable, str] = {}
    for mark, fact, lang, shown in facts:
        if seen.setdefault(mark, fact.id) != fact.id:
            yield Finding(fact.id, None, lang, f"{text} {seen[mark]}: {shown}")


def _same_fact(benchmark: Benchmark) -> Iterator[Finding]:
    pairs = [
        ((fact.subject_id, fact.relation_id), fact, None, f"{fact.subject_id} {fact.relation_id}")
        for fact in benchmark.facts
        if fact.subject_id and fact.relation_id
    ]
    yield from _again(pairs, "subject and relation of")


def _same_question(benchmark: Benchmark) -> Iterator[Finding]:
    """Questions of one kind with the same text as one before and an answer that has no name in common."""
    seen: dict[tuple[str, str, str], tuple[str, ...]] = {}
    for question in questions(benchmark):
        probe, said = question.probe, question.statement
        names = probe.accept if probe else new_names(said) if said else ()
        if not names or (probe and probe.options):
            continue
        mark = (probe.kind if probe else "direct", question.lang, key(question.text, question.lang))
        first = seen.setdefault(mark, names)
        if not {key(one, question.lang) for one in first} & {key(one, question.lang) for one in names}:
            yield ask(question, f"{quote(question.text)}: {quote(first[0], names[0])}")


def _same_statement(benchmark: Benchmark) -> Iterator[Finding]:
    marked = (
        (
            (one.lang, *(key(t, one.lang) for t in (one.question, one.old, one.new))),
            fact,
            one.lang,
            quote(one.question),
        )
        for fact, one in stated(benchmark)
    )
    yield from _again(marked, "the same as")


def _same_probe(benchmark: Benchmark) -> Iterator[Finding]:
    seen: dict[tuple[str, ...], str] = {}
    for _, probe in probes(benchmark):
        if probe.options or probe.kind == "direct":
            continue
        answers = (key(name, probe.lang) for name in probe.accept[:1])
        mark = (probe.kind, probe.lang, key(probe.text, probe.lang), *answers)
        if seen.setdefault(mark, probe.id) != probe.id:
            yield Finding(probe.fact, probe.id, probe.lang, f"the same as {seen[mark]}: {quote(probe.text)}")


def _published(benchmark: Benchmark) -> Iterator[Finding]:
    if (benchmark.name, benchmark.revision) != _RELEASE:
        return
    for one in describe(benchmark).languages:
        for row in TABLE5:
            count, paper = row.count(one), row.paper.get(one.lang)
            if paper is not None and count != paper:
                yield Finding(None, None, one.lang, f"{row.title}: published {paper}, found {count}")


RULES = (
    Rule(
        "missing-language",
        "warning",
        "A fact is not stated in a language that other facts are stated in.",
        "State it, or compare languages on the facts that all of them have.",
        _absent,
    ),
    Rule(
        "answers-disagree",
        "warning",
        "A language gives another answer than the others: their answer has another name in it elsewhere.",
        "Look whether the row is out of step or the answer mistranslated.",
        _disagreeing,
    ),
    Rule(
        "subject-differs",
        "info",
        "A language lacks a name that two others in Latin script share: another subject, or a translation.",
        "Look whether it asks about the same thing.",
        _differing,
    ),
    Rule(
        "same-fact-twice",
        "warning",
        "Two facts edit the same subject and relation, so that the later edit undoes the earlier.",
        "Keep one.",
        _same_fact,
    ),
    Rule(
        "same-question",
        "warning",
        "One question is asked with different answers.",
        "Ask what tells them apart.",
        _same_question,
    ),
    Rule(
        "duplicate-fact",
        "warning",
        "A fact has the question and answers of another.",
        "Keep one.",
        _same_statement,
    ),
    Rule(
        "duplicate-question",
        "info",
        "A question of one kind is asked twice with the same answer, and counts twice.",
        "Keep one.",
        _same_probe,
    ),
    Rule(
        "count-vs-published",
        "info",
        "A count differs from the one published with the data set.",
        "State the number that you used.",
        _published,
    ),
)
