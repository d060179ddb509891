import json
from collections import Counter
from pathlib import Path

import pytest

from mlake.data import DATASETS, load
from mlake.data.release.hashes import CURRENT, OLDER
from mlake.data.release.rows import parse
from mlake.errors import DataError, MlakeError
from mlake.records import Benchmark, Triple


@pytest.fixture
def tiny_benchmark(tiny: Path) -> Benchmark:
    return load("tiny", mirror=tiny)


def test_a_row_becomes_a_statement_in_every_language(tiny_benchmark):
    fact = tiny_benchmark.facts[1]
    assert (fact.id, fact.row) == ("mlake-0001", 1)
    assert list(fact.statements) == ["en", "de", "fr", "ja", "zh"]
    said = fact.stated("ja")
    assert said.question == "ボー・リンドはどこで働きましたか？"
    assert (said.old, said.new) == ("Oldco", "Newco")
    assert said.old_sentence == "ボー・リンドはOldcoで働きました。"


def test_aliases_are_unique_and_in_order(tiny_benchmark):
    said = tiny_benchmark.facts[0].stated("en")
    assert said.old_aliases == ("Old", "OC")
    assert said.new_aliases == ("NC",)


def test_direct_and_choice_probes(tiny_benchmark):
    probes = {probe.id: probe for probe in tiny_benchmark.facts[0].probes}
    direct = probes["mlake-0000/zh/direct"]
    assert direct.text == "艾达·奎尔在哪里工作？"
    assert (direct.accept, direct.reject) == (("Newco", "NC"), ("Oldco", "Old", "OC"))
    choice = probes["mlake-0000/zh/choice"]
    assert (choice.accept, choice.reject, choice.options) == (("B",), ("D",), ("a", "b", "c", "d"))


def test_question_after_the_edit_is_linked_through_the_english_sentence(tiny_benchmark):
    fact = tiny_benchmark.facts[0]
    after = {probe.lang: probe for probe in fact.probes if probe.kind == "multihop"}
    assert set(after) == {"en", "de", "fr", "ja", "zh"}
    assert after["de"].accept == ("Rome", "Roma")
    assert after["en"].reject == ("Paris",)
    assert after["de"].reject == ()
    assert after["fr"].relations == ("employer-fr", "seat")
    assert after["fr"].triples[0] == Triple("Q1", "P108", "Q2")
    assert (fact.subject_id, fact.relation_id, fact.relations["ja"]) == ("Q1", "P108", "employer-ja")
    assert tiny_benchmark.facts[1].subject_id is None


def test_question_before_the_edit_is_linked_through_its_triple_or_kept_apart(tiny_benchmark):
    before = [probe for probe in tiny_benchmark.facts[0].probes if probe.kind == "multihop_before"]
    assert [probe.lang for probe in before] == ["en", "de", "fr", "ja", "zh"]
    assert before[0].accept == ("Paris",)
    lost = Counter(probe.kind for probe in tiny_benchmark.unlinked)
    assert lost == {"multihop_before": 5, "choice": 5}
    assert all(probe.fact is None for probe in tiny_benchmark.unlinked)
    assert "de: 1 of 2 multi-hop questions before the edit unlinked" in tiny_benchmark.notes


def test_probe_ids_are_unique(tiny_benchmark):
    probes = [probe for fact in tiny_benchmark.facts for probe in fact.probes] + list(tiny_benchmark.unlinked)
    assert len({probe.id for probe in probes}) == len(probes)


def test_subjects_stand_in_the_question(tiny_benchmark):
    for fact in tiny_benchmark.facts:
        for said in fact.statements.values():
            assert said.subject is None or said.subject in said.question


def test_choice_question_about_another_fact_is_not_linked(rows):
    rows[f"{OLDER}/dataset/single_hop/mcqa/ja_mcqa.json"][1]["question"] = "別の質問ですか？"
    released = parse({path: json.dumps(data).encode() for path, data in rows.items()})
    assert [probe.id for probe in released.unlinked if probe.reject] == ["mlake-0001/ja/choice"]
    assert "ja: 1 of 2 choice questions ask another fact: unlinked" in released.notes


def test_edited_sentence_that_no_row_has_is_kept_apart(rows):
    rows[f"{CURRENT}/dataset/multi_hop/new_fr_qa.json"][0]["e_prompt"] = "Nobody worked anywhere."
    released = parse({path: json.dumps(data).encode() for path, data in rows.items()})
    assert "fr: 1 of 1 multi-hop questions after the edit unlinked" in released.notes


@pytest.mark.parametrize(
    ("name", "at", "message"),
    [
        (
            f"{OLDER}/dataset/multi_hop/qa/new_de_qa.json",
            0,
            "does not match new_de_qa.json: another question in row 0",
        ),
        (f"{OLDER}/dataset/multi_hop/mcqa/old_zh_mcqa.json", 1, "another question in row 1"),
    ],
)
def test_joined_files_must_ask_the_same(rows, name, at, message):
    rows[name][at]["question"] = "?"
    with pytest.raises(DataError, match=message):
        parse({path: json.dumps(data).encode() for path, data in rows.items()})


