"""Rules about answers and their names."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator

from mlake.data.check.aliases import borrowed, faults
from mlake.data.check.findings import Finding, Rule, quote, say
from mlake.data.check.matching import has, has_alias, key
from mlake.data.check.view import name_lists, new_names, old_names, probes, stated
from mlake.languages.identify import share
from mlake.records import Benchmark

__all__ = ["RULES", "is_noop"]

_BRACKETED = re.compile(r"\S\s*[(（[［].+[)）\]］]\s*$")
_SHOWN = 3  # names of one list that are shown
_MOST = 0.5  # share of the letters that must be in a script


def is_noop(old: str, new: str, lang: str) -> bool:
    """Whether an edit from one answer to the other changes nothing."""
    return key(old, lang) == key(new, lang)


def _noop(benchmark: Benchmark) -> Iterator[Finding]:
    for _, one in stated(benchmark):
        if is_noop(one.old, one.new, one.lang):
            yield say(one, f"both answers are {quote(one.new)}")


def _shared(benchmark: Benchmark) -> Iterator[Finding]:
    for _, one in stated(benchmark):
        old = {key(name, one.lang) for name in old_names(one)}
        both = [name for name in new_names(one) if key(name, one.lang) in old]
        if both and not is_noop(one.old, one.new, one.lang):
            yield say(one, f"{quote(*both)} is a name of both {quote(one.old)} and {quote(one.new)}")


def _contained(benchmark: Benchmark) -> Iterator[Finding]:
    for _, one in stated(benchmark):
        if not one.old or is_noop(one.old, one.new, one.lang):
            continue
        for inner, outer in ((one.old, one.new), (one.new, one.old)):
            if has(outer, (inner,), one.lang):
                yield say(one, f"{quote(inner)} stands in {quote(outer)}")


def _clashing(benchmark: Benchmark) -> Iterator[Finding]:
    """Aliases inside a name of the other answer; the two main names are another rule's."""
    for _, one in stated(benchmark):
        for own, other in ((old_names(one), new_names(one)), (new_names(one), old_names(one))):
            pairs = [
                (alias, name)
                for alias in own
                for name in other
                if (alias, name) not in ((one.old, one.new), (one.new, one.old))
                and key(alias, one.lang) != key(name, one.lang)
                and has_alias(name, (alias,), one.lang)
            ]
            if pairs:
                shown = "; ".join(f"{quote(alias)} stands in {quote(name)}" for alias, name in pairs[:_SHOWN])
                yield say(one, shown)


def _bracketed(benchmark: Benchmark) -> Iterator[Finding]:
    for _, one in stated(benchmark):
        for name in (one.old, one.new):
            if _BRACKETED.search(name):
                yield say(one, quote(name))
    for _, probe in probes(benchmark):
        main = () if probe.kind == "direct" or probe.options else probe.accept[:1]
        for name in filter(_BRACKETED.search, main):
            yield Finding(probe.fact, probe.id, probe.lang, quote(name))


def _foreign(benchmark: Benchmark) -> Iterator[Finding]:
    for place in name_lists(benchmark):
        name = place.names[0]
        if share(name, place.lang, latin=True) < _MOST:
            yield Finding(place.fact, place.probe, place.lang, f"{place.field} {quote(name)}")


def _faulty(rule: str) -> Callable[[Benchmark], Iterator[Finding]]:
    """Finds what ``faults`` says under one rule: one finding a statement or probe."""

    def find(benchmark: Benchmark) -> Iterator[Finding]:
        found: dict[tuple[str | None, str | None, str], list[str]] = defaultdict(list)
        for fault in faults(benchmark):
            if fault.rule == rule:
                place = fault.place
                shown = f"{quote(fault.alias)} for {quote(place.names[0])}"
                found[place.fact, place.probe, place.lang].append(shown)
        for (fact, probe, lang), every in found.items():
            more = f"; and {len(every) - _SHOWN} more" if len(every) > _SHOWN else ""
            yield Finding(fact, probe, lang, "; ".join(every[:_SHOWN]) + more)

    return find


def _missing(benchmark: Benchmark) -> Iterator[Finding]:
    new = {(one.fact, one.lang): one.new for _, one in stated(benchmark)}
    for (fact, lang), aliases in borrowed(benchmark).items():
        yield Finding(
            fact, None, lang, f"{quote(new[fact, lang])} is also {quote(*aliases[:_SHOWN])} elsewhere"
        )


def _majority(benchmark: Benchmark) -> Iterator[Finding]:
    given: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for _, probe in probes(benchmark):
        given[probe.kind, probe.lang].update(probe.accept[:1])
    for (kind, lang), answers in filter(lambda item: item[1], given.items()):
        name, count = answers.most_common(1)[0]
        total = answers.total()
        yield Finding(None, None, lang, f"{kind}: {count} of {total} ({count / total:.1%}) are {quote(name)}")


RULES = (
    Rule(
        "noop-edit",
        "error",
        "The new answer is the old one, so the edit changes nothing.",
        "Choose another new answer, or leave the fact out in this language.",
        _noop,
        mended=True,
    ),
    Rule(
        "shared-name",
        "error",
        "A name belongs to both the old and the new answer, so no scorer can tell them apart.",
        "Remove the name from the answer that it fits less.",
        _shared,
    ),
    Rule(
        "answer-in-answer",
        "warning",
        "One answer stands inside the other; plain containment counts both where only the longer is given.",
        "Prefer an answer that shares no words with the other one.",
        _contained,
    ),
    Rule(
        "clashing-alias",
        "warning",
        "A name of one answer stands inside a name of the other.",
        "Remove the shorter one.",
        _clashing,
    ),
    Rule(
        "parenthetical-answer",
        "warning",
        "A main answer carries an explanation in brackets, which fluent text does not repeat.",
        "Write the name alone, and keep the long form as an alias.",
        _bracketed,
    ),
    Rule(
        "foreign-script-answer",
        "warning",
        "A main answer is mostly in a script that its language does not use.",
        "Write the answer as texts in this language do.",
        _foreign,
    ),
    Rule(
        "poisoned-alias",
        "warning",
        "An alias is no name of its answer: it comes from the row's sentence, or unlike answers list it too.",
        "Remove it.",
        _faulty("poisoned-alias"),
        mended=True,
    ),
    Rule(
        "short-alias",
        "info",
        "An alias is too short to be looked for; the paper's rule finds it inside other words.",
        "Remove it if you use the scorer paper.",
        _faulty("short-alias"),
        mended=True,
    ),
    Rule(
        "emoji-alias",
        "info",
        "An alias is a flag or another symbol.",
        "Remove it.",
        _faulty("emoji-alias"),
        mended=True,
    ),
    Rule(
        "duplicate-alias",
        "info",
        "An alias differs from a name before it only in case, width, quotes or the like.",
        "Remove it.",
        _faulty("duplicate-alias"),
        mended=True,
    ),
    Rule(
        "missing-alias",
        "info",
        "A new answer has no alias, but the same name has some elsewhere: old answers score more easily.",
        "Give it the same aliases.",
        _missing,
        mended=True,
    ),
    Rule(
        "majority-answer",
        "info",
        "The most frequent answer of each kind: what a model scores that always gives it.",
        "Report it next to scores.",
        _majority,
    ),
)
