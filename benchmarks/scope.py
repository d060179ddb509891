"""How near a question must be to a fact of a memory, calibrated on facts that no report uses, as TOML.

``python -m benchmarks.scope`` keeps every other fact of a data set in a memory and asks for those facts in
all languages, in their own and in other words, and for the facts left out, which share their relations. It
takes the scope at which the share of questions about the memory that are shown their own fact and the share
of the others that are shown none are largest together, the middle one of several.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import torch

import mlake
from mlake.editing.edits.memory import MemoryEdit
from mlake.editing.retrieval.table import RETRIEVERS
from mlake.records import Fact, Probe

_KINDS = ("direct", "paraphrase")
_STEPS = torch.linspace(0, 2, 401)
_FIRST = "en"


def _probes(facts: Sequence[Fact]) -> Iterator[Probe]:
    return (probe for fact in facts for probe in fact.probes if probe.kind in _KINDS)


def _likeness(lm: Any, memory: MemoryEdit, facts: Sequence[Fact]) -> tuple[list[float], list[bool]]:
    """Of each question the likeness of what is nearest, and whether that is the question's own fact."""
    found = [(probe.fact, memory.found(lm, probe.text)) for probe in _probes(facts)]
    return [one.likeness for _, one in found], [one.entry.fact == fact for fact, one in found]


def _best(lm: Any, memory: Any, known: Sequence[Fact], other: Sequence[Fact]) -> Any:
    """The best scope, the shares kept and refused at it, and the share whose nearest fact is their own."""
    likeness, right = _likeness(lm, memory, known)
    near, far = torch.tensor(likeness)[:, None], torch.tensor(_likeness(lm, memory, other)[0])[:, None]
    own = torch.tensor(right)
    kept = ((near >= _STEPS) & own[:, None]).double().mean(dim=0)
    refused = (far < _STEPS).double().mean(dim=0)
    best = torch.where(kept + refused == (kept + refused).max())[0]
    at = int(best[len(best) // 2])
    return float(_STEPS[at]), float(kept[at]), float(refused[at]), float(own.double().mean())


def main() -> None:
    """Print a table for each retriever."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default="wikidata-5:tuning")
    parser.add_argument("--model", default="demo", help="Model of hidden.")
    parser.add_argument("--retrievers", nargs="*", default=[*RETRIEVERS])
    parser.add_argument("--facts", type=int, help="Only so many facts.")
    flags = parser.parse_args()
    lm, benchmark = mlake.load_model(flags.model), mlake.load(flags.data)
    facts = benchmark.facts[: flags.facts]
    known = facts[::2]
    subjects = {fact.subject_id for fact in known}
    other = [fact for fact in facts[1::2] if fact.subject_id not in subjects]
    for name in flags.retrievers:
        method = mlake.editor("remake", lm, retriever=name, scope="always")
        print(f"[{name}]")
        stated = {
            "one": [replace(fact.stated(_FIRST), names=()) for fact in known],
            "named": [fact.stated(_FIRST) for fact in known],
            "several": [fact.stated(lang) for fact in known for lang in benchmark.langs],
        }
        for key, statements in stated.items():
            scope, *shares = _best(lm, method.edit(lm, statements), known, other)
            kept, refused, right = (f"{100 * one:.1f}" for one in shares)
            print(f"# nearest is the question's own {right} %, kept {kept} %, refused {refused} %")
            print(f"{key} = {scope:.3f}")
        print(f'version = "{RETRIEVERS[name].version()}"')
        if name == "hidden":
            print(f'revision = "{lm.revision}"')
        print(f'source = "{len(known)} facts of {flags.data} beside {len(other)} others"\n', flush=True)


if __name__ == "__main__":
    main()