def _spoiled(rows, name, **fields):
    rows[name][0].update(fields)
    return {path: json.dumps(data).encode() for path, data in rows.items()}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"question": 3}, "row 0 field 'question': must be a string, got a whole number; fetch it again"),
        ({"o_answer_aliases": [None]}, r"field 'o_answer_aliases\[0\]': must be a string, got null"),
        ({"e_answer_aliases": "x"}, "must be a list, got a string"),
    ],
)
def test_wrong_types_are_named(rows, fields, message):
    with pytest.raises(DataError, match=message):
        parse(_spoiled(rows, f"{CURRENT}/dataset/single_hop/en_qa.json", **fields))


@pytest.mark.parametrize("triples", [[], [["Q1", "P1"]], [[1, 2, 3]], ["Q1"]])
def test_wrong_triples_are_named(rows, triples):
    with pytest.raises(DataError, match=r"row 0 field 'triples(\[0\])*(\[1\])?': (must be|is empty)"):
        parse(_spoiled(rows, f"{OLDER}/dataset/multi_hop/qa/old_en_qa.json", triples=triples))


def test_files_of_unequal_length_are_refused(rows):
    rows[f"{CURRENT}/dataset/single_hop/fr_qa.json"].pop()
    with pytest.raises(DataError, match="equally many rows, got en 2, de 2, fr 1"):
        parse({path: json.dumps(data).encode() for path, data in rows.items()})


def test_truncated_files_never_raise_anything_but_our_errors(content):
    for path in (
        f"{CURRENT}/dataset/single_hop/ja_qa.json",
        f"{OLDER}/dataset/multi_hop/qa/new_zh_qa.json",
        f"{OLDER}/dataset/multi_hop/mcqa/old_de_mcqa.json",
    ):
        whole = content[path]
        for cut in range(0, len(whole), 7):
            with pytest.raises(MlakeError):
                parse({**content, path: whole[:cut]})


@pytest.mark.parametrize("data", [b"{}", b"null", b"[1]", b"[[]]", b"\xff", b"[" * 100_000, b"[{}]"])
def test_other_content_is_refused(content, data):
    with pytest.raises(DataError):
        parse({**content, f"{CURRENT}/dataset/single_hop/en_qa.json": data})


@pytest.fixture(scope="module")
def benchmark(mirror, tmp_path_factory):
    cache = tmp_path_factory.mktemp("cache")
    first = load("mlake", mirror=mirror, cache=cache)
    assert load("mlake", mirror=mirror, cache=cache) == first
    return first


@pytest.mark.released
class TestReleased:
    def test_counts(self, benchmark):
        kinds = Counter((p.kind, p.lang) for fact in benchmark.facts for p in fact.probes)
        assert len(benchmark.facts) == 1072
        assert [kinds["multihop", code] for code in benchmark.langs] == [1024, 731, 701, 909, 789]
        assert [kinds["multihop_before", code] for code in benchmark.langs] == [916, 765, 782, 849, 760]
        assert [(probe.kind, probe.lang) for probe in benchmark.unlinked] == [("choice", "ja")]

    def test_aligned_chains(self, mirror):
        aligned = load("mlake-aligned", mirror=mirror)
        assert len(aligned.facts) == DATASETS["mlake-aligned"].facts
        for kind, count in (("multihop", 347), ("multihop_before", 454)):
            chains = {
                code: sorted(
                    p.triples for f in aligned.facts for p in f.probes if (p.kind, p.lang) == (kind, code)
                )
                for code in aligned.langs
            }
            assert len(chains["en"]) == count
            assert all(listed == chains["en"] for listed in chains.values())

    def test_every_language_has_every_fact_and_a_direct_probe(self, benchmark):
        assert benchmark.langs == ("en", "de", "fr", "ja", "zh")
        for fact in benchmark.facts:
            assert len(fact.statements) == 5
            assert sum(probe.kind == "direct" for probe in fact.probes) == 5

    def test_known_ids(self, benchmark):
        assert sum(fact.subject_id is not None for fact in benchmark.facts) == 852
        assert all(fact.relation_id and len(fact.relations) == 5 for fact in benchmark.facts)
        first = benchmark.facts[0]
        assert (first.subject_id, first.relation_id) == ("Q410", "P108")
        assert (first.relations["en"], first.relations["de"]) == ("employer", "Arbeitgeber")
        for fact in benchmark.facts:
            for probe in fact.probes:
                if probe.kind.startswith("multihop"):
                    assert probe.triples[0][:2] == (fact.subject_id, fact.relation_id)

    def test_subjects(self, benchmark):
        for code in benchmark.langs:
            statements = [fact.stated(code) for fact in benchmark.facts]
            found = [said for said in statements if said.subject is not None]
            assert len(found) >= 1061
            assert all(said.subject in said.question for said in found)
            assert sum(said.subject_sure for said in statements) >= 1000

    def test_round_trip(self, benchmark, tmp_path):
        from mlake.data import read_jsonl, write_jsonl

        write_jsonl(benchmark, tmp_path / "mlake.jsonl")
        again = read_jsonl(tmp_path / "mlake.jsonl")
        assert again.facts == benchmark.facts
        assert again.unlinked == benchmark.unlinked
