"""The packaged snapshot, built as anyone builds it."""

from collections import Counter
from pathlib import Path

import pytest
from tests.construct.toys import contents

from mlake.construct.build import build
from mlake.construct.context import LANGS
from mlake.construct.open import open_context
from mlake.construct.pipeline import STAGES
from mlake.data import load
from mlake.data.check import RULES, check
from mlake.records import Benchmark

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole") / "out"
    build(folder, open_context(), STAGES)
    return folder


@pytest.fixture(scope="module")
def benchmark(out: Path) -> Benchmark:
    return load(str(out / "stages" / "texts.jsonl"))


def test_it_is_large_enough_in_every_language(benchmark: Benchmark) -> None:
    assert len(benchmark.facts) >= 700
    assert all(tuple(fact.statements) == LANGS for fact in benchmark.facts)
    assert len({fact.relation_id for fact in benchmark.facts}) >= 30
    counts = Counter((probe.kind, probe.lang) for fact in benchmark.facts for probe in fact.probes)
    for lang in LANGS:
        assert counts["multihop", lang] >= 1000 and counts["multihop_before", lang] >= 600
        assert counts["choice", lang] == len(benchmark.facts)
        assert {"paraphrase", "locality", "bridge", "direct"} <= {kind for kind, of in counts if of == lang}
    for kind in {kind for kind, _ in counts}:
        assert len({counts[kind, lang] for lang in LANGS}) == 1, kind


def test_no_question_is_about_a_fact_that_is_edited(benchmark: Benchmark) -> None:
    edited = {(fact.subject_id, fact.relation_id) for fact in benchmark.facts}
    assert len(edited) == len(benchmark.facts)
    for fact in benchmark.facts:
        for probe in fact.probes:
            for triple in probe.triples:
                own = triple[:2] == (fact.subject_id, fact.relation_id)
                assert own or triple[:2] not in edited, probe.id


def test_no_check_finds_an_error(benchmark: Benchmark) -> None:
    report = check(benchmark)
    found = {rule: places for rule, places in report.findings.items() if RULES[rule].severity == "error"}
    assert {rule: len(places) for rule, places in found.items() if places} == {}


def test_built_again_it_is_the_same_bytes(out: Path, tmp_path: Path) -> None:
    build(tmp_path / "again", open_context(), STAGES)
    assert contents(tmp_path / "again") == contents(out)
