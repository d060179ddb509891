"""The rows of a benchmark's tables."""

from collections.abc import Mapping
from itertools import chain
from typing import Any

from mlake.data.stats.describe import CHAINED
from mlake.kinds import question_kind
from mlake.records import Benchmark, Fact, Probe, Statement, Triple

__all__ = ["Row", "Rows", "benchmark_rows", "triple_row"]

Row = Mapping[str, Any]
"""Name of a column to value."""

Rows = Mapping[str, list[Row]]
"""Name of a table to its rows."""


def benchmark_rows(benchmark: Benchmark) -> Rows:
    """The rows of the tables that every data set has; questions of no fact come last."""
    rows: dict[str, list[Row]] = {"facts": [], "single_hop": [], "multi_hop": [], "choice": []}
    rows["facts"] = [_fact(fact, benchmark.langs) for fact in benchmark.facts]
    probes = chain(chain.from_iterable(fact.probes for fact in benchmark.facts), benchmark.unlinked)
    for probe in probes:
        rows[_table(probe)].append(_question(probe))
    return rows


def _table(probe: Probe) -> str:
    """The table that a question stands in."""
    if probe.options or question_kind(probe.kind).scored_by == "options":
        return "choice"
    return "multi_hop" if probe.kind in CHAINED else "single_hop"


def _fact(fact: Fact, langs: tuple[str, ...]) -> Row:
    own = {
        "fact": fact.id,
        "row": fact.row,
        "subject_id": fact.subject_id,
        "relation_id": fact.relation_id,
    }
    return own | {
        code: _stated(fact.statements[code], fact) if code in fact.statements else None for code in langs
    }


def _stated(statement: Statement, fact: Fact) -> Row:
    return {
        "question": statement.question,
        "subject": statement.subject,
        "subject_sure": statement.subject_sure,
        "old_answer": statement.old,
        "old_aliases": list(statement.old_aliases),
        "new_answer": statement.new,
        "new_aliases": list(statement.new_aliases),
        "old_sentence": statement.old_sentence,
        "new_sentence": statement.new_sentence,
        "relation": fact.relations.get(statement.lang),
    }


def _question(probe: Probe) -> Row:
    row = {
        "id": probe.id,
        "fact": probe.fact,
        "lang": probe.lang,
        "kind": probe.kind,
        "text": probe.text,
        "accept": list(probe.accept),
        "reject": list(probe.reject),
        "relations": list(probe.relations),
        "triples": [triple_row(triple) for triple in probe.triples],
        "needs": list(probe.needs),
    }
    return row | {"options": list(probe.options)} if _table(probe) == "choice" else row


def triple_row(triple: Triple) -> dict[str, str]:
    """A fact by ids, as a field of a row."""
    return triple._asdict()
