from dataclasses import replace

import pytest
from tests.report.made import run_of

from mlake.records import Answer, Asked, Kind, Probe, Triple
from mlake.report.findings.hops import hops
from mlake.report.rundata import RunData
from mlake.report.statistics.intervals import clustered_mean
from mlake.scorers.row import ScoredRow
from mlake.scorers.table import score_all

_TO = {"P30": Triple("Q155", "P30", "Q18"), "P37": Triple("Q155", "P37", "Q5146")}


def _asked(kind: Kind, fact: str, text: str, relation: str = "", edit: str | None = "en") -> Asked:
    """An answer to a question whose right answer is *new* and whose old one is *old*."""
    triples = (_TO[relation],) if relation else ()
    if kind == "multihop":
        triples = (Triple("Q1", "P495", "Q155"), *triples)
    reject = ("old",) if kind != "bridge" else ()
    probe = Probe(f"{fact}/{kind}{relation}", fact, kind, "en", "What?", ("new",), reject, triples=triples)
    return Asked(edit, None if edit is None else 0, kind, probe, Answer(text, True), None)


def _run(*asked: Asked) -> RunData:
    scored = [row for row in score_all(list(asked)) if row.scorer in ("contains", "old")]
    return run_of(scored)


def _by_where(run: RunData) -> dict[object, tuple[object, ...]]:
    return {row[4]: row[5:] for row in hops([run]).rows}


def _everything() -> list[Asked]:
    return [
        _asked("multihop", "a", "old", "P30", None),
        _asked("multihop", "b", "new", "P30", None),
        # a: both hops are known, the chain is not
        _asked("direct", "a", "new"),
        _asked("bridge", "a", "new", "P30"),
        _asked("multihop", "a", "old", "P30"),
        # a's other second hop is not known: what belongs together is told by the statement
        _asked("bridge", "a", "none", "P37"),
        _asked("multihop", "a", "none", "P37"),
        # b: both hops are known, and so is the chain
        _asked("direct", "b", "new"),
        _asked("bridge", "b", "new", "P30"),
        _asked("multihop", "b", "new", "P30"),
        # c: the edit did not take
        _asked("direct", "c", "old"),
        _asked("bridge", "c", "new", "P30"),
        _asked("multihop", "c", "old", "P30"),
    ]


def test_chains_by_their_hops_by_hand() -> None:
    found = _by_where(_run(*_everything()))
    # questions, new answer, unedited, old answer
    shown = {where: (*cells[:2], cells[3], cells[5]) for where, cells in found.items()}
    third = pytest.approx(100 / 3)
    assert shown == {
        "all": (4, 25.0, 50.0, 50.0),
        "first hop right": (3, third, 50.0, third),
        "first hop wrong": (1, 0.0, None, 100.0),
        "both hops right": (2, 50.0, 50.0, 50.0),
        "first hop right, second wrong": (1, 0.0, None, 0.0),
    }
    share = clustered_mean([0.0, 0.0, 1.0, 0.0], ["a", "a", "b", "c"])
    assert share.low is not None and f"[{100 * share.low:.1f}, " in str(found["all"][2])


def test_a_chain_that_stays_at_its_first_hop_is_told() -> None:
    def chain(fact: str, text: str) -> list[Asked]:
        (first, two) = _asked("direct", fact, "Italy"), _asked("multihop", fact, text, "P30")
        return [replace(first, probe=replace(first.probe, accept=("Italy",))), two]

    asked = [
        *chain("a", "Italy"),
        *chain("b", "It is Italy."),
        *chain("c", "new, in Italy"),
        *chain("d", "old"),
    ]
    run = _run(*asked)
    assert _by_where(run)["all"][4] == 50.0, "a right answer may name the first hop's on its way"
    alone = replace(run, scored=[row for row in run.scored if row.kind == "multihop"])
    assert _by_where(alone)["all"][4] is None, "not known without the edited question"


def test_without_second_hops_or_statements_nothing_is_said_of_them() -> None:
    asked = [one for one in _everything() if one.kind != "bridge"]
    assert set(_by_where(_run(*asked))) == {"all", "first hop right", "first hop wrong"}
    bare = [replace(one, probe=replace(one.probe, triples=())) for one in _everything()]
    one_second_hop = [one for one in bare if not one.probe.id.endswith("P37")]
    assert _by_where(_run(*one_second_hop))["both hops right"][0] == 2


def test_a_hop_is_taken_from_the_same_edit() -> None:
    later = [
        replace(one, batch=1) for one in (_asked("direct", "c", "new"), _asked("multihop", "c", "old", "P30"))
    ]
    found = _by_where(_run(*_everything(), *later))
    assert (found["first hop wrong"][0], found["first hop right"][0]) == (1, 4)


def test_only_two_hop_questions_to_edited_models_count() -> None:
    asked = [_asked("direct", "a", "new"), _asked("multihop", "a", "new", "P30", None)]
    assert hops([_run(*asked)]).rows == () and hops([]).rows == ()


def test_a_score_without_a_value_is_no_question() -> None:
    row = ScoredRow("en", 0, "multihop", "p", "f", "en", "contains", None)
    assert hops([run_of([row])]).rows == ()


def test_questions_of_no_known_fact_are_not_put_together() -> None:
    rows = [
        ScoredRow("en", 0, kind, f"{kind}-p", None, "en", "contains", 1.0) for kind in ("direct", "multihop")
    ]
    assert hops([run_of(rows)]).rows == ()
