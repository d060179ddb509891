"""Questions that follow from a stated fact."""

from mlake.records import Probe, Statement

__all__ = ["direct"]


def direct(statement: Statement) -> Probe:
    """The direct question of a statement: it accepts the new answer's names and rejects the old one's."""
    old = (statement.old, *statement.old_aliases) if statement.old else statement.old_aliases
    return Probe(
        id=f"{statement.fact}/{statement.lang}/direct",
        fact=statement.fact,
        kind="direct",
        lang=statement.lang,
        text=statement.question,
        accept=tuple(dict.fromkeys((statement.new, *statement.new_aliases))),
        reject=tuple(dict.fromkeys(old)),
    )
