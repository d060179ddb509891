"""The facts that are timed: packaged ones, so that anyone can run the benchmarks."""

from functools import cache
from itertools import cycle, islice

from mlake.data import load
from mlake.languages import language
from mlake.models.lm import LM
from mlake.records import Benchmark, Statement


@cache
def packaged() -> Benchmark:
    """The packaged facts, read once."""
    return load("mini")


def statements(count: int) -> list[Statement]:
    """English, then German, then French … statements of the packaged facts, over again if need be."""
    mini = packaged()
    return list(islice(cycle(fact.stated(lang) for lang in mini.langs for fact in mini.facts), count))


def chains(count: int, length: int) -> list[list[Statement]]:
    """Chains of so many facts, one in each language, then others in each, over again if need be."""
    mini = packaged()
    facts = cycle(mini.facts)
    found: list[list[Statement]] = []
    while len(found) < count:
        chosen = list(islice(facts, length))
        found += [[fact.stated(lang) for fact in chosen] for lang in mini.langs]
    return found[:count]


def questions(count: int) -> list[str]:
    """Direct questions in all languages, then two-hop ones, each once."""
    mini = packaged()
    probes = [probe for fact in mini.facts for probe in fact.probes]
    kinds = ("direct", "multihop", "paraphrase")
    return list(dict.fromkeys(one.text for kind in kinds for one in probes if one.kind == kind))[:count]


def filler(lm: LM, tokens: int, start: int = 0) -> str:
    """English text of so many tokens: the context prefixes of the language table, over and over."""
    ids = lm.tokenizer("".join(language("en").contexts), add_special_tokens=False)["input_ids"]
    chosen = islice(cycle(ids), start, start + tokens)
    return str(lm.tokenizer.decode(list(chosen))).strip()


def twenty_contexts(lm: LM) -> tuple[str, ...]:
    """Context prefixes as many and as long as ROME's own: ten of five tokens, ten of ten.

    ROME samples them from the model. The language table has five; these are pieces of its English ones,
    put before facts in all languages.
    """
    found: dict[str, None] = {}
    for start in range(0, 300, 3):
        if len(found) < 20:
            found[filler(lm, 5 if len(found) % 2 else 10, start) + ". "] = None
    return tuple(found)
