"""What lies on the desk for whom, and what is decided there."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from tests.review.toys import line

from mlake.errors import DataError, UnknownNameError
from mlake.review.desk import Case, Desk
from mlake.review.store import REVIEW, Store
from mlake.review.texts import Line

EDIT = (("Lyon", "Q1"), ("country", "P17"), ("France", "Q2"), ("Japan", "Q3"))


def faults(before: Line, now: Line) -> Sequence[str]:
    return [] if "Lyon" in now["question"] else ["damaged-subject: “Lyon” is not in the question"]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    cases = [Case(line(f"Q{at}/P17", lang), EDIT) for at in range(3) for lang in ("en", "de")]
    with Store.open(tmp_path / REVIEW) as store:
        yield Desk(cases, store, faults)


def test_each_language_has_a_queue_and_each_case_its_like_in_the_others(desk: Desk) -> None:
    assert desk.langs == ("en", "de")
    (german,) = desk.elsewhere(desk.queue("en")[1])
    assert (german["fact"], german["lang"]) == ("Q1/P17", "de")
    with pytest.raises(UnknownNameError, match="unknown language of this build 'fr'; known: de, en"):
        desk.queue("fr")


def test_what_waits_is_what_a_reviewer_has_not_decided(desk: Desk) -> None:
    first, second, _ = desk.queue("en")
    desk.decide(second, "ann", "accept")
    desk.decide(first, "bob", "accept")
    assert (desk.waiting("en", "ann"), desk.waiting("en", "bob"), desk.waiting("de", "ann")) == (
        [0, 2], [1, 2], [0, 1, 2],
    )  # fmt: skip


def test_disputed_is_what_others_decided_otherwise(desk: Desk) -> None:
    first, second, third = desk.queue("en")
    for case in (first, second):
        desk.decide(case, "ann", "accept")
    desk.decide(first, "bob", "reject", broken=["aligned"], reason="no")
    for case in (second, third):
        desk.decide(case, "bob", "accept")
    assert desk.disputed("en", "ann") == [0] == desk.disputed("en", "bob")
    desk.decide(first, "bob", "accept")
    assert desk.disputed("en", "ann") == []


def test_texts_that_stay_as_they_were_are_no_changes(desk: Desk) -> None:
    case = desk.queue("en")[0]
    same = {"question": " In which country is Lyon? ", "old_sentence": case.line["old_sentence"]}
    with pytest.raises(DataError, match="no text was changed"):
        desk.decide(case, "ann", "correct", changes=same)
    desk.decide(case, "ann", "correct", changes={**same, "new_sentence": "Lyon lies in Japan."})
    (kept,) = desk.store.decisions()
    assert (kept.changes, kept.broken) == ({"new_sentence": "Lyon lies in Japan."}, ("sound",))


def test_a_correction_that_would_cost_the_fact_is_refused_at_once(desk: Desk) -> None:
    with pytest.raises(
        DataError, match=r"the fact would be left out: damaged-subject: .*; mend it, or reject"
    ):
        desk.decide(desk.queue("en")[0], "ann", "correct", changes={"question": "Where is it?"})
    assert desk.store.decisions() == []


def test_a_decision_on_other_texts_does_not_count(desk: Desk) -> None:
    desk.decide(desk.queue("en")[0], "ann", "accept")
    other = Desk([Case(line("Q0/P17", question="Where is Lyon?"), EDIT)], desk.store, faults)
    assert other.waiting("en", "ann") == [0]
