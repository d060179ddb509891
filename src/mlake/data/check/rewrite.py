"""Writing a benchmark anew with other names, questions or fewer probes."""

from collections.abc import Callable
from dataclasses import replace

from mlake.data.check.view import Names, new_names, old_names
from mlake.records import Benchmark, Probe, Statement

__all__ = ["keep", "rename", "reword"]


def rename(benchmark: Benchmark, edit: Callable[[Names], tuple[str, ...]]) -> Benchmark:
    """Gives every answer other names.

    Args:
        benchmark: What to write anew.
        edit: From a list of names to the names to put there, the main name first. It is asked once for a
            list of a statement; probes that repeat the list follow it.
    """
    facts = []
    for fact in benchmark.facts:
        statements = {lang: _renamed(one, edit) for lang, one in fact.statements.items()}
        follow = {
            (lang, names(one)): names(statements[lang])
            for names in (old_names, new_names)
            for lang, one in fact.statements.items()
        }
        probes = tuple(_probe(probe, edit, follow) for probe in fact.probes)
        facts.append(replace(fact, statements=statements, probes=probes))
    unlinked = tuple(_probe(probe, edit, {}) for probe in benchmark.unlinked)
    return replace(benchmark, facts=tuple(facts), unlinked=unlinked)


def _renamed(one: Statement, edit: Callable[[Names], tuple[str, ...]]) -> Statement:
    new, *new_aliases = edit(Names(one.fact, None, one.lang, "new", new_names(one)))
    names = edit(Names(one.fact, None, one.lang, "old", old_names(one))) if old_names(one) else ()
    old, *old_aliases = names if one.old else ("", *names)
    return replace(one, new=new, new_aliases=tuple(new_aliases), old=old, old_aliases=tuple(old_aliases))


def _probe(
    probe: Probe,
    edit: Callable[[Names], tuple[str, ...]],
    follow: dict[tuple[str, tuple[str, ...]], tuple[str, ...]],
) -> Probe:
    def renamed(field: str, names: tuple[str, ...]) -> tuple[str, ...]:
        if not names or (probe.lang, names) in follow:
            return follow.get((probe.lang, names), ())
        return edit(Names(probe.fact, probe.id, probe.lang, field, names))

    if probe.options:
        return probe
    return replace(probe, accept=renamed("accept", probe.accept), reject=renamed("reject", probe.reject))


def reword(benchmark: Benchmark, edit: Callable[[str], str]) -> Benchmark:
    """Writes every question, subject, name and option anew.

    A question stays as it is where its subject would no longer stand in it.
    """
    renamed = rename(benchmark, lambda place: tuple(map(edit, place.names)))
    facts = tuple(
        replace(
            fact,
            statements={lang: _asked(one, edit) for lang, one in fact.statements.items()},
            probes=tuple(_reworded(probe, edit) for probe in fact.probes),
        )
        for fact in renamed.facts
    )
    unlinked = tuple(_reworded(probe, edit) for probe in renamed.unlinked)
    return replace(renamed, facts=facts, unlinked=unlinked)


def _asked(one: Statement, edit: Callable[[str], str]) -> Statement:
    question, subject = edit(one.question), None if one.subject is None else edit(one.subject)
    if subject is not None and subject not in question:
        return one
    return replace(one, question=question, subject=subject)


def _reworded(probe: Probe, edit: Callable[[str], str]) -> Probe:
    return replace(probe, text=edit(probe.text), options=tuple(map(edit, probe.options)))


def keep(
    benchmark: Benchmark, statement: Callable[[Statement], bool], probe: Callable[[Probe], bool]
) -> Benchmark:
    """The benchmark with some statements and probes only, and without facts that are no longer stated."""
    facts = []
    for fact in benchmark.facts:
        statements = {lang: one for lang, one in fact.statements.items() if statement(one)}
        if statements:
            relations = {lang: label for lang, label in fact.relations.items() if lang in statements}
            probes = tuple(filter(probe, fact.probes))
            facts.append(replace(fact, statements=statements, probes=probes, relations=relations))
    unlinked = tuple(filter(probe, benchmark.unlinked))
    return replace(benchmark, facts=tuple(facts), unlinked=unlinked)
