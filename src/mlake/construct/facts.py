"""The first three stages: facts of the source, second hops from their objects, what filters leave of both."""

from collections.abc import Sequence

from mlake.construct.rules import CHAIN_RULES, FACT_RULES, STATEMENT_RULES, Chain, Setting, apply
from mlake.construct.source import Claim
from mlake.construct.stage import Made, Row
from mlake.data.faults import FILLED, TEXT, TEXTS, TRIPLES, Shape
from mlake.records import Triple

__all__ = ["CHAIN_ROW", "FACT_ROW", "filtered", "make_chains", "make_facts", "triple"]

_FACT: dict[str, Shape] = {
    "id": FILLED,
    "subject": FILLED,
    "relation": FILLED,
    "object": FILLED,
    "source": TEXTS,
    "text": TEXT,
}
FACT_ROW: Shape = {
    "type": "object",
    "properties": _FACT,
    "required": ["id", "subject", "relation", "object", "source", "text"],
    "additionalProperties": False,
}
"""The schema of a row of the stage ``facts``."""

CHAIN_ROW: Shape = FACT_ROW | {
    "properties": _FACT | {"before": TRIPLES},
    "required": [*FACT_ROW["required"], "before"],
}
"""The schema of a row of the stages ``chains`` and ``filters``."""


def triple(row: Row) -> Triple:
    """The statement of a row."""
    return Triple(row["subject"], row["relation"], row["object"])


def make_facts(setting: Setting) -> Made:
    """Statements of the source that rules about statements keep, in its order."""
    kept, drops = apply(STATEMENT_RULES, setting, setting.source.claims, _claim_id)
    return Made([_fact(setting, claim) for claim in kept], drops)


def _claim_id(claim: Claim) -> str:
    return f"{claim.subject}/{claim.relation}"


def _fact(setting: Setting, claim: Claim) -> Row:
    label = setting.relations[claim.relation].label
    ends = setting.entity(claim.subject).shown, setting.entity(claim.object).shown
    return {
        "id": _claim_id(claim),
        "subject": claim.subject,
        "relation": claim.relation,
        "object": claim.object,
        "source": list(claim.source),
        "text": f"{ends[0]} | {label} | {ends[1]}",
    }


def make_chains(rows: Sequence[Row]) -> Made:
    """The facts, each with the facts about its object."""
    about: dict[str, list[list[str]]] = {}
    for row in rows:
        about.setdefault(row["subject"], []).append(list(triple(row)))
    return Made([row | {"before": about.get(row["object"], [])} for row in rows])


def filtered(setting: Setting, rows: Sequence[Row]) -> Made:
    """The facts that rules about facts keep, each with the second hops that rules about chains keep."""
    kept, drops = apply(FACT_RULES, setting, rows, lambda row: str(row["id"]))
    facts = {triple(row) for row in kept}
    made = []
    for row in kept:
        chains = [Chain(triple(row), hop) for hop in map(Triple._make, row["before"]) if hop in facts]
        left, lost = apply(CHAIN_RULES, setting, chains, lambda chain: chain.id)
        drops += lost
        made.append(row | {"before": [list(chain.second) for chain in left]})
    return Made(made, drops)
