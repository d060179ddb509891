"""The packaged build: what it holds, and that it is what a build gives today."""

import lzma
from collections import Counter
from pathlib import Path

import pytest
from benchmarks.wikidata import PLACE, packed

import mlake
from mlake.construct.build import build
from mlake.construct.open import open_context
from mlake.construct.pipeline import STAGES
from mlake.data import DATASETS
from mlake.data.check import check, rules
from mlake.data.check.findings import Report
from mlake.records import Benchmark, Probe

ROOT = Path(__file__).parents[2]
LANGS = ("en", "de", "fr", "ja", "zh")


@pytest.fixture(scope="module")
def built() -> Benchmark:
    return mlake.load("wikidata-5")


def asked(built: Benchmark, kind: str, lang: str) -> list[Probe]:
    return [
        probe for fact in built.facts for probe in fact.probes if (probe.kind, probe.lang) == (kind, lang)
    ]


def test_every_fact_is_stated_and_asked_about_in_five_languages(built: Benchmark) -> None:
    assert len(built.facts) >= 700 and len({fact.relation_id for fact in built.facts}) >= 30
    assert all(tuple(fact.statements) == LANGS and fact.subject_id for fact in built.facts)
    kinds = {"direct": 1, "paraphrase": 1, "choice": 1, "locality": 1}
    for fact in built.facts:
        counts = {lang: Counter(probe.kind for probe in fact.probes if probe.lang == lang) for lang in LANGS}
        assert len(set(map(str, map(sorted, (one.items() for one in counts.values()))))) == 1
        assert all(counts["en"][kind] >= least for kind, least in kinds.items())


@pytest.mark.parametrize("lang", LANGS)
def test_two_hops_are_asked_before_and_after_in_each_language(built: Benchmark, lang: str) -> None:
    assert len(asked(built, "multihop", lang)) >= 1000
    assert len(asked(built, "multihop_before", lang)) >= 600


def test_no_question_hangs_on_what_another_fact_edits(built: Benchmark) -> None:
    edited = {(fact.subject_id, fact.relation_id): fact.id for fact in built.facts}
    assert len(edited) == len(built.facts)
    for fact in built.facts:
        for probe in fact.probes:
            own = probe.kind in ("multihop", "multihop_before")
            hops = probe.triples[1:] if own else probe.triples
            assert not any(hop[:2] in edited for hop in hops), probe.id
            assert not own or probe.triples[0][:2] == (fact.subject_id, fact.relation_id)


def test_options_are_four_sentences_that_differ_and_letters_are_spread(built: Benchmark) -> None:
    for lang in LANGS:
        choices = asked(built, "choice", lang)
        assert all(len(set(probe.options)) == 4 for probe in choices)
        letters = Counter(letter for probe in choices for letter in probe.accept)
        assert set(letters) == set("ABCD") and max(letters.values()) < len(choices) / 3


def test_nothing_is_wrong_with_it(built: Benchmark) -> None:
    report: Report = check(built, [rule for rule in rules() if rule.severity != "info"])
    assert {rule: found for rule, found in report.findings.items() if found} == {}


def test_splits_share_no_fact_and_settings_are_chosen_on_facts_that_no_report_uses(built: Benchmark) -> None:
    tuning, test = (mlake.load(f"wikidata-5:{split}") for split in ("tuning", "test"))
    ids = [{fact.id for fact in one.facts} for one in (tuning, test)]
    assert ids[0] | ids[1] == {fact.id for fact in built.facts} and not ids[0] & ids[1]
    assert len(tuning.facts) >= 150
    assert len({tuning.sha256, test.sha256, built.sha256}) == 3
    mini = {(fact.subject_id, fact.relation_id) for fact in mlake.load("mini").facts}
    assert not {(fact.subject_id, fact.relation_id) for fact in tuning.facts} & mini


def test_the_table_of_data_sets_knows_how_many_facts_there_are() -> None:
    for name in ("wikidata-5", "wikidata-5:test", "wikidata-5:tuning"):
        assert DATASETS[name].facts == len(mlake.load(name).facts)


def test_the_documentation_counts_what_is_there(built: Benchmark) -> None:
    page = " ".join((ROOT / "docs" / "data.md").read_text(encoding="utf-8").split())
    relations = len({fact.relation_id for fact in built.facts})
    assert f"{len(built.facts)} facts over {relations} relations" in page
    before, after = (len(asked(built, kind, "en")) for kind in ("multihop_before", "multihop"))
    assert f"two-hop questions ({before:,} before, {after:,} after the edit)" in page
    size = sum(path.stat().st_size for path in PLACE.iterdir() if path.suffix == ".xz")
    assert f"{size / 1e6:.1f} MB compressed" in page


@pytest.mark.slow
def test_a_build_of_today_is_the_packaged_one(tmp_path: Path) -> None:
    build(tmp_path, open_context(), STAGES, until="splits")
    made = packed(tmp_path)
    assert made["splits.json"] == (PLACE / "splits.json").read_bytes()
    shipped = (PLACE / "facts.jsonl.xz").read_bytes()
    assert lzma.decompress(made["facts.jsonl.xz"]) == lzma.decompress(shipped)
