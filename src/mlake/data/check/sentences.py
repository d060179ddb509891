"""Rules about the sentences that state a fact before and after the edit. mlake does not edit with them."""

from collections.abc import Callable, Iterator

from mlake.data.check.answers import is_noop
from mlake.data.check.findings import Finding, Rule, quote, say
from mlake.data.check.matching import find, has, inside, places
from mlake.data.check.plain import invisible
from mlake.data.check.view import new_names, old_names, stated
from mlake.data.check.wording import meta
from mlake.languages.identify import in_other_language
from mlake.records import Benchmark, Statement
from mlake.text import same_name

__all__ = ["RULES"]

_QUOTES = {'"': '"', "“": "”", "„": "“", "«": "»", "「": "」", "『": "』"}


def _sentences(why: Callable[[Statement, str], str]) -> Callable[[Benchmark], Iterator[Finding]]:
    """Finds statements for whose sentences there is a reason: at most one finding each."""

    def find_them(benchmark: Benchmark) -> Iterator[Finding]:
        for _, one in stated(benchmark):
            for when, sentence in (("before", one.old_sentence), ("after", one.new_sentence)):
                reason = why(one, sentence) if sentence else ""
                if reason:
                    yield say(one, f"{when}: {reason}")
                    break

    return find_them


def _lacks(one: Statement, sentence: str) -> str:
    names = old_names(one) if sentence == one.old_sentence else new_names(one)
    if not names or has(sentence, names, one.lang):
        return ""
    return f"{quote(names[0])} is not in {quote(sentence)}"


def _contradiction(benchmark: Benchmark) -> Iterator[Finding]:
    for _, one in stated(benchmark):
        if is_noop(one.old, one.new, one.lang):
            continue
        left = find(one.new_sentence, old_names(one), one.lang)
        if left:
            kept = places(one.subject or "", one.new_sentence, one.lang)
            kept += [span[:2] for span in find(one.new_sentence, new_names(one), one.lang)]
            left = [span for span in left if not inside(span, kept)]
        if left:
            yield say(one, f"{quote(left[0].name)} is left in {quote(one.new_sentence)}")


def _damage(benchmark: Benchmark) -> Iterator[Finding]:
    for _, one in stated(benchmark):
        before, after = (
            places(one.subject or "", text, one.lang) for text in (one.old_sentence, one.new_sentence)
        )
        if before and one.new_sentence and not after:
            yield say(one, f"{quote(one.subject or '')} is not in {quote(one.new_sentence)}")


def _bare(one: Statement, sentence: str) -> str:
    names = old_names(one) if sentence == one.old_sentence else new_names(one)
    return quote(sentence) if any(same_name(sentence, name, one.lang) for name in names) else ""


def _quoted(_: Statement, sentence: str) -> str:
    text = sentence.strip().rstrip(".。")
    closing = _QUOTES.get(text[:1])
    wrapped = closing and text.endswith(closing) and closing not in text[1:-1] and text[0] not in text[1:-1]
    return quote(sentence) if wrapped else ""


def _foreign(one: Statement, sentence: str) -> str:
    reason = in_other_language(sentence, one.lang)
    return f"{reason}: {quote(sentence)}" if reason else ""


def _meta(_: Statement, sentence: str) -> str:
    word = meta(sentence)
    return f"{quote(word)} stands in {quote(sentence)}" if word else ""


RULES = (
    Rule(
        "answer-not-in-sentence",
        "info",
        "A sentence does not give its answer by any name that is looked for.",
        "Add the form in which the sentence gives it as an alias, or mend the sentence.",
        _sentences(_lacks),
    ),
    Rule(
        "contradictory-sentence",
        "warning",
        "The new sentence still gives the old answer, outside the subject and the new answer.",
        "Do not train on it; edit with the question.",
        _contradiction,
    ),
    Rule(
        "damaged-subject",
        "warning",
        "The old sentence names the subject and the new one does not.",
        "Do not train on it; edit with the question.",
        _damage,
    ),
    Rule(
        "bare-answer-sentence",
        "info",
        "A sentence is the answer alone.",
        "Write a sentence that names the subject.",
        _sentences(_bare),
    ),
    Rule(
        "quoted-sentence",
        "info",
        "A whole sentence stands in quotes.",
        "Take them off.",
        _sentences(_quoted),
    ),
    Rule(
        "wrong-language-sentence",
        "warning",
        "A sentence is in another language than it says.",
        "Translate it.",
        _sentences(_foreign),
    ),
    Rule(
        "meta-text-sentence",
        "info",
        "A sentence speaks of how it was made: triples, properties, the data base.",
        "State the fact alone.",
        _sentences(_meta),
    ),
    Rule(
        "control-character-sentence",
        "info",
        "A sentence holds invisible characters or line ends.",
        "Remove them.",
        _sentences(lambda _, sentence: quote(sentence) if invisible(sentence) else ""),
    ),
)
