"""The facts that are timed: packaged ones, so that anyone can run the benchmarks."""

from itertools import cycle, islice

from mlake.data import load
from mlake.records import Statement


def statements(count: int) -> list[Statement]:
    """English, then German, then French … statements of the packaged facts, over again if need be."""
    mini = load("mini")
    return list(islice(cycle(fact.stated(lang) for lang in mini.langs for fact in mini.facts), count))


def questions(count: int) -> list[str]:
    """Direct questions in all languages, then two-hop ones, each once."""
    mini = load("mini")
    probes = [probe for fact in mini.facts for probe in fact.probes]
    kinds = ("direct", "multihop", "paraphrase")
    return list(dict.fromkeys(one.text for kind in kinds for one in probes if one.kind == kind))[:count]
