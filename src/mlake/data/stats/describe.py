"""What a data set holds, in numbers: the statistics of the paper's Table 5 and of its Figure 8.

Everything is counted a language at a time, over all questions, those without a fact included. Chains are the
triples and relations of two-hop questions; what each number counts is said at its field, and what of it
agrees with the paper in ``docs/data-stats.md``.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from mlake.data.stats.counts import (
    Distribution,
    Frequency,
    Names,
    Term,
    distribution,
    question_length,
    ranked,
)
from mlake.errors import DataError
from mlake.kinds import KINDS
from mlake.languages import language
from mlake.records import Benchmark, Kind, Probe, Statement

__all__ = ["CHAINED", "Answers", "Chains", "Entities", "LanguageStats", "Pair", "Stats", "describe"]

CHAINED: tuple[Kind, ...] = ("multihop", "multihop_before")
"""Kinds of question that ask along a chain of facts."""


@dataclass(frozen=True, slots=True)
class Entities:
    """How many different entities there are.

    Attributes:
        answers: Different main answers, as strings; the old and the new ones where facts are counted.
        ids: Different Wikidata ids at the ends of the known triples; 0 if none is known.
    """

    answers: int
    ids: int


@dataclass(frozen=True, slots=True)
class Pair:
    """A first relation and one that follows it in a chain.

    Attributes:
        first_id: Wikidata id of the first relation, if known.
        first_label: Its label, if known.
        first_count: Chains that begin with it and go on.
        second_id: Wikidata id of the second relation, if known.
        second_label: Its label, if known.
        count: Chains that begin with both.
    """

    first_id: str | None
    first_label: str | None
    first_count: int
    second_id: str | None
    second_label: str | None
    count: int


@dataclass(frozen=True, slots=True)
class Chains:
    """The chains of one kind of question.

    Attributes:
        questions: Questions whose chain is known, in part at least.
        relations: Relations of all hops together.
        hops: Relations by hop, the first one first.
        pairs: First and second relation, by first relation, the most frequent one first.
        entities: Entities at both ends of every triple, so that the one between two triples counts twice.
    """

    questions: int
    relations: tuple[Frequency, ...]
    hops: tuple[tuple[Frequency, ...], ...]
    pairs: tuple[Pair, ...]
    entities: tuple[Frequency, ...]


@dataclass(frozen=True, slots=True)
class Answers:
    """The main answers of one kind.

    Attributes:
        n: Number of answers.
        floor: Share of the most frequent one: what a model scores that gives the same answer to everything.
        frequencies: Every answer, the most frequent one first.
    """

    n: int
    floor: float
    frequencies: tuple[Frequency, ...]


@dataclass(frozen=True, slots=True)
class LanguageStats:
    """The numbers of one language.

    Names are looked up under kinds of question, or, for answers and aliases, under ``old`` and ``new`` for
    the answers of the facts and under kinds for those of two-hop questions. What is empty is left out.

    Attributes:
        lang: Language code.
        facts: Facts stated in the language.
        questions: Kind to number of questions.
        unlinked: Kind to number of questions that belong to no fact; counted in ``questions`` too.
        entities: Kind to number of entities; under ``direct`` those of facts, whose ids are known from the
            first triples of chains and from triples of direct questions.
        relations: Different relations of facts and chains together; 0 if none is known.
        fact_relations: Relations of the facts, where known.
        chains: Kind to chains, where one is known.
        unit: What question lengths count: ``words`` or ``characters``.
        lengths: Kind to lengths of questions.
        aliases: Aliases beside the main answer, an observation a fact or question.
        aliases_by_answer: The same, an observation a different answer: all aliases that it has anywhere.
        answers: How often each answer is given.
    """

    lang: str
    facts: int
    questions: Mapping[str, int]
    unlinked: Mapping[str, int]
    entities: Mapping[str, Entities]
    relations: int
    fact_relations: tuple[Frequency, ...]
    chains: Mapping[str, Chains]
    unit: str
    lengths: Mapping[str, Distribution]
    aliases: Mapping[str, Distribution]
    aliases_by_answer: Mapping[str, Distribution]
    answers: Mapping[str, Answers]


@dataclass(frozen=True, slots=True)
class Stats:
    """The numbers of a data set.

    Attributes:
        name: Name of the benchmark.
        revision: Its revision.
        sha256: Hash of its content.
        facts: Number of facts.
        languages: Numbers by language.
        chain_ids: Kind to different Wikidata ids in chains of the counted languages together.
    """

    name: str
    revision: str
    sha256: str
    facts: int
    languages: tuple[LanguageStats, ...]
    chain_ids: Mapping[str, int]


def describe(benchmark: Benchmark, langs: Sequence[str] | None = None) -> Stats:
    """Counts what a data set holds.

    Args:
        benchmark: Any data set.
        langs: Languages to count, in this order; None for all that a fact or question is in.

    Raises:
        DataError: Nothing is in one of the languages.
    """
    probes: dict[str, list[Probe]] = {lang: [] for lang in benchmark.langs}
    for probe in _probes(benchmark):
        probes.setdefault(probe.lang, []).append(probe)
    for lang in langs or ():
        if lang not in probes:
            have = ", ".join(probes)
            raise DataError(
                f"{benchmark.name!r} holds nothing in {lang!r}; it has: {have}; choose among them"
            )
    chosen = {lang: probes[lang] for lang in langs or probes}
    languages = tuple(_language(benchmark, lang, asked) for lang, asked in chosen.items())
    every = [probe for asked in chosen.values() for probe in asked]
    together = {kind: len(set(_ends(_of(every, kind)))) for kind in CHAINED}
    return Stats(
        name=benchmark.name,
        revision=benchmark.revision,
        sha256=benchmark.sha256,
        facts=len(benchmark.facts),
        languages=languages,
        chain_ids={kind: count for kind, count in together.items() if count},
    )


def _probes(benchmark: Benchmark) -> Iterator[Probe]:
    for fact in benchmark.facts:
        yield from fact.probes
    yield from benchmark.unlinked


def _of(probes: Iterable[Probe], kind: Kind) -> list[Probe]:
    return [probe for probe in probes if probe.kind == kind]


def _ends(probes: Iterable[Probe], *, first: bool = False) -> Iterator[str]:
    """Ids at both ends of all triples, or of each chain's first one."""
    for probe in probes:
        for triple in probe.triples[:1] if first else probe.triples:
            yield triple.subject
            yield triple.object


