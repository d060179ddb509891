"""What an edit puts in the place of the true object: alike, plausible, not true, called differently."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from mlake.construct.contradiction import Edit, marks_of, marks_on
from mlake.construct.corrections import corrections
from mlake.construct.pick import OBJECT_CAP, draw
from mlake.construct.rules import CHAIN_RULES, Chain, Setting, apply, named_in
from mlake.construct.stage import Drop
from mlake.construct.whereabouts import Whereabouts
from mlake.records import Triple

__all__ = ["Chooser", "Pick"]

Pick = Callable[[Edit, Iterator[str]], str | None]
"""Takes one of the objects that an edit may have, the best first; None if there is none."""

_OF_THE_PAST = "Q3024240"  # historical country: not the country of a living person, or of a firm
_SHARE = 2  # one new object for half of the edits of a relation at most, if others are left
_ENOUGH = 3  # second hops; more are not asked
_FEW = 2  # relations with fewer objects take those of other relations too


class Chooser:
    """Chooses new objects, second hops from them and distractors, one edit after the other.

    Args:
        setting: What rules look things up in.
        facts: Every fact that filters kept.
        edits: The edits, without new objects yet.
        seed: Of all draws.
        pick: Takes the new object of an edit; None to take the best one.
    """

    def __init__(
        self,
        setting: Setting,
        facts: Sequence[Triple],
        edits: Sequence[Edit],
        seed: int,
        pick: Pick | None = None,
    ) -> None:
        self.setting = setting
        self.pick = pick or _first
        self.seed = seed
        self.objects: dict[tuple[str, str], set[str]] = {}
        self.of_kind: dict[str, set[str]] = {}
        self.about: dict[str, list[Triple]] = {}
        for fact in facts:
            self.objects.setdefault((fact.relation, setting.source.kind(fact.object)), set()).add(fact.object)
            self.about.setdefault(fact.subject, []).append(fact)
        for one in setting.source.entities.values():
            if one.id not in corrections().unfit and set(setting.langs) <= set(one.labels):
                self.of_kind.setdefault(one.kind, set()).add(one.id)
        self.denied = {mark for edit in edits for mark in marks_on(edit, setting.relations)}
        self.stated = {mark for fact in facts if self.is_true(fact) for mark in marks_of(fact)}
        self.true: dict[str, list[Triple]] = {}
        for fact in facts:
            if setting.relations[fact.relation].hop and self.is_true(fact):
                self.true.setdefault(fact.subject, []).append(fact)
        self.edited = {marks_of(edit.statement)[0] for edit in edits}
        self.where = Whereabouts(setting.source)
        self._links: dict[str, tuple[frozenset[str], frozenset[str]]] = {}
        self.counts = Counter(edit.relation for edit in edits)
        self.news: Counter[str] = Counter()
        self.by: Counter[tuple[str, str]] = Counter()

    def is_true(self, fact: Triple) -> bool:
        """Whether no edit contradicts a statement."""
        return not self.denied.intersection(marks_of(fact))

    def choose(self, edit: Edit) -> str | None:
        """A new object for an edit; None if there is none."""
        order = sorted(self._candidates(edit), key=lambda one: self._rank(edit, one))
        found = self.pick(edit, (one for one in order if self._tells_apart(edit, one)))
        if found is not None:
            self.news[found] += 1
            self.by[edit.relation, found] += 1
            new = edit._replace(new=found)
            self.denied.update(marks_on(new, self.setting.relations))
            self.edited.update(marks_of(new.statement))
        return found

    def hops(self, edit: Edit) -> tuple[list[Triple], list[Drop]]:
        """The second hops from the new object of an edit that can be asked, and why others cannot."""
        assert edit.new is not None
        first = edit.statement
        chains = [Chain(first, hop) for hop in self.about.get(edit.new, ())]
        kept, drops = apply(CHAIN_RULES, self.setting, chains, lambda chain: chain.id)
        found = []
        for chain in kept:
            if not self.is_true(chain.second):
                drops.append(Drop(chain.id, "contaminated", f"an edit contradicts {'/'.join(chain.second)}"))
            elif chain.second.object in self._answers(edit, chain.second.relation):
                drops.append(
                    Drop(chain.id, "same-answer", "the answer is the same before and after the edit")
                )
            else:
                found.append(chain.second)
        return found, drops

    def distractors(self, edit: Edit, count: int) -> list[str]:
        """Objects of the same kind, neither true nor the new one, called differently; fewer if need be."""
        assert edit.new is not None
        found: list[str] = []
        for one in self._options(edit):
            others = [edit.subject, edit.old, edit.new, *found]
            if one not in others and self._false(edit, one) and self._apart(one, others):
                found.append(one)
                if len(found) == count:
                    break
        return found

    def _options(self, edit: Edit) -> list[str]:
        """Objects of the relation at random, then, if it is not particular, what else is of their kind."""
        kind = self.setting.source.kind(edit.old)
        objects = self.objects[edit.relation, kind]
        further = set() if self.setting.relations[edit.relation].among else self.of_kind[kind] - objects
        order = {one: draw(self.seed, "distractor", *edit[:2], one) for one in objects | further}
        return [*sorted(objects, key=order.__getitem__), *sorted(further, key=order.__getitem__)]

    def _pool(self, edit: Edit) -> set[str]:
        kind = self.setting.source.kind(edit.old)
        objects = self.objects[edit.relation, kind]
        wide = len(objects) <= _FEW or (kind == "city" and not self.setting.relations[edit.relation].mirrors)
        return self.of_kind[kind] if wide else objects

    def _candidates(self, edit: Edit) -> Iterator[str]:
        for one in self._pool(edit):
            fits = one not in (edit.subject, edit.old) and self.news[one] < OBJECT_CAP
            if fits and self._false(edit, one) and self._agrees(edit, one):
                yield one

    def _rank(self, edit: Edit, one: str) -> tuple[bool, int, bool, int, str]:
        """First what is not used up and has second hops; of these what is like the old one, little used."""
        old, new = (set(self.setting.entity(end).types) for end in (edit.old, one))
        unlike = bool(old and new) and self.setting.source.kind(one) != "person" and not old & new
        used_up = self.by[edit.relation, one] * _SHARE >= self.counts[edit.relation]
        last = draw(self.seed, "new", *edit[:2], one)
        return used_up, -min(self._promise(edit, one), _ENOUGH), unlike, self.news[one], last

    def _promise(self, edit: Edit, one: str) -> int:
        """How many second hops there are from a new object, names aside."""
        relations, facts = self.setting.relations, self.true.get(one, ())
        asked = [fact for fact in facts if edit.relation not in relations[fact.relation].silly]
        return sum(fact.object not in self._answers(edit, fact.relation) for fact in asked)

    def _false(self, edit: Edit, one: str) -> bool:
        swaps = self.setting.relations[edit.relation].swaps(edit.old, one)
        return swaps and not self._past(edit, one) and not self._near(edit, one)

    def _past(self, edit: Edit, one: str) -> bool:
        gone = [_OF_THE_PAST in self.setting.entity(end).types for end in (edit.old, one)]
        return gone == [False, True]

    def _near(self, edit: Edit, one: str) -> bool:
        """Whether it might be true: two statements from the subject, or a place around or in the old one."""
        if edit.subject not in self._links:
            self._links[edit.subject] = self._linked(edit.subject)
        there, links = self._links[edit.subject]
        return one in links or bool(there & self.where.around(one))

    def _linked(self, subject: str) -> tuple[frozenset[str], frozenset[str]]:
        about = self.setting.source.about
        there = {claim.object for claim in about(subject)}
        further = {claim.object for middle in there for claim in about(middle)}
        around = {place for end in there for place in self.where.around(end)}
        back = {claim.subject for claim in self.setting.source.claims if claim.object == subject}
        return frozenset(there), frozenset(there | further | around | back)

    def _agrees(self, edit: Edit, one: str) -> bool:
        """Whether an edit to this object contradicts neither what stays true nor another edit."""
        new, row = edit._replace(new=one), self.setting.relations[edit.relation]
        if marks_of(new.statement)[1] in self.denied:
            return False
        if not (row.symmetric or row.mirrors):
            return True  # it contradicts what it did without an object
        more = set(marks_on(new, self.setting.relations)) - set(marks_on(edit, self.setting.relations))
        return more.isdisjoint(self.stated) and more.isdisjoint(self.edited)

    def _tells_apart(self, edit: Edit, one: str) -> bool:
        return self._apart(one, (edit.subject, edit.old))

    def _apart(self, one: str, others: Sequence[str]) -> bool:
        entity, known = self.setting.entity, self.setting
        pairs = [(entity(one), entity(other)) for other in others]
        return not any(named_in(known, a, b) or named_in(known, b, a) for a, b in pairs)

    def _answers(self, edit: Edit, relation: str) -> set[str]:
        """What holds by a relation of the old object."""
        about = self.setting.source.about(edit.old)
        return (
            {edit.old}
            | self.where.answers(edit.old, relation)
            | {claim.object for claim in about if claim.relation == relation}
        )


def _first(edit: Edit, fitting: Iterator[str]) -> str | None:
    return next(fitting, None)
