"""Facts about the same subject and relation: by ids, else by names."""

from dataclasses import replace
from typing import Any

import pytest

import mlake
from mlake.data.same import same_facts
from mlake.records import Fact, Statement


def fact(
    name: str,
    subject: str,
    lang: str = "en",
    *,
    ids: tuple[str | None, str | None] = (None, None),
    label: str = "",
) -> Fact:
    statement = Statement(name, lang, f"Q {subject}?", subject, "old", "new")
    return Fact(name, 0, {lang: statement}, (), *ids, {lang: label} if label else {})


PLAIN = fact("a", "Carl Sagan")
KNOWN = fact("a", "Carl Sagan", ids=("Q410", "P108"), label="employer")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (KNOWN, fact("b", "Sagan, Carl", "de", ids=("Q410", "P108")), True),
        (KNOWN, fact("b", "Carl Sagan", ids=("Q410", "P69"), label="employer"), False),
        (KNOWN, fact("b", "Carl Sagan", ids=("Q999", "P108")), False),
        (KNOWN, fact("b", "CARL  SAGAN", label="Employer"), True),
        (KNOWN, fact("b", "Carl Sagan", label="educated at"), False),
        (PLAIN, fact("b", "carl sagan"), True),
        (PLAIN, fact("b", "Carl Sagan", "de"), False),
        (PLAIN, fact("b", "Sagan"), False),
        (replace(PLAIN, relation_id="P69"), fact("b", "Carl Sagan", ids=(None, "P108")), False),
    ],
)
def test_pairs(one: Fact, other: Fact, same: bool) -> None:
    assert bool(same_facts([one], [other])) is same
    assert bool(same_facts([other], [one])) is same


def test_a_data_set_is_in_itself_and_its_halves_are_apart() -> None:
    facts: Any = mlake.load("mini").facts
    assert same_facts(facts, facts) == list(facts)
    assert same_facts(facts[:30], facts[30:]) == []
    bare = [replace(one, subject_id=None, relation_id=None, relations={}) for one in facts]
    assert same_facts(bare, facts) == bare, "names are enough"
