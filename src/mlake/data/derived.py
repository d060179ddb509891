"""Questions that are made from those of a data set, for the kinds that ask for them."""

from collections.abc import Collection, Iterator
from dataclasses import replace

from mlake.data.negation import negated
from mlake.records import Benchmark, Fact, Kind, Probe

__all__ = ["derived"]


def derived(benchmark: Benchmark, kinds: Collection[Kind]) -> Benchmark:
    """The data set with the negated questions and those for long answers that a run of these kinds asks.

    Args:
        benchmark: Any data set.
        kinds: Kinds of questions.
    """
    if "negation" in kinds:
        benchmark = negated(benchmark)
    if "writing" in kinds:
        benchmark = replace(benchmark, facts=tuple(map(_written, benchmark.facts)))
    return benchmark


def _written(fact: Fact) -> Fact:
    return replace(fact, probes=(*fact.probes, *_long(fact)))


def _long(fact: Fact) -> Iterator[Probe]:
    """The direct questions again, in languages that have none for long answers."""
    have = {probe.lang for probe in fact.probes if probe.kind == "writing"}
    for probe in fact.probes:
        if probe.kind == "direct" and probe.lang not in have:
            yield replace(probe, id=f"{probe.id}/writing", kind="writing")
