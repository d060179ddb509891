"""What reviewers decide goes into the build: other words, what is left out, counts, and no names."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.construct.test_pipeline import FEW, rows
from tests.construct.toys import contents
from tests.review.toys import decided

from mlake.construct.build import Done, build
from mlake.construct.open import open_context
from mlake.construct.pipeline import STAGES, meanings
from mlake.construct.reviewed import NOTHING_READ, reviewed, reviewed_so_far
from mlake.errors import DataError
from mlake.review.decision import Decision
from mlake.review.store import REVIEW, Store

ANN, BOB = "Ann Onymous", "Bob the Reader"


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    folder = tmp_path_factory.mktemp("texts")
    (folder / "few.toml").write_text(FEW)
    build(
        folder / "out", open_context(langs=("en", "de"), relations=folder / "few.toml"), STAGES, until="texts"
    )
    return rows(folder / "out", "texts")[:12]


def of(lines: list[dict[str, Any]], fact: str) -> list[dict[str, Any]]:
    return [line for line in lines if line["fact"] == fact]


def dropped(made: Any) -> list[tuple[str, str]]:
    return [(drop.id, drop.rule) for drop in made.drops]


def test_without_decisions_texts_stay(texts: list[dict[str, Any]]) -> None:
    assert reviewed([], texts).rows == texts
    assert reviewed_so_far([], texts) is NOTHING_READ


def test_a_correction_takes_the_place_of_the_text(texts: list[dict[str, Any]]) -> None:
    first = texts[0]
    changed = {"question": first["question"].replace("?", ", please?")}
    made = reviewed([decided(first, ANN, "correct", changes=changed), decided(first, BOB)], texts)
    assert made.rows[0]["question"] == changed["question"] and not made.drops
    assert made.rows[1:] == texts[1:]


def test_what_anyone_rejects_is_left_out_in_every_language(texts: list[dict[str, Any]]) -> None:
    first = texts[0]
    made = reviewed([decided(first, ANN, "reject", reason="insults Chile"), decided(first, BOB)], texts)
    assert dropped(made) == [(first["fact"], "rejected")]
    assert made.drops[0].why == "en: sound: insults Chile"
    assert [line["fact"] for line in made.rows] == [line["fact"] for line in texts[2:]]
    assert [line["row"] for line in made.rows] == [at // 2 for at in range(10)]


def test_rejected_in_two_languages_it_counts_once(texts: list[dict[str, Any]]) -> None:
    made = reviewed([decided(line, ANN, "reject") for line in texts[:2]], texts)
    assert dropped(made) == [(texts[0]["fact"], "rejected")]
    assert made.drops[0].why == "en: sound: wrong; de: sound: wrong"


def test_different_words_of_two_reviewers_are_disputed(texts: list[dict[str, Any]]) -> None:
    first = texts[0]
    both = [
        decided(first, name, "correct", changes={"question": first["question"].replace("?", f", {name}?")})
        for name in (ANN, BOB)
    ]
    made = reviewed(both, texts)
    assert dropped(made) == [(first["fact"], "disputed")]
    assert not reviewed([both[0], Decision(**{**fields(both[0]), "reviewer": BOB})], texts).drops


def fields(one: Decision) -> dict[str, Any]:
    return {name: getattr(one, name) for name in Decision.__dataclass_fields__}


def test_a_question_left_out_in_one_language_is_in_all(texts: list[dict[str, Any]]) -> None:
    fact = texts[0]["fact"]
    name = next(probe["id"] for probe in texts[0]["probes"] if probe["kind"] == "locality").rpartition("/")[2]
    made = reviewed([decided(texts[1], ANN, "correct", changes={name: ""})], texts)
    assert dropped(made) == [(f"{fact}/{name}", "left-out")]
    for line in of(list(made.rows), fact):
        assert name not in {probe["id"].rpartition("/")[2] for probe in line["probes"]}


def test_a_correction_that_the_proof_finds_at_fault_costs_the_fact(texts: list[dict[str, Any]]) -> None:
    made = reviewed([decided(texts[0], ANN, "correct", changes={"new_sentence": "It is not."})], texts)
    assert dropped(made) == [(texts[0]["fact"], "damaged-subject")]
    assert texts[0]["fact"] not in {line["fact"] for line in made.rows}


def test_decisions_on_texts_that_changed_since_count_for_nothing(texts: list[dict[str, Any]]) -> None:
    old = decided({**texts[0], "question": "What was it before?"}, ANN, "reject")
    assert reviewed([old], texts).rows == texts
    assert reviewed_so_far([old], texts) is NOTHING_READ


def test_nothing_left(texts: list[dict[str, Any]]) -> None:
    with pytest.raises(DataError, match="reviewers left no fact; have one of them decide anew"):
        reviewed([decided(texts[0], ANN, "reject")], texts[:2])


def test_every_rule_has_a_meaning() -> None:
    assert {"rejected", "disputed", "left-out"} <= set(meanings())


def built(folder: Path) -> list[Done]:
    context = open_context(langs=("en", "de"), relations=folder / "few.toml", out=folder / "out")
    return build(folder / "out", context, STAGES)


def test_decisions_flow_into_the_release_and_names_do_not(tmp_path: Path) -> None:
    (tmp_path / "few.toml").write_text(FEW)
    built(tmp_path)
    before = contents(tmp_path / "out/release")
    assert "**No native speaker has reviewed it.**" in before["README.md"].decode()
    lines = rows(tmp_path / "out", "texts")
    mended = lines[0]["question"].replace("?", ", please?")
    with Store.open(tmp_path / "out" / REVIEW) as store:
        store.decide(decided(lines[0], ANN, "correct", changes={"question": mended}))
        store.decide(decided(lines[0], BOB))
        store.decide(decided(lines[3], BOB, "reject", broken=("decent",), reason="of a war"))
    states = {one.stage.name: one.state for one in built(tmp_path)}
    assert [name for name, state in states.items() if state == "made"] == ["reviewed", "release"]

    files = contents(tmp_path / "out/release")
    for name, content in {**files, **contents(tmp_path / "out/stages")}.items():
        assert ANN.encode() not in content and BOB.encode() not in content, name
    texts = files["mlake/test.jsonl"] + files.get("mlake/tuning.jsonl", b"")
    assert mended.encode() in texts and lines[3]["fact"].encode() not in texts
    page = files["README.md"].decode()
    assert "No native speaker" not in page and "Reviewers: 2, each of whom is a number" in page
    facts = len(lines) // 2
    assert f"| en | {facts} | 1 | 0 | 1 | 0 | 0 |" in page and f"| de | {facts} | 1 | 0 | 0 | 1 | 0 |" in page
    assert "| en | sound | 1 | 0.0% | 0.00 |" in page
    assert "| reviewed | rejected | no reviewer rejects the fact | 1 |" in page
    assert "expert-generated" in page
    provenance = [
        json.loads(line)
        for name in ("tuning", "test")
        for line in files.get(f"data/provenance/{name}.jsonl", b"").splitlines()
    ]
    (found,) = [row["reviews"] for row in provenance if row["fact"] == lines[0]["fact"]]
    assert found == ["en: correct by reviewer 1; breaks sound; corrects question", "en: accept by reviewer 2"]
    assert (
        f"Of {2 * facts} facts in one language, reviewers (2 in all) read 2."
        in files["croissant.json"].decode()
    )

    again = {one.stage.name: one.state for one in built(tmp_path)}
    assert set(again.values()) == {"kept"}
