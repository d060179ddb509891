"""Which facts of a build are edited, and which stay true, to be second hops and questions about other facts.

Editing a fact adds an edit and the chains that begin with it, and takes away the chains that need it, or what
an edit of it contradicts, as a second hop. Facts are gone through again and again in a random order, and each
is edited or left true as it makes more of the two together.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from hashlib import sha256

from mlake.construct.contradiction import Edit, Mark, marks_of, marks_on
from mlake.construct.facts import triple
from mlake.construct.relations import Relation
from mlake.construct.stage import Drop, Row
from mlake.records import Triple

__all__ = ["OBJECT_CAP", "draw", "picked"]

OBJECT_CAP = 15
"""At most so many edits have the same old object, and at most so many the same new one."""
_LEFT = 12  # of so many facts of a relation one stays true, for questions about other facts
_UNSURE = 2  # a chain that may come about counts half as much as one that does
_WORTH = 1  # how many chains an edit is worth
_ROUNDS = 6  # more change little
_SHARE = 0.73  # of all facts; with more edits there are fewer chains, one for one


def draw(seed: int, *parts: str) -> str:
    """A key to sort by at random: the same for the same seed and parts, whatever else there is."""
    return sha256("\n".join((str(seed), *parts)).encode()).hexdigest()


class _Board:
    """Which facts are edited; facts are told by their places."""

    def __init__(self, relations: Mapping[str, Relation], rows: Sequence[Row]) -> None:
        self.facts = [triple(row) for row in rows]
        place = {fact: at for at, fact in enumerate(self.facts)}
        self.hops = [[place[hop] for hop in map(Triple._make, row["before"]) if hop in place] for row in rows]
        self.needs: list[list[int]] = [[] for _ in rows]
        for at, hops in enumerate(self.hops):
            for hop in hops:
                self.needs[hop].append(at)
        self.likely = _likely(relations, self.facts)
        self.against = _against(relations, self.facts)
        self.edited = [False] * len(rows)
        self.denied = [0] * len(rows)  # how many edits contradict each
        self.olds: Counter[str] = Counter()
        self.of: Counter[str] = Counter()
        count = Counter(fact.relation for fact in self.facts)
        self.room = {name: number - number // _LEFT for name, number in count.items()}

    def set(self, at: int, edited: bool) -> None:
        """Edit a fact, or leave it true."""
        change = 1 if edited else -1
        self.edited[at] = edited
        self.olds[self.facts[at].object] += change
        self.of[self.facts[at].relation] += change
        for other in self.against[at]:
            self.denied[other] += change

    def gain(self, at: int) -> int:
        """How much more there is with an edit of a fact that is left true."""
        against = self.against[at]
        begun = sum(not self.denied[hop] and hop not in against for hop in self.hops[at])
        lost = sum(self.worth(hop) for hop in against if not self.denied[hop])
        return _WORTH + begun - lost

    def worth(self, hop: int) -> int:
        """How many chains have a fact as their second hop, and how many more may have it after an edit."""
        return sum(self.edited[one] for one in self.needs[hop]) + self.likely[hop]

    def reason(self, at: int) -> tuple[str, str]:
        """Name of the rule against an edit of a fact, and why; empty if there is none."""
        fact = self.facts[at]
        if self.denied[at] or any(self.edited[one] for one in self.against[at]):
            return "contradiction", "another edit contradicts it"
        if self.olds[fact.object] >= OBJECT_CAP:
            return "object-cap", f"{OBJECT_CAP} edited facts have its object"
        if self.of[fact.relation] >= self.room[fact.relation]:
            return "left-true", "enough facts of its relation are edited"
        return "", ""


def _likely(relations: Mapping[str, Relation], facts: Sequence[Triple]) -> list[int]:
    """How many edits are likely to have the subject of each fact as their new object."""
    objects: dict[str, set[str]] = {}
    for fact in facts:
        objects.setdefault(fact.relation, set()).add(fact.object)
    count = Counter(fact.relation for fact in facts)
    likely = []
    for fact in facts:
        silly = relations[fact.relation].silly
        pools = [name for name, pool in objects.items() if fact.subject in pool and name not in silly]
        likely.append(sum(count[name] // len(objects[name]) for name in pools) // _UNSURE)
    return likely


def _against(relations: Mapping[str, Relation], facts: Sequence[Triple]) -> list[set[int]]:
    """What an edit of each fact contradicts, itself among them."""
    places: dict[Mark, list[int]] = {}
    for at, fact in enumerate(facts):
        for mark in marks_of(fact):
            places.setdefault(mark, []).append(at)
    return [
        {at for mark in marks_on(Edit(*fact, None), relations) for at in places.get(mark, ())}
        for fact in facts
    ]


def picked(relations: Mapping[str, Relation], rows: Sequence[Row], seed: int) -> tuple[list[Row], list[Drop]]:
    """The facts to edit, in the order of the rows, and why each other one is not.

    Args:
        relations: The table of relations.
        rows: Facts with their second hops.
        seed: Of the order in which facts are gone through.
    """
    board = _Board(relations, rows)
    for number in range(_ROUNDS + 1):
        for at in sorted(range(len(rows)), key=lambda at: draw(seed, f"round {number}", rows[at]["id"])):
            was = board.edited[at]
            if was:
                board.set(at, False)
            # what makes no difference changes sides, so that others find room; at last it fills up the edits
            even = not was if number < _ROUNDS else sum(board.edited) < _SHARE * len(rows)
            if not board.reason(at)[0] and board.gain(at) >= (0 if even else 1):
                board.set(at, True)
    drops = []
    for at, row in enumerate(rows):
        if not board.edited[at]:
            rule, why = board.reason(at)
            drops.append(Drop(row["id"], rule or "left-true", why or "chains need it as a second hop"))
    return [row for at, row in enumerate(rows) if board.edited[at]], drops
