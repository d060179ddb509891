"""A benchmark as the rules look at it: statements, questions and lists of names, each once."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from mlake.records import Benchmark, Fact, Probe, Statement

__all__ = [
    "Names",
    "Question",
    "Text",
    "companions",
    "name_lists",
    "new_names",
    "old_names",
    "once",
    "probes",
    "questions",
    "stated",
    "texts",
]


class Question(NamedTuple):
    """A question and where it stands: that of a statement where ``probe`` is None."""

    fact: Fact | None
    probe: Probe | None
    lang: str
    text: str

    @property
    def statement(self) -> Statement | None:
        """What the fact states in the question's language."""
        return None if self.fact is None else self.fact.statements.get(self.lang)


class Names(NamedTuple):
    """The names of one answer, the main name first, and where they stand.

    ``field`` is ``old`` or ``new`` of a statement, ``accept`` or ``reject`` of a probe.
    """

    fact: str | None
    probe: str | None
    lang: str
    field: str
    names: tuple[str, ...]


class Text(NamedTuple):
    """A question, name or option and where it stands: in a statement where ``probe`` is None."""

    fact: str | None
    probe: str | None
    lang: str
    field: str
    text: str


def stated(benchmark: Benchmark) -> Iterator[tuple[Fact, Statement]]:
    """Every statement, with its fact."""
    for fact in benchmark.facts:
        for statement in fact.statements.values():
            yield fact, statement


def probes(benchmark: Benchmark) -> Iterator[tuple[Fact | None, Probe]]:
    """Every probe, with its fact; the unlinked ones last."""
    for fact in benchmark.facts:
        for probe in fact.probes:
            yield fact, probe
    for probe in benchmark.unlinked:
        yield None, probe


def old_names(statement: Statement) -> tuple[str, ...]:
    """The names of the old answer; empty if there is none."""
    return (statement.old, *statement.old_aliases) if statement.old else statement.old_aliases


def new_names(statement: Statement) -> tuple[str, ...]:
    """The names of the new answer."""
    return (statement.new, *statement.new_aliases)


def companions(probe: Probe, others: tuple[Probe, ...]) -> list[Probe]:
    """The free questions that a multiple choice repeats: by its id before ``/choice``, else by its text."""
    free = [one for one in others if not one.options and (one.lang, one.text) == (probe.lang, probe.text)]
    return [one for one in free if one.id == probe.id.removesuffix("/choice")] or free


def questions(benchmark: Benchmark) -> Iterator[Question]:
    """Every question once: direct and multiple-choice questions that repeat another one are left out."""
    for fact in benchmark.facts:
        asked = {(one.lang, one.question) for one in fact.statements.values()}
        for statement in fact.statements.values():
            yield Question(fact, None, statement.lang, statement.question)
        for probe in fact.probes:
            known = (probe.lang, probe.text) in asked and (probe.options or probe.kind == "direct")
            if not known and not (probe.options and companions(probe, fact.probes)):
                yield Question(fact, probe, probe.lang, probe.text)
    free = {(one.lang, one.text) for one in benchmark.unlinked if not one.options}
    for probe in benchmark.unlinked:
        if not probe.options or (probe.lang, probe.text) not in free:
            yield Question(None, probe, probe.lang, probe.text)


def name_lists(benchmark: Benchmark) -> Iterator[Names]:
    """Every list of names once; empty ones, and a probe's that repeat its statement's, are left out."""
    for fact, statement in stated(benchmark):
        if old := old_names(statement):
            yield Names(fact.id, None, statement.lang, "old", old)
        yield Names(fact.id, None, statement.lang, "new", new_names(statement))
    for owner, probe in probes(benchmark):
        if probe.options:
            continue
        said = owner.statements.get(probe.lang) if owner else None
        known = {old_names(said), new_names(said)} if said else set()
        for field, names in (("accept", probe.accept), ("reject", probe.reject)):
            if names and names not in known:
                yield Names(probe.fact, probe.id, probe.lang, field, names)


def texts(benchmark: Benchmark) -> Iterator[Text]:
    """Every question, subject, name and option, wherever it stands."""
    for fact, one in stated(benchmark):
        for field, found in (
            ("question", (one.question,)),
            ("subject", (one.subject or "",)),
            ("old", old_names(one)),
            ("new", new_names(one)),
        ):
            yield from (Text(fact.id, None, one.lang, field, text) for text in found)
    for _, probe in probes(benchmark):
        for field, found in (
            ("text", (probe.text,)),
            ("accept", probe.accept),
            ("reject", probe.reject),
            ("options", probe.options),
        ):
            yield from (Text(probe.fact, probe.id, probe.lang, field, text) for text in found)


def once(places: Iterable[Text]) -> Iterator[Text]:
    """The first place of every text within a fact and language."""
    seen: set[tuple[str | None, str, str]] = set()
    for place in places:
        if (place.fact, place.lang, place.text) not in seen:
            seen.add((place.fact, place.lang, place.text))
            yield place
