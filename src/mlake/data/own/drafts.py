"""Facts put together from lines, one fact and language each, whatever file the lines came from."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from mlake.data.faults import shown
from mlake.data.own.lines import Line
from mlake.data.questions import direct
from mlake.languages import LANGUAGES, is_known
from mlake.records import Fact, Probe, Statement, Triple
from mlake.text import normalise

__all__ = ["DEFAULT_LANG", "Drafts"]

DEFAULT_LANG = next(iter(LANGUAGES))
"""Language of a line that names none."""


@dataclass
class _Draft:
    """A fact whose lines are still being collected, and where in the file its languages were stated."""

    id: str
    row: int
    subject_id: str | None
    relation_id: str | None
    statements: dict[str, Statement] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    relations: dict[str, str] = field(default_factory=dict)
    probes: list[Probe] = field(default_factory=list)

    def finish(self) -> Fact:
        return Fact(
            self.id,
            self.row,
            self.statements,
            tuple(self.probes),
            self.subject_id,
            self.relation_id,
            self.relations,
        )


class Drafts:
    """Collects lines; notes what only several fields or lines together show to be wrong.

    Attributes:
        unlinked: Probes that belong to no fact.
    """

    def __init__(self) -> None:
        self.unlinked: list[Probe] = []
        self._facts: dict[str, _Draft] = {}
        self._places: dict[str, str] = {}

    def add(self, line: Line) -> None:
        """Takes one fact in one language."""
        fact = line.text("fact", line.where.replace(" ", "-"))
        lang = line.text("lang", DEFAULT_LANG)
        draft = self._draft(line, fact)
        statement = _statement(line, fact, lang)
        if lang in draft.statements:
            first = draft.places[lang]
            line.problem("fact", f"{shown(fact)} is stated twice in {shown(lang)}; first: {first}")
            return
        draft.statements[lang] = statement
        draft.places[lang] = line.where
        relation = line.optional("relation")
        if relation is not None:
            draft.relations[lang] = relation
        listed = list(self._probes(line, "probes", fact, lang))
        if not any(probe.kind == "direct" and probe.lang == lang for probe in listed):
            asked = direct(statement)
            self._take_id(line, "fact", asked.id)
            listed.insert(0, asked)
        draft.probes += listed

    def add_unlinked(self, line: Line) -> None:
        """Takes questions that belong to no fact."""
        self.unlinked += self._probes(line, "unlinked", None, "")

    def facts(self) -> tuple[Fact, ...]:
        """The facts in order of their first line."""
        return tuple(draft.finish() for draft in self._facts.values())

    def _draft(self, line: Line, fact: str) -> _Draft:
        known = self._facts.get(fact)
        row = line.count("row", known.row if known else len(self._facts))
        own = _Draft(fact, row, line.optional("subject_id"), line.optional("relation_id"))
        draft = self._facts.setdefault(fact, own)
        for name in ("row", "subject_id", "relation_id"):
            if getattr(own, name) != getattr(draft, name):
                line.problem(name, f"differs from the other lines of fact {shown(fact)}")
        return draft

    def _probes(self, line: Line, name: str, fact: str | None, lang: str) -> Iterator[Probe]:
        for at, item in line.objects(name):
            probe = _probe(item, fact, lang, at)
            self._take_id(item, "id", probe.id)
            yield probe

    def _take_id(self, line: Line, name: str, probe: str) -> None:
        if probe in self._places:
            line.problem(name, f"probe id {shown(probe)} occurs twice; first: {self._places[probe]}")
        self._places.setdefault(probe, line.where)


def _statement(line: Line, fact: str, lang: str) -> Statement:
    question, subject = line.text("question"), line.optional("subject")
    if question and subject and subject not in question:
        alike = is_known(lang) and normalise(subject, lang) in normalise(question, lang)
        hint = (
            "; only case, blanks, quotes, dashes or Unicode forms differ: copy it from there" if alike else ""
        )
        line.problem("subject", f"{shown(subject)} does not occur in the question{hint}")
    if len(line.text("new_answer").splitlines()) > 1:
        line.problem("new_answer", "holds a line break, where answers end; write it in one line")
    return Statement(
        fact=fact,
        lang=lang,
        question=question,
        subject=subject,
        old=line.text("old_answer"),
        new=line.text("new_answer"),
        old_aliases=line.texts("old_aliases"),
        new_aliases=line.texts("new_aliases"),
        old_sentence=line.text("old_sentence"),
        new_sentence=line.text("new_sentence"),
        subject_sure=line.flag("subject_sure", True),
    )


def _probe(line: Line, fact: str | None, lang: str, at: int) -> Probe:
    kind, code = line.text("kind"), line.text("lang", lang)
    return Probe(
        id=line.text("id", f"{fact or line.where}/{code}/{kind}-{at}"),
        fact=fact,
        kind=kind,
        lang=code,
        text=line.text("text"),
        accept=line.texts("accept"),
        reject=line.texts("reject"),
        options=line.texts("options"),
        relations=line.texts("relations"),
        triples=tuple(_triples(line)),
        needs=line.texts("needs"),
    )


def _triples(line: Line) -> Iterator[Triple]:
    for item in line.items("triples"):
        if isinstance(item, list) and len(item) == 3:
            yield Triple(*item)
