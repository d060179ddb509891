"""Negated questions: does an edited model still hear what it is asked?

A method can make a model say the new answer whatever stands around the subject. So the direct question of
each fact is put inside another one that asks for what is *not* its answer. The accepted answer stays the
new one, so that on questions of the kind ``negation`` the scorer ``contains`` is the rate of failing: the
model gives the edited answer although it was asked for anything else. Lower is better.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from mlake.languages import LANGUAGES
from mlake.records import Benchmark, Fact, Probe

__all__ = ["negated"]


def negated(benchmark: Benchmark) -> Benchmark:
    """The data set with a negated question for each direct one; what is there stays as it is.

    Negated questions that the data has are kept, so a second call changes nothing. The hash stays that of
    the content that was read: the wordings belong to the version of mlake, which every run records.

    Args:
        benchmark: Any data set.
    """
    facts = tuple(replace(fact, probes=(*fact.probes, *_probes(fact))) for fact in benchmark.facts)
    return replace(benchmark, facts=facts, notes=(*benchmark.notes, *_unasked(facts)))


def _probes(fact: Fact) -> Iterator[Probe]:
    have = {probe.lang for probe in fact.probes if probe.kind == "negation"}
    for probe in fact.probes:
        template = _wording(probe.lang)
        if probe.kind == "direct" and template and probe.lang not in have:
            text = template.replace("{question}", probe.text.strip())
            yield replace(probe, id=f"{probe.id}/negation", kind="negation", text=text)


def _unasked(facts: tuple[Fact, ...]) -> Iterator[str]:
    probes = (probe for fact in facts for probe in fact.probes)
    direct = (one.lang for one in probes if one.kind == "direct")
    lacking = Counter(lang for lang in direct if not _wording(lang))
    for lang, count in lacking.items():
        yield f"{count} direct questions in {lang} have no negation: there is no wording for {lang}"


def _wording(lang: str) -> str:
    """What stands around a direct question in a language; empty where it has nothing."""
    return LANGUAGES[lang].negation if lang in LANGUAGES else ""
