"""What a run will ask: facts in batches, and one unit of questions a batch, edit and language."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from mlake.errors import RunError
from mlake.evaluation.spec import NO_METHOD, RunSpec
from mlake.records import Benchmark, Fact, Kind, Probe, Statement

__all__ = ["UNEDITED", "Plan", "Question", "Step", "Unit", "make_plan"]

UNEDITED = "unedited"


class Question(NamedTuple):
    """A probe, and what it tests at this place of the run."""

    kind: Kind
    probe: Probe


@dataclass(frozen=True, slots=True)
class Unit:
    """The questions that are asked and stored together.

    Attributes:
        edit_lang: Language of the edit in force; None for the unedited model.
        batch: Index of the batch.
        lang: Language of the questions.
        questions: The questions; empty where the unedited model has answered all of them before.
    """

    edit_lang: str | None
    batch: int
    lang: str
    questions: tuple[Question, ...]

    @property
    def name(self) -> str:
        """Its file below ``answers/``, without the ending."""
        return f"{self.edit_lang or UNEDITED}/{self.batch:03d}-{self.lang}"


@dataclass(frozen=True, slots=True)
class Step:
    """One edit and the units that are asked while it is in force."""

    lang: str
    batch: int
    statements: tuple[Statement, ...]
    units: tuple[Unit, ...]

    @property
    def name(self) -> str:
        """Its file below ``edits/``, without the ending."""
        return f"{self.lang}/{self.batch:03d}"


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole run.

    Attributes:
        batches: The facts of each batch.
        unedited: Units for the unedited model; every probe stands in exactly one of them.
        steps: The edits in order, each with its units.
        notes: What cannot be edited or asked, counted; one line each.
    """

    batches: tuple[tuple[Fact, ...], ...]
    unedited: tuple[Unit, ...]
    steps: tuple[Step, ...]
    notes: tuple[str, ...]

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
        """The plan as plain JSON values: fact ids a batch, number of questions a unit, notes."""
        return {
            "batches": [[fact.id for fact in batch] for batch in self.batches],
            "notes": list(self.notes),
            "units": {unit.name: len(unit.questions) for unit in self.units},
        }


def make_plan(
    spec: RunSpec, benchmark: Benchmark, *, usable: Callable[[Statement], bool] = lambda statement: True
) -> Plan:
    """The plan of a run over a data set.

    Args:
        spec: The settings.
        benchmark: The data set.
        usable: Whether the method can edit a statement; where it cannot, the fact is neither edited nor
            asked in that edit language, and counted.

    Raises:
        RunError: The slice ends after the last fact, nothing is stated in an edit language, nothing
            can be asked in a test language, or two probes share an id.
    """
    start, stop = spec.facts
    if stop > len(benchmark.facts):
        raise RunError(f"facts {start}:{stop} end after fact {len(benchmark.facts)} of {benchmark.name!r}")
    facts = benchmark.facts[start:stop]
    batches = tuple(facts[at : at + spec.batch_size] for at in range(0, len(facts), spec.batch_size))
    asker = _Asker(spec, benchmark, batches, usable)
    unedited = tuple(asker.unedited())
    _check(spec, benchmark, unedited)
    steps: list[Step] = []
    for lang in spec.edit_langs:
        steps += asker.steps(lang)
        if not steps or steps[-1].lang != lang:
            raise RunError(
                f"no fact of {benchmark.name!r} {start}:{stop} is stated in {lang!r} so that "
                f"{spec.method!r} can edit it; it is in: {', '.join(benchmark.langs)}"
            )
    notes = (*_notes(spec, benchmark, facts, steps), asker.few())
    return Plan(batches, unedited, tuple(steps), tuple(note for note in notes if note))