def _language(benchmark: Benchmark, lang: str, probes: Sequence[Probe]) -> LanguageStats:
    facts = [fact for fact in benchmark.facts if lang in fact.statements]
    names = Names(lang, benchmark.facts, probes)
    found: dict[str, list[Probe]] = {kind: own for kind in KINDS if (own := _of(probes, kind))}
    of_facts = ranked(
        names.relation(fact.relation_id, fact.relations.get(lang))
        for fact in facts
        if fact.relation_id or lang in fact.relations
    )
    chains: dict[str, Chains] = {
        kind: chain for kind in CHAINED if (chain := _chains(found.get(kind, ()), names)).questions
    }
    relations = {(row.id, row.label) for one in chains.values() for row in one.relations}
    accepted = _accepted([fact.statements[lang] for fact in facts], found)
    return LanguageStats(
        lang=lang,
        facts=len(facts),
        questions={kind: len(own) for kind, own in found.items()},
        unlinked={kind: n for kind, own in found.items() if (n := sum(one.fact is None for one in own))},
        entities=_entities(accepted, found),
        relations=len(relations | {(row.id, row.label) for row in of_facts}),
        fact_relations=of_facts,
        chains=chains,
        unit="words" if language(lang).spaced else "characters",
        lengths={
            kind: distribution([question_length(probe.text, lang) for probe in own])
            for kind, own in found.items()
        },
        aliases={name: distribution([len(one) - 1 for one in own]) for name, own in accepted.items()},
        aliases_by_answer={name: distribution(_by_answer(own)) for name, own in accepted.items()},
        answers={name: _answers(own) for name, own in accepted.items()},
    )


def _accepted(
    statements: Sequence[Statement], found: Mapping[str, Sequence[Probe]]
) -> dict[str, list[tuple[str, ...]]]:
    """Accepted answers of facts and of two-hop questions, each without repetition, the main one first."""
    every: dict[str, list[tuple[str, ...]]] = {
        "old": [(one.old, *one.old_aliases) for one in statements if one.old],
        "new": [(one.new, *one.new_aliases) for one in statements],
        **{kind: [probe.accept for probe in found.get(kind, ())] for kind in CHAINED},
    }
    return {name: [tuple(dict.fromkeys(one)) for one in own] for name, own in every.items() if own}


def _by_answer(accepted: Iterable[tuple[str, ...]]) -> list[int]:
    """Number of aliases of each different main answer."""
    known: dict[str, set[str]] = {}
    for main, *aliases in accepted:
        known.setdefault(main, set()).update(aliases)
    return [len(aliases) for aliases in known.values()]


def _answers(accepted: Sequence[tuple[str, ...]]) -> Answers:
    frequencies = ranked((None, main) for main, *_ in accepted)
    return Answers(len(accepted), frequencies[0].share, frequencies)


def _entities(
    accepted: Mapping[str, Iterable[tuple[str, ...]]], found: Mapping[str, Sequence[Probe]]
) -> dict[str, Entities]:
    chained = [probe for kind in CHAINED for probe in found.get(kind, ())]
    names: dict[str, tuple[str, ...]] = {"direct": ("old", "new"), **{kind: (kind,) for kind in CHAINED}}
    ids: dict[str, set[str]] = {kind: set(_ends(found.get(kind, ()))) for kind in CHAINED}
    ids["direct"] = {*_ends(chained, first=True), *_ends(found.get("direct", ()))}
    answers = {
        kind: {main for one in own for main, *_ in accepted.get(one, ())} for kind, own in names.items()
    }
    return {kind: Entities(len(own), len(ids[kind])) for kind, own in answers.items() if own}


def _chains(probes: Iterable[Probe], names: Names) -> Chains:
    chains = [hops for probe in probes if (hops := _hops(probe, names))]
    depth = max(map(len, chains), default=0)
    return Chains(
        questions=len(chains),
        relations=ranked(term for hops in chains for term in hops),
        hops=tuple(ranked(hops[at] for hops in chains if len(hops) > at) for at in range(depth)),
        pairs=_pairs(chains),
        entities=ranked(map(names.entity, _ends(probes))),
    )


def _hops(probe: Probe, names: Names) -> list[Term]:
    """The relations along a probe's chain, each by id and label as far as they are known."""
    ids = [triple.relation for triple in probe.triples]
    depth = max(len(ids), len(probe.relations))
    labels = [*probe.relations, *[None] * (depth - len(probe.relations))]
    return [names.relation(*one) for one in zip([*ids, *[None] * (depth - len(ids))], labels, strict=True)]


def _pairs(chains: Iterable[Sequence[Term]]) -> tuple[Pair, ...]:
    counts = Counter((first, second) for hops in chains for first, second in [*pairwise(hops)][:1])
    firsts: Counter[Term] = Counter()
    for (first, _), count in counts.items():
        firsts[first] += count
    order = [first for first, _ in firsts.most_common()]
    rows = sorted(counts.items(), key=lambda row: (order.index(row[0][0]), -row[1]))
    return tuple(Pair(*first, firsts[first], *second, count) for (first, second), count in rows)
