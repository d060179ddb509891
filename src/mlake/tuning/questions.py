"""What a search asks: about the facts that it edits, in their own words and others, and about other facts."""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from mlake.data.questions import direct
from mlake.data.same import about_other_subjects
from mlake.errors import RunError
from mlake.records import Answer, Asked, Fact, Kind, Probe, Statement
from mlake.scorers.names import contains, old
from mlake.text import check_tested

__all__ = ["GOALS", "Item", "Questions", "candidates", "hit", "others_asked", "questions_of"]

GOALS: dict[str, Kind] = {
    "own": "direct",
    "rephrased": "paraphrase",
    "transfer": "direct",
    "kept": "locality",
}
"""What a question tells: whether the fact took in the language edited in, there in other words, in another
language, and whether another fact that the model knew is still known."""

_OTHERS = 0.5
_FEWEST = 8
_CANDIDATES = 2.0


class Item(NamedTuple):
    """A question and what it tells."""

    goal: str
    lang: str
    fact: str
    probe: Probe


@dataclass(frozen=True, slots=True)
class Questions:
    """The facts of a search and what is asked of them.

    Attributes:
        edit_langs: Languages in which each fact is stated to the method.
        test_langs: Languages to ask in.
        edited: The facts that are edited, in the order in which they are asked about.
        others: Facts that no edit should change; which of them the model knows is found out by asking.
        notes: What was left out, one line each.
    """

    edit_langs: tuple[str, ...]
    test_langs: tuple[str, ...]
    edited: tuple[Fact, ...]
    others: tuple[Fact, ...]
    notes: tuple[str, ...] = ()

    def of_edited(self, many: int) -> list[Item]:
        """The questions about the first edited facts."""
        return [item for fact in self.edited[:many] for item in self._about(fact)]

    def of_others(self) -> list[Item]:
        """The questions about other facts: about those, and what data have of the kind ``locality``."""
        most = candidates(len(self.edited))
        return [item for lang in self.test_langs for item in islice(self._elsewhere(lang), most)]

    def _elsewhere(self, lang: str) -> Iterator[Item]:
        stated = [fact for fact in self.others if lang in fact.statements and fact.statements[lang].old]
        probes = [direct(fact.statements[lang]) for fact in stated]
        for fact in (*self.others, *self.edited):
            probes += [one for one in fact.probes if (one.kind, one.lang) == ("locality", lang)]
        asked = set[str]()
        for probe in probes:
            if probe.text not in asked:
                yield Item("kept", lang, str(probe.fact), probe)
            asked.add(probe.text)

    def statements(self, facts: Sequence[Fact]) -> list[Statement]:
        """What a method is told of facts: each in every language to edit in that it is stated in."""
        return [
            fact.statements[lang] for fact in facts for lang in self.edit_langs if lang in fact.statements
        ]

    def _about(self, fact: Fact) -> Iterator[Item]:
        for lang in self.test_langs:
            if lang in fact.statements:
                goal = "own" if lang in self.edit_langs else "transfer"
                yield Item(goal, lang, fact.id, direct(fact.statements[lang]))
        for lang in self.edit_langs:
            words = next((one for one in fact.probes if (one.kind, one.lang) == ("paraphrase", lang)), None)
            if words is not None:
                yield Item("rephrased", lang, fact.id, words)


def questions_of(
    facts: Sequence[Fact],
    others: Sequence[Fact],
    edit_langs: Sequence[str],
    test_langs: Sequence[str],
    *,
    seed: int,
    refusal: Callable[[Statement], str | None] = lambda statement: None,
) -> Questions:
    """Choose what is edited and asked.

    Args:
        facts: The facts to edit.
        others: Facts to ask about besides; those about subjects of edited ones are left out.
        edit_langs: Languages to edit in, all in one batch.
        test_langs: Languages to ask in; those edited in are asked too.
        seed: Seed of the order of facts.
        refusal: Why a statement cannot be edited; None where it can.

    Raises:
        RunError: No fact can be edited, or there are no others to ask about.
        LanguageError: Names are not tested in a language's script.
    """
    asked = tuple(dict.fromkeys((*edit_langs, *test_langs)))
    for lang in asked:
        check_tested(lang)
    stated = {
        one.id: [one.statements[code] for code in edit_langs if code in one.statements] for one in facts
    }
    edited = [one for one in facts if stated[one.id] and not any(map(refusal, stated[one.id]))]
    if not edited:
        raise RunError(
            f"none of the {len(facts)} facts can be edited in {'+'.join(edit_langs)}; choose others with "
            "--facts, or another --edit-lang"
        )
    free = about_other_subjects(others, facts)
    if not free:
        raise RunError(
            "--facts leaves no facts of the data to ask whether others are still known; choose fewer"
        )
    drawn = random.Random(seed)
    drawn.shuffle(edited)
    drawn.shuffle(free)
    left = len(facts) - len(edited)
    note = f"{left} of {len(facts)} facts cannot be edited in {'+'.join(edit_langs)}: left out"
    some = tuple(free[: candidates(len(edited))])
    return Questions(tuple(edit_langs), asked, tuple(edited), some, (note,) if left else ())


def others_asked(edited: int) -> int:
    """How many other facts to ask about in a language, beside so many edited ones."""
    return max(_FEWEST, round(_OTHERS * edited))


def candidates(edited: int) -> int:
    """How many other facts the unedited model is asked about, to find those that it knows."""
    return max(4 * _FEWEST, round(_CANDIDATES * edited))


def hit(item: Item, answer: Answer) -> bool:
    """Whether an answer is as it should be: gives the new answer, or the true one about another fact."""
    kind = GOALS[item.goal]
    asked = Asked("", 0, kind, item.probe, answer, None)
    unedited = item.goal == "kept" and item.probe.kind == "direct"  # such a probe accepts the new answer
    return bool(old(asked) if unedited else contains(asked))