class _Asker:
    """Chooses the questions of every unit."""

    def __init__(
        self,
        spec: RunSpec,
        benchmark: Benchmark,
        batches: Sequence[tuple[Fact, ...]],
        usable: Callable[[Statement], bool],
    ):
        self.spec = spec
        self.facts = benchmark.facts
        self.batches = batches
        self.kinds = frozenset(spec.kinds)
        self.usable = usable

    def own(self, facts: Iterable[Fact], lang: str) -> tuple[Question, ...]:
        """The selected questions about these facts, except those that need the edit of another fact too."""
        facts = tuple(facts)
        edited = {fact.id for fact in facts}
        return tuple(
            Question(probe.kind, probe)
            for fact in facts
            for probe in fact.probes
            if probe.lang == lang and probe.kind in self.kinds and edited.issuperset(probe.needs)
        )

    def locality(self, batch: int, lang: str) -> tuple[Question, ...]:
        """One direct question each about the next facts after the batch, around the end if need be.

        None where nothing is edited: all questions are about other facts there.
        """
        if self.spec.method == NO_METHOD:
            return ()
        stop = self.spec.facts[0] + batch * self.spec.batch_size + len(self.batches[batch])
        others = len(self.facts) - len(self.batches[batch])
        found: list[Question] = []
        for step in range(others):
            if len(found) == self.spec.locality:
                break
            fact = self.facts[(stop + step) % len(self.facts)]
            probe = next((one for one in fact.probes if one.kind == "direct" and one.lang == lang), None)
            if probe is not None and lang in fact.statements:
                found.append(Question("locality", probe))
        return tuple(found)

    def unedited(self) -> Iterator[Unit]:
        """Units that ask every question of the run once."""
        probes: dict[str, Probe] = {}
        for lang in self.spec.test_langs:
            for question in self.own((fact for batch in self.batches for fact in batch), lang):
                _remember(probes, question.probe)
        own, asked = set(probes), set()
        for batch, facts in enumerate(self.batches):
            for lang in self.spec.test_langs:
                others = [one for one in self.locality(batch, lang) if one.probe.id not in own]
                chosen: dict[str, Question] = {}
                for question in (*self.own(facts, lang), *others):
                    _remember(probes, question.probe)
                    if question.probe.id not in asked:
                        chosen.setdefault(question.probe.id, question)
                asked |= set(chosen)
                yield Unit(None, batch, lang, tuple(chosen.values()))

    def few(self) -> str | None:
        """A note on the units that lack questions outside their batch, if there are any."""
        if self.spec.method == NO_METHOD:
            return None
        langs = self.spec.test_langs
        counts = [len(self.locality(batch, lang)) for batch in range(len(self.batches)) for lang in langs]
        short = sum(count < self.spec.locality for count in counts)
        if not short:
            return None
        return (
            f"locality: {short} of {len(counts)} batches and languages have fewer than {self.spec.locality} "
            f"direct questions on facts outside the batch, the least {min(counts)}"
        )

    def steps(self, edit_lang: str) -> Iterator[Step]:
        """The edits in one language. Facts that cannot be edited in it are not asked either."""
        for batch, facts in enumerate(self.batches):
            stated = [
                fact
                for fact in facts
                if edit_lang in fact.statements and self.usable(fact.statements[edit_lang])
            ]
            if stated:
                units = tuple(
                    Unit(edit_lang, batch, lang, self.own(stated, lang) + self.locality(batch, lang))
                    for lang in self.spec.test_langs
                )
                yield Step(edit_lang, batch, tuple(fact.statements[edit_lang] for fact in stated), units)


def _remember(probes: dict[str, Probe], probe: Probe) -> None:
    known = probes.setdefault(probe.id, probe)
    if known != probe:
        raise RunError(f"two different questions share the id {probe.id!r}: {known.text!r}, {probe.text!r}")


def _check(spec: RunSpec, benchmark: Benchmark, unedited: Iterable[Unit]) -> None:
    asked = {unit.lang for unit in unedited if unit.questions}
    for lang in spec.test_langs:
        if lang not in asked:
            raise RunError(
                f"{benchmark.name!r} has no {' or '.join(spec.kinds)} question in {lang!r} for these facts; "
                f"it has: {', '.join(benchmark.langs)}"
            )


def _notes(
    spec: RunSpec, benchmark: Benchmark, facts: Sequence[Fact], steps: Iterable[Step]
) -> Iterator[str]:
    edited = Counter[str]()
    for step in steps:
        edited[step.lang] += len(step.statements)
    for lang in spec.edit_langs:
        left = sum(lang not in fact.statements for fact in facts)
        if left:
            yield f"{left} of {len(facts)} facts are not stated in {lang}: not edited in {lang}"
        hard = len(facts) - left - edited[lang]
        if hard:
            yield f"{hard} of {len(facts)} facts cannot be edited by {spec.method} in {lang}: no subject"
    have = Counter[tuple[str, str]]()
    for fact in facts:
        have.update({(probe.kind, probe.lang) for probe in fact.probes})
    for kind in spec.kinds:
        lacking = {lang: len(facts) - have[kind, lang] for lang in spec.test_langs}
        if any(lacking.values()):
            counts = ", ".join(f"{lang} {count}" for lang, count in lacking.items())
            yield f"facts without a {kind} question, of {len(facts)}: {counts}"
    yield from _not_asked(spec, benchmark, facts)


def _not_asked(spec: RunSpec, benchmark: Benchmark, facts: Sequence[Fact]) -> Iterator[str]:
    apart = 0
    for at in range(0, len(facts), spec.batch_size):
        batch = facts[at : at + spec.batch_size]
        edited = {fact.id for fact in batch}
        probes = (probe for fact in batch for probe in fact.probes)
        apart += sum(_chosen(spec, probe) and not edited.issuperset(probe.needs) for probe in probes)
    if apart:
        yield f"{apart} questions need the edit of a fact outside their batch: not asked"
    unlinked = sum(_chosen(spec, probe) for probe in benchmark.unlinked)
    if unlinked:
        yield f"{unlinked} questions of these kinds are linked to no fact: not asked"


def _chosen(spec: RunSpec, probe: Probe) -> bool:
    return probe.kind in spec.kinds and probe.lang in spec.test_langs
