"""Counting for a data set's statistics: frequencies with ranks, distributions, lengths, names of ids."""

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from mlake.languages import language
from mlake.records import Fact, Probe

__all__ = ["Distribution", "Frequency", "Names", "Term", "distribution", "question_length", "ranked"]

Term = tuple[str | None, str | None]
"""What is counted: its Wikidata id and its label, as far as they are known; never neither."""


@dataclass(frozen=True, slots=True)
class Frequency:
    """How often something occurs.

    Attributes:
        rank: 1 for the most frequent; what is equally frequent shares a rank.
        id: Wikidata id, if known.
        label: Label, if known.
        count: Number of occurrences.
        share: ``count`` as a fraction of all occurrences.
    """

    rank: int
    id: str | None
    label: str | None
    count: int
    share: float


@dataclass(frozen=True, slots=True)
class Distribution:
    """Whole numbers, summed up.

    Attributes:
        n: Number of observations, at least 1.
        mean: Their mean.
        low: The lowest.
        q1: First quartile, interpolated linearly like the other two.
        median: Second quartile.
        q3: Third quartile.
        high: The highest.
        histogram: Value and number of observations, in order; values without any are left out.
    """

    n: int
    mean: float
    low: int
    q1: float
    median: float
    q3: float
    high: int
    histogram: tuple[tuple[int, int], ...]

    def share(self, low: int, high: int) -> float:
        """Fraction of the observations from ``low`` to ``high``, both included."""
        return sum(count for value, count in self.histogram if low <= value <= high) / self.n


def distribution(values: Sequence[int]) -> Distribution:
    """Sums up whole numbers, of which there must be one at least."""
    q1, median, q3 = map(float, np.quantile(values, (0.25, 0.5, 0.75)))
    histogram = tuple(sorted(Counter(values).items()))
    mean = sum(values) / len(values)
    return Distribution(len(values), mean, min(values), q1, median, q3, max(values), histogram)


def ranked(terms: Iterable[Term]) -> tuple[Frequency, ...]:
    """Frequencies, the highest first; what is equally frequent in order of first appearance."""
    counts = Counter(terms)
    total, found = counts.total(), list[Frequency]()
    for place, ((id_, label), count) in enumerate(counts.most_common(), 1):
        rank = found[-1].rank if found and found[-1].count == count else place
        found.append(Frequency(rank, id_, label, count, count / total))
    return tuple(found)


def question_length(text: str, lang: str) -> int:
    """Words of a question; characters where the language puts no space between words.

    A word is what stands between spaces and holds a letter or digit, so that a mark set off by a space, as in
    French, is none. Characters are counted in composed form, punctuation included, without white space and
    invisible ones.
    """
    if language(lang).spaced:
        return sum(any(map(str.isalnum, word)) for word in text.split())
    composed = unicodedata.normalize("NFC", text)
    return sum(unicodedata.category(char)[0] not in "CZ" for char in composed)


class Names:
    """What ids are called in one language, as far as facts and chains tell."""

    def __init__(self, lang: str, facts: Iterable[Fact], probes: Sequence[Probe]) -> None:
        """Learns names.

        Args:
            lang: The language.
            facts: All facts.
            probes: Questions in the language.
        """
        self._relations: dict[str, str] = {}
        self._entities: dict[str, str] = {}
        self._ids: defaultdict[str, set[str]] = defaultdict(set)
        new = {}
        for fact in facts:
            if fact.relation_id and lang in fact.relations:
                self._learn(fact.relation_id, fact.relations[lang])
            if lang in fact.statements:
                new[fact.id] = fact.statements[lang].new
        for probe in probes:
            for triple, label in zip(probe.triples, probe.relations, strict=False):
                self._learn(triple.relation, label)
            if probe.kind.startswith("multihop") and len(probe.triples) > 1:
                self._entities.setdefault(probe.triples[-1].object, probe.accept[0])
        # Only a chain after the edit surely passes through the fact's answer: a fact may have had several.
        for probe in probes:
            if probe.kind == "multihop" and probe.triples and probe.fact in new:
                self._entities.setdefault(probe.triples[0].object, new[probe.fact])

    def _learn(self, relation: str, label: str) -> None:
        self._relations.setdefault(relation, label)
        self._ids[label].add(relation)

    def relation(self, relation: str | None, label: str | None = None) -> Term:
        """A relation by its id, by its label, or by both; a label alone gets its id if it names one only."""
        if relation is None and label is not None and len(self._ids.get(label, ())) == 1:
            (relation,) = self._ids[label]
        return (relation, label) if relation is None else (relation, self._relations.get(relation, label))

    def entity(self, entity: str) -> Term:
        """An entity by its id."""
        return entity, self._entities.get(entity)
