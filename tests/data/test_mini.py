"""The embedded benchmark: complete in every language, balanced, and its parts agree."""

from collections import Counter

import pytest

from mlake.data import load
from mlake.kinds import KINDS
from mlake.records import Benchmark

LANGS = ("en", "de", "fr", "ja", "zh")


@pytest.fixture(scope="module")
def mini() -> Benchmark:
    return load("mini")


def test_size_and_balance(mini: Benchmark) -> None:
    relations = Counter(fact.relation_id for fact in mini.facts)
    assert len(mini.facts) >= 60
    assert len(relations) >= 15
    assert max(relations.values()) <= 2 * min(relations.values())
    letters = Counter(probe.accept for fact in mini.facts for probe in fact.probes if probe.kind == "choice")
    assert max(letters.values()) - min(letters.values()) <= len(LANGS)


@pytest.mark.parametrize("code", LANGS)
def test_every_fact_is_complete(mini: Benchmark, code: str) -> None:
    for fact in mini.facts:
        said = fact.stated(code)
        assert said.subject and said.subject_sure
        assert said.old_aliases and said.new_aliases
        assert said.new in said.new_sentence and said.old in said.old_sentence
        assert code in fact.relations
        kinds = Counter(probe.kind for probe in fact.probes if probe.lang == code)
        assert kinds == {
            kind: 2 if kind == "bridge" else 1 for kind in KINDS if kind not in ("negation", "writing")
        }


def test_ids_are_known_and_chains_connect(mini: Benchmark) -> None:
    edited = {(fact.subject_id, fact.relation_id) for fact in mini.facts}
    assert len(edited) == len(mini.facts)
    for fact in mini.facts:
        chains = {probe.kind: probe.triples for probe in fact.probes if probe.kind.startswith("multihop")}
        bridges = {probe.triples[0] for probe in fact.probes if probe.kind == "bridge"}
        for first, second in chains.values():
            assert (first.subject, first.relation) == (fact.subject_id, fact.relation_id)
            assert first.object == second.subject
        assert bridges == {chain[1] for chain in chains.values()}
        assert chains["multihop"][0].object != chains["multihop_before"][0].object
        assert not edited & {(bridge.subject, bridge.relation) for bridge in bridges}


def test_choice_letters_point_at_the_answers(mini: Benchmark) -> None:
    for fact in mini.facts:
        for probe in fact.probes:
            if probe.kind == "choice":
                said = fact.stated(probe.lang)
                by_letter = dict(zip("ABCD", probe.options, strict=True))
                assert len(set(probe.options)) == 4
                assert by_letter[probe.accept[0]] == said.new
                assert by_letter[probe.reject[0]] == said.old


def test_one_name_one_id(mini: Benchmark) -> None:
    """The English name of an object has the same id wherever it stands, and the other way round."""
    names: dict[str, set[str]] = {}
    ids: dict[str, set[str]] = {}
    for fact in mini.facts:
        said = fact.stated("en")
        for probe in fact.probes:
            if probe.lang == "en" and probe.kind.startswith("multihop"):
                middle = said.new if probe.kind == "multihop" else said.old
                for name, triple in zip((middle, probe.accept[0]), probe.triples, strict=True):
                    names.setdefault(triple.object, set()).add(name)
                    ids.setdefault(name, set()).add(triple.object)
    assert not {key: value for key, value in names.items() if len(value) > 1}
    assert not {key: value for key, value in ids.items() if len(value) > 1}
