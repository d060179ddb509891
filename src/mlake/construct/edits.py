"""The stage ``edits``: which facts are edited, to what, and what is asked about them and about others."""

from collections import Counter
from collections.abc import Iterator, Sequence

from mlake.construct.contradiction import Edit
from mlake.construct.counterfactual import Chooser, Pick
from mlake.construct.facts import CHAIN_ROW, triple
from mlake.construct.pick import OBJECT_CAP, draw, picked
from mlake.construct.rules import Setting
from mlake.construct.stage import Drop, Made, Row
from mlake.data.faults import FILLED, TRIPLES, Shape
from mlake.records import Triple

__all__ = ["EDIT_ROW", "EDIT_RULES", "make_edits"]

_HOPS = 3  # questions over two hops about one fact, before and after the edit each
_OTHERS = 2  # questions about other facts
_DISTRACTORS = 2  # options of multiple choice beside the old and the new object

EDIT_ROW: Shape = CHAIN_ROW | {
    "properties": CHAIN_ROW["properties"]
    | {
        "new": FILLED,
        "after": TRIPLES,
        "others": TRIPLES,
        "distractors": {
            "type": "array",
            "items": FILLED,
            "minItems": _DISTRACTORS,
            "maxItems": _DISTRACTORS,
            "title": f"{_DISTRACTORS} ids",
        },
    },
    "required": [*CHAIN_ROW["required"], "new", "after", "others", "distractors"],
}
"""The schema of a row of the stage ``edits``."""

EDIT_RULES = {
    "contradiction": "no edit contradicts another one",
    "object-cap": f"at most {OBJECT_CAP} edited facts have the same object, old or new",
    "left-true": "some facts stay true: second hops and questions about other facts need them",
    "no-new-object": "another object is of its kind, plausible, not true, in no conflict, called differently",
    "no-distractors": "two further objects are, for multiple choice",
    "contaminated": "no second hop, before or after, is a fact that an edit contradicts",
    "same-answer": "a second hop has another answer after the edit than before",
    "three": "at most three questions over two hops ask about a fact, before and after the edit each",
}
"""Name to meaning of the rules of this stage, in the order in which they bite."""


def make_edits(setting: Setting, rows: Sequence[Row], seed: int, pick: Pick | None = None) -> Made:
    """The facts to edit with their new objects, in an order that is drawn, and why others are not.

    Args:
        setting: What rules look things up in.
        rows: What filters kept.
        seed: Of all draws.
        pick: Takes the new object of an edit; None to take the best one.
    """
    chosen, drops = picked(setting.relations, rows, seed)
    edits = {row["id"]: Edit(*triple(row), None) for row in chosen}
    chooser = Chooser(setting, [triple(row) for row in rows], list(edits.values()), seed, pick)
    made: dict[str, Row] = {}
    for row in sorted(chosen, key=lambda row: draw(seed, "turn", row["id"])):
        new = chooser.choose(edits[row["id"]])
        if new is None:
            drops.append(Drop(row["id"], "no-new-object", "no other object will do"))
            continue
        edit = edits[row["id"]]._replace(new=new)
        distractors = chooser.distractors(edit, _DISTRACTORS)
        if len(distractors) < _DISTRACTORS:
            drops.append(Drop(row["id"], "no-distractors", f"{len(distractors)} objects will do"))
            continue
        before, lost = _before(chooser, row)
        after, more = chooser.hops(edit)
        asked = {hop.relation for hop in after}
        known = {hop.relation for hop in before}
        made[row["id"]] = row | {
            "text": f"{row['text']} -> {setting.entity(new).shown}",
            "before": _best(row, before, asked, seed, lost),
            "new": new,
            "after": _best(row, after, known, seed, more),
            "distractors": distractors,
        }
        drops += [*lost, *more]
    done = [made[row["id"]] for row in chosen if row["id"] in made]
    true = [fact for fact in map(triple, rows) if chooser.is_true(fact)]
    # Drawn last, so that the first of them are a fair sample and nothing before depends on it.
    return Made(sorted(_with_others(done, true, seed), key=lambda row: draw(seed, "order", row["id"])), drops)


def _before(chooser: Chooser, row: Row) -> tuple[list[Triple], list[Drop]]:
    hops = [Triple(*hop) for hop in row["before"]]
    drops = [
        Drop(f"{row['id']}>{hop.relation}", "contaminated", f"an edit contradicts {'/'.join(hop)}")
        for hop in hops
        if not chooser.is_true(hop)
    ]
    return [hop for hop in hops if chooser.is_true(hop)], drops


def _best(
    row: Row, hops: Sequence[Triple], paired: set[str], seed: int, drops: list[Drop]
) -> list[list[str]]:
    """The hops that are asked: first those whose relation is asked about the other object too."""
    order = sorted(hops, key=lambda hop: (hop.relation not in paired, draw(seed, row["id"], *hop)))
    drops += [Drop(f"{row['id']}>{hop.relation}", "three", "others are asked") for hop in order[_HOPS:]]
    return [list(hop) for hop in order[:_HOPS]]


def _with_others(rows: Sequence[Row], true: Sequence[Triple], seed: int) -> Iterator[Row]:
    """The rows with statements about other facts: one of the same relation if there is one, the rest not."""
    used: Counter[Triple] = Counter()
    for row in rows:
        own = {row["subject"], row["object"], row["new"]}
        apart = [fact for fact in true if not own & {fact.subject, fact.object}]
        order = sorted(apart, key=lambda fact: (used[fact], draw(seed, "other", row["id"], *fact)))
        same = [fact for fact in order if fact.relation == row["relation"]][:1]
        rest = [fact for fact in order if fact.relation != row["relation"]]
        others = [*same, *rest][:_OTHERS]
        used.update(others)
        yield row | {"others": [list(fact) for fact in others]}
