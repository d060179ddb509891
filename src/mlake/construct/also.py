"""Facts that are given in one language, stated in others too, as far as their ids are known.

Names are those of the packaged snapshot, questions and sentences those of the wording files. A fact says what
it is about by its ids; where it has none they are found by its names and by its question, and a name that
several things have is no guess. What cannot be told so, a writer may
state where one is at hand.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from mlake.construct.names import name_rows, true_objects
from mlake.construct.relations import read_relations
from mlake.construct.source import Entity, read_source
from mlake.construct.stage import Row
from mlake.construct.wording import Named, read_wording, worded_languages
from mlake.construct.written import Ask, request, written
from mlake.data.check.matching import has, key
from mlake.data.questions import direct
from mlake.languages import language
from mlake.languages.sets import members
from mlake.records import Fact, Statement

__all__ = ["Also", "stated_also"]


@dataclass(frozen=True, slots=True)
class Also:
    """Facts in more languages.

    Attributes:
        facts: All facts, each with what was added.
        added: The statements that were added.
        reasons: Why facts could not be stated in a language, one line each.
    """

    facts: tuple[Fact, ...]
    added: tuple[Statement, ...]
    reasons: tuple[str, ...]


def stated_also(facts: Sequence[Fact], lang: str, also: Sequence[str], ask: Ask | None = None) -> Also:
    """State facts in further languages.

    A fact is read in the first of its languages that ``lang`` names. Besides its statement it gets the
    question in other words, to be asked and never edited.

    Args:
        facts: The facts.
        lang: Language that they are given in, or set of languages such as ``en+de``.
        also: Languages to state them in; what a fact has already stays.
        ask: Asks a chat model for what the ids do not give.

    Raises:
        DataError: The snapshot has no names in a language, or the language no wording.
        UnknownNameError: A language is not known.
    """
    stater = _Stater(lang, also, every=ask is None)
    made, open_ = list(facts), []
    for at, fact in enumerate(facts):
        given = next((fact.statements[one] for one in members(lang) if one in fact.statements), None)
        lacking = [one for one in also if one not in fact.statements]
        if given is None or not lacking:
            continue
        ids = stater.ids(fact, given)
        if not isinstance(ids, str):
            made[at] = replace(fact, subject_id=ids.subject, relation_id=ids.relation)
        for one in lacking:
            found = ids if isinstance(ids, str) else stater.stated(made[at], ids, one)
            if isinstance(found, str):
                open_.append((at, given, one, found))
            else:
                made[at] = found
    reasons = _written(made, open_, ask)
    added = [
        said
        for before, after in zip(facts, made, strict=True)
        for one, said in after.statements.items()
        if one not in before.statements
    ]
    return Also(tuple(made), tuple(added), tuple(reasons))


_Open = tuple[int, Statement, str, str]
"""Place of a fact, its statement, the language that it lacks, and why it could not be stated there."""


def _written(made: list[Fact], open_: Sequence[_Open], ask: Ask | None) -> list[str]:
    """Have a writer state what is open; why what is left could not be stated, a line a fact and reason."""
    replies = ask([request(given, lang) for _, given, lang, _ in open_]) if ask and open_ else []
    left: dict[tuple[int, str], list[str]] = {}
    for place, (at, given, lang, why) in enumerate(open_):
        found = written(replies[place], given, lang) if replies else why
        if isinstance(found, str):
            left.setdefault((at, found), []).append(lang)
            continue
        made[at] = replace(
            made[at],
            statements={**made[at].statements, lang: found},
            probes=(*made[at].probes, direct(found)),
        )
    return [f"fact {made[at].id!r} in {', '.join(langs)}: {why}" for (at, why), langs in left.items()]


@dataclass(frozen=True, slots=True)
class _Ids:
    """What a fact is about; ``old`` is None where it is not known."""

    subject: str
    relation: str
    new: str
    old: str | None


class _Stater:
    """Finds the ids of facts, and states them by their ids.

    Args:
        lang: Language, or set of languages, that facts are given in.
        also: Languages to state them in.
        every: Whether all of these must have names and wordings.
    """

    def __init__(self, lang: str, also: Sequence[str], *, every: bool):
        codes = [language(one).code for one in dict.fromkeys((*members(lang), *also))]
        have = [one for one in codes if every or one in worded_languages()]
        self.source = read_source(None, have)
        self.relations = read_relations()
        self.wordings = {one: read_wording(one) for one in have}
        self.truth = true_objects(self.source)
        self._rows: dict[tuple[str, str], Row] = {}

    def ids(self, fact: Fact, said: Statement) -> _Ids | str:
        """The ids of a fact, or why they are not known."""
        if said.lang not in self.wordings:
            return f"the snapshot has no names in {said.lang}; write its lines yourself"
        if said.subject is None:
            return "its subject is not given; add one that stands in the question"
        known = self.source.entities.get(fact.subject_id or "")
        subjects = [known] if known else self._named(said.subject, said.lang)
        if not subjects:
            return f"the snapshot has no thing called {said.subject!r}; write its lines yourself"
        pairs = list(self._pairs(fact, said, subjects))
        if len(pairs) != 1:
            lacking = "relation_id" if len(subjects) == 1 else "subject_id and relation_id"
            return f"its question tells no relation, or several; add {lacking}"
        subject, relation = pairs[0]
        kinds = self.relations[relation].objects.get(subject.kind) if relation in self.relations else None
        new = self._only(said.new, said.lang, kinds)
        if new is None:
            return f"the snapshot has no one thing called {said.new!r}; write its lines yourself"
        old = self._only(said.old, said.lang, kinds) if said.old else None
        true = self.truth.get((subject.id, relation)) if not said.old else None
        return _Ids(subject.id, relation, new.id, old.id if old else true)

    def stated(self, fact: Fact, ids: _Ids, lang: str) -> Fact | str:
        """A fact with its statement in one more language, or why it cannot be stated there."""
        wording = self.wordings.get(lang)
        if wording is None:
            return f"the snapshot has no names in {lang}; write its line yourself"
        if not wording.has(ids.relation):
            return f"there is no wording of the relation {ids.relation}; write its line yourself"
        ends = [one for one in (ids.subject, ids.new, ids.old) if one is not None]
        lacking = [one for one in ends if lang not in self.source.entities[one].labels]
        if lacking:
            return f"the snapshot has no name of {lacking[0]}; write its line yourself"
        subject, *others = (Named(one, *self._called(one, lang)) for one in ends)
        old = others[1] if len(others) > 1 else None
        names = {one.id: self._names(one.id, lang) for one in others}
        new_names, old_names = _apart(names[ids.new], names[old.id] if old else (), lang)
        said = Statement(
            fact.id,
            lang,
            wording.question(ids.relation, subject),
            subject.name,
            old_names[0] if old else "",
            new_names[0],
            old_aliases=old_names[1:],
            new_aliases=new_names[1:],
            old_sentence=wording.sentence(ids.relation, subject, old) if old else "",
            new_sentence=wording.sentence(ids.relation, subject, others[0]),
        )
        if subject.name not in said.question or not has(said.new_sentence, (said.new,), lang):
            return "its texts would not give its names as they stand; write its line yourself"
        asked = direct(said)
        words = enumerate(wording.paraphrases(ids.relation, subject), 1)
        rephrased = (
            replace(asked, id=f"{fact.id}/{lang}/paraphrase-{at}", kind="paraphrase", text=text)
            for at, text in words
        )
        label = wording.relation(ids.relation, subject.kind).label
        return replace(
            fact,
            statements={**fact.statements, lang: said},
            probes=(*fact.probes, asked, *rephrased),
            relations={**fact.relations, lang: label},
        )

    def _pairs(self, fact: Fact, said: Statement, subjects: Sequence[Entity]) -> Iterator[tuple[Entity, str]]:
        """Subjects and relations that a fact can be about: by its relation's id, else by its question."""
        for subject in subjects:
            if fact.relation_id is not None:
                row = self.relations.get(fact.relation_id)
                if len(subjects) == 1 or (row is not None and subject.kind in row.objects):
                    yield subject, fact.relation_id
            else:
                yield from ((subject, one) for one in self._asked(said, subject))

    def _asked(self, said: Statement, subject: Entity) -> Iterator[str]:
        """The relations whose wordings ask a question about a subject."""
        wording, named = self.wordings[said.lang], Named(subject.id, subject.kind, said.subject or "")
        wanted = key(said.question, said.lang)
        for relation in self.relations:
            if wording.has(relation):
                texts = (wording.question(relation, named), *wording.paraphrases(relation, named))
                if wanted in {key(text, said.lang) for text in texts}:
                    yield relation

    def _named(self, name: str, lang: str) -> list[Entity]:
        """The things with a main name, else those with another name."""
        wanted = key(name.strip(), lang)
        every = self.source.entities.values()
        main = [one for one in every if key(one.labels.get(lang, ""), lang) == wanted]
        return main or [one for one in every if wanted in {key(a, lang) for a in one.aliases.get(lang, ())}]

    def _only(self, name: str, lang: str, kinds: Sequence[str] | None) -> Entity | None:
        """The one thing of this name, of kinds that the relation may have."""
        found = [one for one in self._named(name, lang) if kinds is None or one.kind in kinds]
        return found[0] if len(found) == 1 else None

    def _called(self, entity: str, lang: str) -> tuple[str, str]:
        """Kind and name of a thing."""
        one = self.source.entities[entity]
        return one.kind, one.labels[lang]

    def _names(self, entity: str, lang: str) -> tuple[str, ...]:
        """The names of a thing that count as an answer, the main one first."""
        if (entity, lang) not in self._rows:
            draft: Row = {"subject": entity, "object": entity, "new": entity}
            draft.update({name: [] for name in ("distractors", "before", "after", "others")})
            (self._rows[entity, lang],) = name_rows(self.source, [draft], [lang]).rows
        row = self._rows[entity, lang]
        return (row["labels"][lang], *row["aliases"][lang])


def _apart(new: tuple[str, ...], old: tuple[str, ...], lang: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Both answers' names without aliases that stand in a name of the other."""

    def kept(own: tuple[str, ...], others: tuple[str, ...]) -> tuple[str, ...]:
        apart = [
            alias
            for alias in own[1:]
            if not any(has(one, ("", alias), lang) or has(alias, ("", one), lang) for one in others)
        ]
        return (*own[:1], *apart)

    return kept(new, old), kept(old, new)
