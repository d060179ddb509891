"""The facts that are timed: packaged ones, so that anyone can run the benchmarks."""

from itertools import islice

from mlake.data import load
from mlake.records import Statement


def statements(count: int) -> list[Statement]:
    """English, then German, then French … statements of the packaged facts."""
    mini = load("mini")
    every = (fact.stated(lang) for lang in mini.langs for fact in mini.facts)
    found = list(islice(every, count))
    if len(found) < count:
        raise SystemExit(f"only {len(found)} packaged statements; ask for fewer facts")
    return found


def questions(count: int) -> list[str]:
    """Direct questions in all languages, then two-hop ones, each once."""
    mini = load("mini")
    probes = [probe for fact in mini.facts for probe in fact.probes]
    kinds = ("direct", "multihop", "paraphrase")
    return list(dict.fromkeys(one.text for kind in kinds for one in probes if one.kind == kind))[:count]
