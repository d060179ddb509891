"""Which questions stand in which unit, and which edits come on top of which."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from mlake.errors import RunError
from mlake.evaluation.spec import NO_METHOD, RunSpec
from mlake.evaluation.units import Place, Question, Step, Unit
from mlake.languages.sets import members
from mlake.records import Benchmark, Fact, Probe, Statement

__all__ = ["Asker"]


class _Edit(NamedTuple):
    """Language, or set of languages, and batch of an edit, and what can be edited."""

    lang: str
    batch: int
    statements: Sequence[Statement]

    @property
    def facts(self) -> frozenset[str]:
        """Ids of the facts that are edited."""
        return frozenset(one.fact for one in self.statements)


class Asker:
    """Chooses the questions of every unit of a run.

    Attributes:
        batches: The facts of each batch.
    """

    def __init__(self, spec: RunSpec, benchmark: Benchmark, refusal: Callable[[Statement], str | None]):
        start, stop = spec.facts
        self.spec = spec
        self.facts = benchmark.facts
        self.batches = tuple(
            benchmark.facts[at : min(at + spec.batch_size, stop)]
            for at in range(start, stop, spec.batch_size)
        )
        self.kinds = frozenset(spec.kinds)
        self.refusal = refusal
        self._every = _ids(self.batches)

    def own(self, facts: Iterable[Fact], lang: str, edited: frozenset[str]) -> tuple[Question, ...]:
        """The selected questions about these facts, except those that need a fact that is not edited."""
        return tuple(
            Question(probe.kind, probe)
            for fact in facts
            for probe in fact.probes
            if probe.lang == lang and probe.kind in self.kinds and edited.issuperset(probe.needs)
        )

    def edited_with(self, batch: int) -> frozenset[str]:
        """Ids of all facts that may ever be in force together with those of a batch."""
        return self._every if self.spec.sequence == "batches" else _ids([self.batches[batch]])

    def locality(self, batch: int, lang: str) -> tuple[Question, ...]:
        """One direct question each about the next facts after a batch, around the end if need be.

        Facts that have been edited by then are left out. None where nothing is edited: all questions are
        about other facts there.
        """
        if self.spec.method == NO_METHOD:
            return ()
        first, last = self.spec.facts[0], self.spec.facts[0] + batch * self.spec.batch_size
        begin = first if self.spec.sequence == "batches" else last
        found: list[Question] = []
        for at in range(last + len(self.batches[batch]), begin + len(self.facts)):
            if len(found) == self.spec.locality:
                break
            fact = self.facts[at % len(self.facts)]
            probe = next((one for one in fact.probes if one.kind == "direct" and one.lang == lang), None)
            if probe is not None and lang in fact.statements:
                found.append(Question("locality", probe))
        return tuple(found)

    def unedited(self) -> Iterator[Unit]:
        """Units that ask every question of the run once."""
        probes: dict[str, Probe] = {}
        for lang in self.spec.test_langs:
            for question in self.own(chain.from_iterable(self.batches), lang, self._every):
                _remember(probes, question.probe)
        own, asked = set(probes), set()
        for batch, facts in enumerate(self.batches):
            for lang in self.spec.test_langs:
                others = [one for one in self.locality(batch, lang) if one.probe.id not in own]
                chosen: dict[str, Question] = {}
                for question in (*self.own(facts, lang, self.edited_with(batch)), *others):
                    _remember(probes, question.probe)
                    if question.probe.id not in asked:
                        chosen.setdefault(question.probe.id, question)
                asked |= set(chosen)
                yield Unit(Place(None, batch, lang), tuple(chosen.values()))

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

    def chains(self) -> Iterator[tuple[Step, ...]]:
        """The edits in their order, those that come on top of each other as one chain."""
        langs, batches = self.spec.edit_langs, range(len(self.batches))
        match self.spec.sequence:
            case "batches":
                orders = [[(lang, batch) for batch in batches] for lang in langs]
            case "languages":
                orders = [[(lang, batch) for lang in langs] for batch in batches]
            case _:
                orders = [[(lang, batch)] for lang in langs for batch in batches]
        for order in orders:
            found = [_Edit(lang, batch, self.editable(lang, batch)) for lang, batch in order]
            edits = [one for one in found if one.statements]
            if edits:
                yield tuple(self._step(edits, at) for at in range(len(edits)))

    def editable(self, edit: str, batch: int) -> list[Statement]:
        """The statements of a batch that can be edited, a fact's in all languages of the edit together.

        Facts that have none are not asked about either.
        """
        stated = (fact.statements.get(lang) for fact in self.batches[batch] for lang in members(edit))
        return [one for one in stated if one is not None and self.refusal(one) is None]

    def _step(self, edits: Sequence[_Edit], at: int) -> Step:
        """The edit at a place of its chain, and what is asked after it.

        That is its own facts and those of the first edit; after the last one, the facts of all.
        """
        lang, batch, statements = edits[at]
        in_force = edits[: at + 1]
        wanted = in_force if at == len(edits) - 1 else [edits[0], edits[at]]
        edited, ids = (frozenset().union(*(one.facts for one in some)) for some in (in_force, wanted))
        place = None if self.spec.sequence is None else at
        units = []
        for asked in dict.fromkeys(one.batch for one in wanted):
            facts = [fact for fact in self.batches[asked] if fact.id in ids]
            for test in self.spec.test_langs:
                others = self.locality(batch, test) if asked == batch else ()
                questions = self.own(facts, test, edited) + others
                units.append(Unit(Place(lang, asked, test, place), questions))
        return Step(lang, batch, tuple(statements), tuple(units))


def _ids(groups: Iterable[Iterable[Fact]]) -> frozenset[str]:
    return frozenset(fact.id for group in groups for fact in group)


def _remember(probes: dict[str, Probe], probe: Probe) -> None:
    known = probes.setdefault(probe.id, probe)
    if known != probe:
        raise RunError(f"two different questions share the id {probe.id!r}: {known.text!r}, {probe.text!r}")
