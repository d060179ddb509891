"""What a run will do: facts in batches, edits in chains, and units of questions."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

from mlake.errors import RunError
from mlake.evaluation.asker import Asker
from mlake.evaluation.spec import RunSpec
from mlake.evaluation.units import Step, Unit
from mlake.languages.sets import members
from mlake.records import Benchmark, Fact, Probe, Statement

__all__ = ["NO_SUBJECT", "Plan", "make_plan"]

NO_SUBJECT = "no subject"
"""Why a method that needs the subject cannot edit a fact that states none."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole run.

    Attributes:
        batches: The facts of each batch.
        unedited: Units for the unedited model; every probe stands in exactly one of them.
        chains: The edits in order, each with its units. Those of a chain come on top of each other; each
            chain starts from the unedited model.
        notes: What cannot be edited or asked, counted; one line each.
    """

    batches: tuple[tuple[Fact, ...], ...]
    unedited: tuple[Unit, ...]
    chains: tuple[tuple[Step, ...], ...]
    notes: tuple[str, ...]

    @property
    def steps(self) -> tuple[Step, ...]:
        """All edits in the order they are made."""
        return tuple(chain.from_iterable(self.chains))

    @property
    def units(self) -> Iterator[Unit]:
        """All units in the order they are asked."""
        yield from self.unedited
        for step in self.steps:
            yield from step.units

    @property
    def probes(self) -> Iterator[Probe]:
        """Every probe once."""
        return (question.probe for unit in self.unedited for question in unit.questions)

    def record(self) -> dict[str, Any]:
        """The plan as plain JSON values: fact ids per batch, number of questions per unit, notes."""
        return {
            "batches": [[fact.id for fact in batch] for batch in self.batches],
            "notes": list(self.notes),
            "units": {unit.name: len(unit.questions) for unit in self.units},
        }


def make_plan(
    spec: RunSpec,
    benchmark: Benchmark,
    *,
    refusal: Callable[[Statement], str | None] = lambda statement: None,
) -> Plan:
    """The plan of a run over a data set.

    Args:
        spec: The settings.
        benchmark: The data set.
        refusal: Why the method cannot edit a statement, ``NO_SUBJECT`` or a text that names the fact; None
            where it can. A fact that it cannot edit is neither edited nor asked in that edit language, but
            noted.

    Raises:
        RunError: The slice ends after the last fact, nothing is stated in an edit language, nothing
            can be asked in a test language, or two probes share an id.
    """
    start, stop = spec.facts
    if stop > len(benchmark.facts):
        raise RunError(f"facts {start}:{stop} end after fact {len(benchmark.facts)} of {benchmark.name!r}")
    asker = Asker(spec, benchmark, refusal)
    unedited = tuple(asker.unedited())
    _check(spec, benchmark, unedited)
    plan = Plan(asker.batches, unedited, tuple(asker.chains()), ())
    stated = {(step.lang, one.lang) for step in plan.steps for one in step.statements}
    for place in ((edit, lang) for edit in spec.edit_langs for lang in members(edit)):
        if place not in stated:
            lang = place[1]
            raise RunError(
                f"no fact of {benchmark.name!r} {start}:{stop} is stated in {lang!r} so that "
                f"{spec.method!r} can edit it; it is in: {', '.join(benchmark.langs)}"
            )
    notes = (*_notes(spec, benchmark, asker), asker.few())
    return replace(plan, notes=tuple(note for note in notes if note))


def _check(spec: RunSpec, benchmark: Benchmark, unedited: Iterable[Unit]) -> None:
    asked = {unit.place.lang for unit in unedited if unit.questions}
    for lang in spec.test_langs:
        if lang not in asked:
            raise RunError(
                f"{benchmark.name!r} has no {' or '.join(spec.kinds)} question in {lang!r} for these facts; "
                f"it has: {', '.join(benchmark.langs)}"
            )


def _notes(spec: RunSpec, benchmark: Benchmark, asker: Asker) -> Iterator[str]:
    facts = benchmark.facts[slice(*spec.facts)]
    yield from dict.fromkeys(
        note for edit in spec.edit_langs for note in _not_edited(spec, facts, edit, asker)
    )
    have = Counter[tuple[str, str]]()
    for fact in facts:
        have.update({(probe.kind, probe.lang) for probe in fact.probes})
    for kind in spec.kinds:
        lacking = {lang: len(facts) - have[kind, lang] for lang in spec.test_langs}
        if any(lacking.values()):
            counts = ", ".join(f"{lang} {count}" for lang, count in lacking.items())
            yield f"facts without a {kind} question, of {len(facts)}: {counts}"
    yield from _not_asked(spec, benchmark, asker)


def _not_edited(spec: RunSpec, facts: Sequence[Fact], edit: str, asker: Asker) -> Iterator[str]:
    """Which facts lack a language of an edit, or all of them."""
    langs = members(edit)
    for lang in langs:
        left = sum(lang not in fact.statements for fact in facts)
        if left:
            there = "" if langs == (lang,) else f", if at all in others of {edit}"
            yield f"{left} of {len(facts)} facts are not stated in {lang}: not edited in {lang}{there}"
        stated = [fact.statements[lang] for fact in facts if lang in fact.statements]
        reasons = [why for why in map(asker.refusal, stated) if why]
        hard = reasons.count(NO_SUBJECT)
        if hard:
            yield f"{hard} of {len(facts)} facts cannot be edited by {spec.method} in {lang}: {NO_SUBJECT}"
        yield from (f"not edited in {lang}: {why}" for why in reasons if why != NO_SUBJECT)
    if len(langs) > 1:
        edited = {one.fact for batch in range(len(asker.batches)) for one in asker.editable(edit, batch)}
        if len(edited) < len(facts):
            yield f"{len(facts) - len(edited)} of {len(facts)} facts can be edited in no language of {edit}"


def _not_asked(spec: RunSpec, benchmark: Benchmark, asker: Asker) -> Iterator[str]:
    apart = 0
    for batch, facts in enumerate(asker.batches):
        edited = asker.edited_with(batch)
        probes = (probe for fact in facts for probe in fact.probes)
        apart += sum(_chosen(spec, probe) and not edited.issuperset(probe.needs) for probe in probes)
    if apart:
        where = "this run" if spec.sequence == "batches" else "their batch"
        yield f"{apart} questions need the edit of a fact outside {where}: not asked"
    unlinked = sum(_chosen(spec, probe) for probe in benchmark.unlinked)
    if unlinked:
        yield f"{unlinked} questions of these kinds are linked to no fact: not asked"


def _chosen(spec: RunSpec, probe: Probe) -> bool:
    return probe.kind in spec.kinds and probe.lang in spec.test_langs
