"""A benchmark in the file format of the paper's data, which ``mlake.load`` reads as a folder."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from mlake.records import Benchmark, Fact, Kind, Probe

__all__ = ["paper_files"]


def paper_files(benchmark: Benchmark) -> Iterator[tuple[str, bytes]]:
    """The files of a benchmark whose facts are stated in all of its languages, path and content.

    Row ``i`` of every ``single_hop`` file is the same fact. A two-hop question names its fact by the sentence
    in the first language, as the authors' files do in English.
    """
    for lang in benchmark.langs:
        facts = benchmark.facts
        yield _file(f"single_hop/{lang}_qa.json", (_single(fact, lang) for fact in facts))
        yield _file(f"single_hop/{lang}_mcqa.json", _asked(benchmark, "choice", lang))
        yield _file(f"multi_hop/new_{lang}_qa.json", _asked(benchmark, "multihop", lang))
        yield _file(f"multi_hop/old_{lang}_qa.json", _asked(benchmark, "multihop_before", lang))


def _file(path: str, rows: Iterable[dict[str, Any]]) -> tuple[str, bytes]:
    return path, (json.dumps(list(rows), ensure_ascii=False, indent=1) + "\n").encode()


def _single(fact: Fact, lang: str) -> dict[str, Any]:
    stated = fact.stated(lang)
    return {
        "question": stated.question,
        "subject": stated.subject,
        "o_prompt": stated.old_sentence,
        "o_answer": stated.old,
        "o_answer_aliases": list(stated.old_aliases),
        "e_prompt": stated.new_sentence,
        "e_answer": stated.new,
        "e_answer_aliases": list(stated.new_aliases),
    }


def _asked(benchmark: Benchmark, kind: Kind, lang: str) -> Iterator[dict[str, Any]]:
    """The rows of all questions of a kind."""
    first = benchmark.langs[0]
    for fact in benchmark.facts:
        for probe in fact.probes:
            if (probe.kind, probe.lang) == (kind, lang):
                yield {"question": probe.text, **_ROWS[kind](fact, first, probe)}


def _after(fact: Fact, first: str, probe: Probe) -> dict[str, Any]:
    return {"e_prompt": fact.stated(first).new_sentence, **_answers("e", probe)}


def _before(fact: Fact, first: str, probe: Probe) -> dict[str, Any]:
    return {"o_prompt": fact.stated(first).old_sentence, **_answers("o", probe)}


def _choice(fact: Fact, first: str, probe: Probe) -> dict[str, Any]:
    stated = fact.stated(probe.lang)
    return {
        "options": list(probe.options),
        "o_prompt": stated.old_sentence,
        "o_answer": probe.reject[0] if probe.reject else "",
        "e_prompt": stated.new_sentence,
        "e_answer": probe.accept[0],
    }


def _answers(when: str, probe: Probe) -> dict[str, Any]:
    name, *aliases = probe.accept
    return {f"{when}_answer": name, f"{when}_answer_aliases": aliases}


_ROWS = {"multihop": _after, "multihop_before": _before, "choice": _choice}
