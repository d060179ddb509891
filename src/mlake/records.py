"""The records that cross folders: plain frozen values that look things up and leave thoughts out."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from reprlib import repr as shorter
from typing import NamedTuple, Self

from mlake.errors import DataError
from mlake.thoughts import after_thought

__all__ = [
    "Answer", "Asked", "Benchmark", "Exchange", "Fact", "Kind", "Probe", "Statement", "Triple",
]  # fmt: skip

Kind = str
"""Name of a kind of question: a row of ``mlake.kinds.KINDS``."""


class Triple(NamedTuple):
    """A Wikidata statement by ids, such as ``("Q410", "P108", "Q49115")``."""

    subject: str
    relation: str
    object: str


class Exchange(str):
    """A question, as a piece of ordinary text that knows its answer.

    Attributes:
        answer: What is true before any edit.
        lang: Language code.
        fact: Id of the fact that it asks for; empty if it is not known. Of two data sets it may be the same.
        subject: What it is about, verbatim as it stands there; empty if it is not known.
    """

    __slots__ = ("answer", "fact", "lang", "subject")
    answer: str
    lang: str
    fact: str
    subject: str

    def __new__(cls, question: str, answer: str, lang: str, fact: str = "", subject: str = "") -> Self:
        """The question with its answer."""
        made = super().__new__(cls, question)
        made.answer, made.lang, made.fact, made.subject = answer, lang, fact, subject
        return made


@dataclass(frozen=True, slots=True)
class Statement:
    """One fact in one language: what an editing method sees.

    Attributes:
        fact: Id of the fact.
        lang: Language code.
        question: The direct question about the fact.
        subject: The subject verbatim as it stands in ``question``; None if it is not known.
        subject_sure: False where the subject was recovered automatically and is in doubt.
        names: Names of the subject in every language that the fact is stated in; a ``Fact`` fills them in.
        old: Answer before the edit.
        new: Answer that the edit puts in its place.
        old_aliases: Other accepted names of the old answer.
        new_aliases: Other accepted names of the new answer.
        old_sentence: The fact as a sentence before the edit; empty if there is none.
        new_sentence: The fact as a sentence after the edit; empty if there is none.
    """

    fact: str
    lang: str
    question: str
    subject: str | None
    old: str
    new: str
    old_aliases: tuple[str, ...] = ()
    new_aliases: tuple[str, ...] = ()
    old_sentence: str = ""
    new_sentence: str = ""
    subject_sure: bool = True
    names: tuple[str, ...] = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Probe:
    """A question to ask a model. Editing methods never see probes.

    Attributes:
        id: Unique within its benchmark, stable between versions.
        fact: Id of the fact it belongs to; None where the release gives no link.
        kind: What it tests: a row of ``mlake.kinds.KINDS``.
        lang: Language code.
        text: The question.
        accept: Accepted answers, the main name first.
        reject: Answers that are wrong now (the old answer and its aliases); empty if none are known.
        options: Multiple choice only: the options in order.
        relations: Relation labels along the chain, as far as they are known.
        triples: Wikidata triples along the chain, as far as they are known.
        needs: Ids of other facts whose edits the accepted answer depends on too; asked after an edit
            only where they are edited together.
    """

    id: str
    fact: str | None
    kind: Kind
    lang: str
    text: str
    accept: tuple[str, ...]
    reject: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    relations: tuple[str, ...] = ()
    triples: tuple[Triple, ...] = ()
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Fact:
    """One edited fact, aligned over languages.

    Attributes:
        id: Stable id, such as ``mlake-0000``.
        row: Its place in the data set, from 0.
        statements: Language code to statement.
        probes: Every question that belongs to the fact, in all languages.
        subject_id: Wikidata id of the subject, if known.
        relation_id: Wikidata id of the relation, if known.
        relations: Language code to the relation's label.
    """

    id: str
    row: int
    statements: Mapping[str, Statement]
    probes: tuple[Probe, ...] = ()
    subject_id: str | None = None
    relation_id: str | None = None
    relations: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        every = (name for one in self.statements.values() for name in (one.subject, *one.names) if name)
        names = tuple(dict.fromkeys(every))
        stated = {lang: replace(one, names=names) for lang, one in self.statements.items()}
        object.__setattr__(self, "statements", stated)

    def __repr__(self) -> str:
        return f"Fact({shorter(self.id)}, {_listed(self.statements)}, {len(self.probes)} questions)"

    def stated(self, lang: str) -> Statement:
        """The statement in one language.

        Raises:
            DataError: The fact has no statement in that language.
        """
        try:
            return self.statements[lang]
        except KeyError:
            have = ", ".join(self.statements)
            raise DataError(f"fact {self.id!r} has no statement in {lang!r}; it has: {have}") from None


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A data set: its facts, and what is needed to cite it.

    Attributes:
        name: Name it was loaded by.
        revision: Revision of its source (commits, version or file name).
        sha256: Hash of the content that was read; part of every run's spec.
        facts: All facts in order.
        unlinked: Probes that could not be linked to a fact; never asked after an edit, never dropped.
        notes: What the loader had to say, one line each.
    """

    name: str
    revision: str
    sha256: str
    facts: tuple[Fact, ...]
    unlinked: tuple[Probe, ...] = ()
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        about = f"{len(self.facts)} facts in {_listed(self.langs)}"
        return f"Benchmark({shorter(self.name)}, {about}, sha256 {self.sha256[:12]})"

    @property
    def langs(self) -> tuple[str, ...]:
        """Languages in which at least one fact is stated, in order of first appearance."""
        return tuple(dict.fromkeys(lang for fact in self.facts for lang in fact.statements))


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model said to one question.

    Attributes:
        text: The raw answer, stripped of surrounding white space, otherwise untouched.
        stopped: Whether it ended by itself (False: cut at the token limit).
    """

    text: str
    stopped: bool

    def after_thought(self) -> "Answer":
        """What counts as the answer of a model that thinks first: nothing where the thought is cut off."""
        text, ended = after_thought(self.text)
        return self if text == self.text else replace(self, text=text, stopped=self.stopped and ended)


@dataclass(frozen=True, slots=True)
class Asked:
    """One answer with everything needed to score it. Thoughts before an answer are left out, whoever made it.

    Attributes:
        edit_lang: Language the model was last edited in; None for the unedited model.
        batch: Index of the batch whose questions these are; None for the unedited model.
        kind: What the question tested here. Equal to ``probe.kind``, except that a question about a
            fact outside the batch counts as ``locality``.
        probe: The question.
        answer: What the model said, without its thought.
        before: What the unedited model said to the same question, alike; None for the unedited model itself.
        step: Of a sequence, how many edits of its chain were made before the last one in force; None
            where each edit is made from the unedited model.
    """

    edit_lang: str | None
    batch: int | None
    kind: Kind
    probe: Probe
    answer: Answer
    before: Answer | None
    step: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "answer", self.answer.after_thought())
        if self.before is not None:
            object.__setattr__(self, "before", self.before.after_thought())


def _listed(langs: Collection[str]) -> str:
    """Codes of a few languages, else how many there are."""
    return ", ".join(langs) if len(langs) <= 8 else f"{len(langs)} languages"
