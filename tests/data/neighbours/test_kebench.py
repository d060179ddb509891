import os
from collections import Counter
from pathlib import Path

import pytest
from tests.data.neighbours.conftest import Read, asked, kinds

from mlake.data import DATASETS, load
from mlake.errors import DataError
from mlake.records import Benchmark

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session")
def kebench(tmp_path_factory: pytest.TempPathFactory) -> Benchmark:
    """KEBench from a copy of its folder ``dataset``."""
    folder = Path(os.environ.get("MLAKE_TEST_KEBENCH", ROOT.parent / "shared" / "kebench"))
    if not folder.is_dir():
        pytest.skip(f"KEBench is not at {folder}; set MLAKE_TEST_KEBENCH")
    mirror = tmp_path_factory.mktemp("kebench")
    (mirror / DATASETS["kebench"].revisions[0]).symlink_to(folder)
    return load("kebench", mirror=mirror)


@pytest.mark.released
def test_kebench_is_linked_by_content(kebench: Benchmark) -> None:
    assert len(kebench.facts) == DATASETS["kebench"].facts
    counts = sum((kinds(fact) for fact in kebench.facts), Counter[str]())
    chains = dict.fromkeys(("multihop", "multihop_before", "bridge", "locality"), 2783)
    assert counts == {"direct": 1000, "paraphrase": 1000, **chains}
    assert kebench.notes == ("60 of 11192 questions of two-hop chains unlinked",)
    assert Counter(probe.kind for probe in kebench.unlinked) == dict.fromkeys(chains, 15)
    assert all(probe.fact is None for probe in kebench.unlinked)
    said = [fact.stated("en") for fact in kebench.facts]
    assert all(one.subject and one.subject in one.question for one in said)
    assert sum(not one.subject_sure for one in said) == 22


@pytest.mark.released
def test_kebench_links_agree_with_the_order_of_its_rows(kebench: Benchmark) -> None:
    """The files stand in the order of the facts, which the link does not use."""
    rows = sorted((p.id, fact.row) for fact in kebench.facts for p in asked(fact, "multihop"))
    assert [row for _, row in rows] == sorted(row for _, row in rows)
    engine = next(fact for fact in kebench.facts if fact.stated("en").subject == "Unreal Engine")
    shorter = next(fact for fact in kebench.facts if fact.stated("en").subject == "Unreal")
    assert all("Unreal Engine" in probe.text for probe in asked(engine, "multihop"))
    assert not any("Unreal Engine" in probe.text for probe in asked(shorter, "multihop"))


@pytest.mark.released
def test_kebench_questions_of_one_chain(kebench: Benchmark) -> None:
    fact = kebench.facts[0]
    said = fact.stated("en")
    after, before = asked(fact, "multihop")[0], asked(fact, "multihop_before")[0]
    bridge, locality = asked(fact, "bridge")[0], asked(fact, "locality")[0]
    assert after.id == "kebench-multihop/0000" and said.fact == "kebench-0000"
    assert after.text == before.text and after.reject == before.accept
    assert said.new in bridge.text and bridge.accept == after.accept
    assert said.old in locality.text and locality.accept == before.accept


EDITED = {
    "first_question": "Who wrote The Blue Lamp?",
    "paraphrased_question": "By whom is The Blue Lamp?",
    "old_prompt": "The Blue Lamp was written by Ada Quill.",
    "old_first_answer": "Ada Quill",
    "old_first_answer_aliases": ["Quill", " "],
    "new_prompt": "The Blue Lamp was written by Émile Zorn.",
    "new_first_answer": "Émile Zorn",
    "new_first_answer_aliases": [],
}
CHAIN = {
    "two_hop_question": "Where was the author of The Blue Lamp born?",
    "old_two_hop_answer": "Oslo",
    "old_two_hop_answer_aliases": [],
    "new_two_hop_answer": "Köln",
    "new_two_hop_answer_aliases": ["Cologne"],
}
HOPS = {
    "old_second_question": "Where was Ada Quill born?",
    "old_second_answer": "Oslo",
    "old_second_answer_aliases": [],
    "new_second_question": "Where was Émile Zorn born?",
    "new_second_answer": "Köln",
    "new_second_answer_aliases": ["Cologne"],
}


def test_kebench_row_of_no_fact_is_unlinked(read: Read) -> None:
    stray = {"two_hop_question": "Where was the author of x1 born?"}
    benchmark = read("kebench", [EDITED], [CHAIN, CHAIN | stray], [HOPS, HOPS])
    assert kinds(benchmark.facts[0])["multihop"] == 1
    assert benchmark.facts[0].stated("en").old_aliases == ("Quill",)
    assert benchmark.notes == (
        "1 blank names of answers left out",
        "4 of 8 questions of two-hop chains unlinked",
    )


def test_kebench_row_that_fits_two_facts_is_unlinked(read: Read) -> None:
    benchmark = read("kebench", [EDITED, EDITED], [CHAIN], [HOPS])
    assert [kinds(fact)["bridge"] for fact in benchmark.facts] == [0, 0]
    assert len(benchmark.unlinked) == 4


def test_kebench_files_that_do_not_match(read: Read) -> None:
    with pytest.raises(DataError, match=r"2 two-hop questions for 1 second hops.*fetch both files again"):
        read("kebench", [EDITED], [CHAIN, CHAIN], [HOPS])
    other = HOPS | {"new_second_answer": "Bonn"}
    with pytest.raises(
        DataError, match=r"unrelated_knowledge.json: row 0 field 'new_second_answer': is not the answer"
    ):
        read("kebench", [EDITED], [CHAIN], [other])
