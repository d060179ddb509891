"""The wording of one language: questions, sentences and two-hop questions about facts."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mlake.construct.wording.fill import Filler, Join, Named, fill, finished
from mlake.errors import DataError

__all__ = ["RelationWording", "Wording"]


@dataclass(frozen=True, slots=True)
class RelationWording:
    """How facts of one relation are put, for subjects of one kind or of any.

    Attributes:
        label: Plain name of the relation.
        question: Question with ``{s}`` for the subject.
        paraphrases: The same in other words.
        sentence: The fact as a sentence, with ``{s}`` and ``{o}``.
        head: Class of the noun phrase that stands for the object in a question over two hops.
        phrase: What stands in the forms of that class, with ``{s}``.
        hop: The question where such a phrase is its subject.
    """

    label: str
    question: str
    paraphrases: tuple[str, ...]
    sentence: str
    head: str
    phrase: str
    hop: str


@dataclass(frozen=True, slots=True)
class Wording:
    """How a language words facts.

    Attributes:
        lang: Language code.
        classes: Name of a grammatical class to its forms: patterns with ``{}``.
        kinds: Kind of entity to the class of its names.
        members: Id of an entity to its class, where it is not that of its kind.
        joins: What happens where a slot meets the words before it.
        relations: Relation and kind of subject to how it is put; for kinds that are not listed, ``""``.
    """

    lang: str
    classes: Mapping[str, Mapping[str, str]]
    kinds: Mapping[str, str]
    members: Mapping[str, str]
    joins: tuple[Join, ...]
    relations: Mapping[tuple[str, str], RelationWording]

    def has(self, relation: str) -> bool:
        """Whether facts of the relation can be worded."""
        return (relation, "") in self.relations

    def relation(self, relation: str, kind: str) -> RelationWording:
        """How a relation is put for subjects of a kind.

        Raises:
            DataError: The language has no wording of the relation.
        """
        if not self.has(relation):
            raise DataError(
                f"no wording of relation {relation} in {self.lang}: add [relations.{relation}] to its file"
            )
        return self.relations.get((relation, kind), self.relations[relation, ""])

    def question(self, relation: str, subject: Named) -> str:
        """The question about a fact."""
        return self._asked(self.relation(relation, subject.kind).question, subject)

    def paraphrases(self, relation: str, subject: Named) -> Iterator[str]:
        """The question in other words."""
        for template in self.relation(relation, subject.kind).paraphrases:
            yield self._asked(template, subject)

    def sentence(self, relation: str, subject: Named, obj: Named) -> str:
        """The fact as a sentence."""
        template = self.relation(relation, subject.kind).sentence
        fillers = {"s": self._filler(subject), "o": self._filler(obj)}
        return finished(fill(template, fillers, self.joins))

    def two_hop(self, first: str, subject: Named, second: str, middle_kind: str) -> str:
        """The question over two hops, which does not name what is in the middle.

        Args:
            first: Relation of the first hop.
            subject: Its subject.
            second: Relation of the second hop.
            middle_kind: Kind of the object of the first hop, which is the subject of the second.
        """
        row = self.relation(first, subject.kind)
        phrase = fill(row.phrase, {"s": self._filler(subject)}, self.joins)
        middle = Filler.of_phrase(phrase, self.classes[row.head], f"phrase of {first} in {self.lang}")
        return finished(fill(self.relation(second, middle_kind).hop, {"s": middle}, self.joins))

    def _asked(self, template: str, subject: Named) -> str:
        return finished(fill(template, {"s": self._filler(subject)}, self.joins))

    def _filler(self, named: Named) -> Filler:
        name = self.members.get(named.id) or self.kinds.get(named.kind, "bare")
        return Filler.of_name(named.name, self.classes[name])
