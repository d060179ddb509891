"""Which questions other tools ask, and how their answers are scored."""

from typing import Any

import pytest

import mlake
from mlake.errors import DataError, RunError, UnknownNameError
from mlake.evaluation.plan import make_plan
from mlake.evaluation.spec import RunSpec
from mlake.harness.questions import Chosen, documents, metrics, name_of, scores, told
from mlake.records import Benchmark
from mlake.scorers.row import Scorer
from mlake.scorers.table import SCORERS

TWELVE = Chosen(facts="12", kinds=("direct", "multihop", "negation"), locality=2)


@pytest.fixture(scope="module")
def mini() -> Benchmark:
    return mlake.load("mini")


def test_they_are_what_a_run_asks(mini: Benchmark) -> None:
    rows = list(documents(mini, TWELVE))
    of_kind = {(row["kind"], row["lang"]) for row in rows}
    assert of_kind == {
        (kind, lang) for kind in (*TWELVE.kinds, "locality") for lang in ("en", "de", "fr", "ja", "zh")
    }
    spec = RunSpec(
        model="m", model_revision="r", dtype="float32", template="{question}", data="mini", editor={},
        data_revision="embedded", data_sha256=mini.sha256, facts=(0, 12), method="memit", edit_langs=("de",),
        test_langs=("en", "de", "fr", "ja", "zh"), kinds=("direct", "multihop"), locality=2,
    )  # fmt: skip
    asked = {(one.kind, one.probe.id) for unit in make_plan(spec, mini).unedited for one in unit.questions}
    assert {(row["kind"], row["id"]) for row in rows if row["kind"] != "negation"} == asked
    assert len({(row["kind"], row["id"]) for row in rows}) == len(rows)


def test_scores_are_those_of_mlake(mini: Benchmark) -> None:
    rows = [row for row in documents(mini, TWELVE) if row["kind"] == "direct"]
    said = ["{new}.", "It is in {old}, not in {new}", "{new}", "I cannot answer that.", ""]
    answers = {
        row["id"]: said[at % len(said)].format(new=row["accept"][0], old=(*row["reject"], "")[0])
        for at, row in enumerate(rows)
    }
    found = {(one.probe, one.scorer): one.value for one in mlake.score(mini, answers, edit_lang="en").scored}
    for row in rows:
        here = scores(row, answers[row["id"]])
        assert set(here) <= set(told())
        assert here == {name: found[row["id"], name] for name in told() if found[row["id"], name] is not None}
    assert {found[row["id"], "contains"] for row in rows} == {0.0, 1.0}


def test_an_answer_that_was_cut_off_is_told_where_the_tool_tells(mini: Benchmark) -> None:
    row = next(documents(mini, TWELVE))
    assert "cut" not in scores(row, "Rome")
    assert [scores(row, "Rome", cut=cut)["cut"] for cut in (True, False)] == [1.0, 0.0]


def test_other_facts_are_to_stay(mini: Benchmark) -> None:
    row = next(row for row in documents(mini, TWELVE) if row["kind"] == "locality")
    assert scores(row, row["reject"][0])["old"] == 1.0
    assert metrics("locality")["old"] and not metrics("direct")["old"]
    assert metrics("direct")["contains"] and not metrics("negation")["contains"]
    assert "length" not in metrics("direct") and "unchanged" not in metrics("direct")


def test_a_scorer_that_was_added_is_told(mini: Benchmark, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(
        SCORERS,
        "loud",
        Scorer("loud", 1, "It shouts.", function=lambda one: float(one.answer.text.isupper())),
    )
    assert scores(next(documents(mini, TWELVE)), "ROME")["loud"] == 1.0


@pytest.mark.parametrize(
    ("chosen", "error", "says"),
    [
        ({"kinds": ("choice",)}, DataError, "'choice' are not scored by their text"),
        ({"kinds": ("writing",)}, DataError, "take from: direct, multihop"),
        ({"kinds": ("multihops",)}, UnknownNameError, "Did you mean 'multihop'"),
        ({"langs": ("xx",)}, UnknownNameError, "unknown language 'xx'"),
        ({"langs": ("it",)}, RunError, "no direct or multihop question in 'it'"),
        ({"facts": "64"}, RunError, "no slice of the 63 facts"),
        ({"locality": -1}, RunError, "locality must be a whole number"),
    ],
)
def test_what_is_wrong_is_one_line(
    mini: Benchmark, chosen: dict[str, Any], error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says) as caught:
        list(documents(mini, Chosen(**chosen)))
    assert "\n" not in str(caught.value)


def test_names_of_tasks_are_plain() -> None:
    def named(name: str) -> str:
        return name_of(Benchmark(name, "r", "0" * 64, ()))

    assert named("mini") == "mlake_mini"
    assert named("wikidata-5:test") == "mlake_wikidata-5-test"
    assert named("some where/my facts.jsonl") == "mlake_my-facts"
    assert named("事実.jsonl") == "mlake_data"
