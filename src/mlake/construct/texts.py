"""The stage ``texts``: every question and sentence of the build, in the line format of facts."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from string import ascii_uppercase

from mlake.construct.proof import proved
from mlake.construct.stage import Made, Row
from mlake.construct.wording import Named, Wording
from mlake.data.check.matching import has

__all__ = ["Writer", "text_rows", "text_writers", "unsaid"]

_Names = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes the texts of facts in one language.

    Attributes:
        wording: How the language words facts.
        names: Id of an entity to its row of the stage ``names``.
        truth: Subject and relation to the true object, for the answers that an edit makes wrong.
        seed: Seed of the order of options.
    """

    wording: Wording
    names: Mapping[str, Row]
    truth: Mapping[tuple[str, str], str]
    seed: int

    def line(self, draft: Row, place: int) -> Row:
        """A fact in this language: a line of a facts file.

        Args:
            draft: Its row of the stage ``edits``.
            place: Its place in the build, from 0.
        """
        lang, relation = self.wording.lang, draft["relation"]
        subject, old, new = (self._named(draft[end]) for end in ("subject", "object", "new"))
        accept, reject = self._answers(draft["new"], draft["object"])
        return {
            "fact": draft["id"],
            "row": place,
            "lang": lang,
            "question": self.wording.question(relation, subject),
            "subject": subject.name,
            "old_answer": old.name,
            "old_aliases": list(reject[1:]),
            "new_answer": new.name,
            "new_aliases": list(accept[1:]),
            "old_sentence": self.wording.sentence(relation, subject, old),
            "new_sentence": self.wording.sentence(relation, subject, new),
            "subject_id": draft["subject"],
            "relation_id": relation,
            "relation": self._label(relation, draft["subject"]),
            "probes": [
                {"id": f"{draft['id']}/{lang}/{name}", **probe} for name, probe in self._probes(draft)
            ],
        }

    def called(self, entity: str) -> _Names:
        """The names of an entity that count as an answer, the main one first."""
        row, lang = self.names[entity], self.wording.lang
        return (row["labels"][lang], *row["aliases"][lang])

    def said(self, triple: Sequence[str]) -> str:
        """A triple as a sentence."""
        subject, relation, obj = triple
        return self.wording.sentence(relation, self._named(subject), self._named(obj))

    def _probes(self, draft: Row) -> Iterator[tuple[str, Row]]:
        accept, reject = self._answers(draft["new"], draft["object"])
        subject, relation = self._named(draft["subject"]), draft["relation"]
        for at, text in enumerate(self.wording.paraphrases(relation, subject), 1):
            asked = {"kind": "paraphrase", "text": text, "accept": list(accept), "reject": list(reject)}
            yield f"paraphrase-{at}", asked
        for hop in draft["after"]:
            yield f"multihop-{hop[1]}", self._two_hop(draft, draft["new"], hop, "multihop")
        for hop in draft["before"]:
            yield f"multihop_before-{hop[1]}", self._two_hop(draft, draft["object"], hop, "multihop_before")
        for hop in (*draft["after"], *draft["before"]):
            yield f"bridge-{hop[0]}-{hop[1]}", self._alone("bridge", hop)
        for other in draft["others"]:
            yield f"locality-{other[0]}-{other[1]}", self._alone("locality", other)
        yield "choice", self._choice(draft)

    def _two_hop(self, draft: Row, middle: str, hop: Sequence[str], kind: str) -> Row:
        subject, relation = self._named(draft["subject"]), draft["relation"]
        text = self.wording.two_hop(relation, subject, hop[1], self.names[middle]["kind"])
        before = self.truth.get((draft["object"], hop[1]))
        wrong = before if kind == "multihop" and before in self.names and before != hop[2] else None
        accept, reject = self._answers(hop[2], wrong)
        return {
            "kind": kind,
            "text": text,
            "accept": list(unsaid(accept, text, self.wording.lang)),
            "reject": list(reject),
            "relations": [self._label(relation, draft["subject"]), self._label(hop[1], middle)],
            "triples": [[draft["subject"], relation, middle], list(hop)],
        }

    def _alone(self, kind: str, triple: Sequence[str]) -> Row:
        subject, relation, obj = triple
        text = self.wording.question(relation, self._named(subject))
        return {
            "kind": kind,
            "text": text,
            "accept": list(unsaid(self._answers(obj, None)[0], text, self.wording.lang)),
            "relations": [self._label(relation, subject)],
            "triples": [list(triple)],
        }

    def _choice(self, draft: Row) -> Row:
        ends = [draft["new"], draft["object"], *draft["distractors"]]
        ends.sort(key=lambda end: sha256(f"{self.seed}/{draft['id']}/{end}".encode()).digest())
        subject, relation = self._named(draft["subject"]), draft["relation"]
        letters = dict(zip(ends, ascii_uppercase, strict=False))
        return {
            "kind": "choice",
            "text": self.wording.question(relation, subject),
            "accept": [letters[draft["new"]]],
            "reject": [letters[draft["object"]]],
            "options": [self.wording.sentence(relation, subject, self._named(end)) for end in ends],
        }

    def _named(self, entity: str) -> Named:
        row = self.names[entity]
        return Named(entity, row["kind"], row["labels"][self.wording.lang])

    def _label(self, relation: str, subject: str) -> str:
        return self.wording.relation(relation, self.names[subject]["kind"]).label

    def _answers(self, right: str, wrong: str | None) -> tuple[_Names, _Names]:
        """The names of the right and of the wrong answer, but aliases that stand in a name of the other."""
        names, others = self.called(right), self.called(wrong) if wrong else ()
        return self._apart(names, others), self._apart(others, names)

    def _apart(self, names: _Names, others: _Names) -> _Names:
        lang = self.wording.lang
        clash = [
            alias
            for alias in names[1:]
            if any(has(other, ("", alias), lang) or has(alias, ("", other), lang) for other in others)
        ]
        return tuple(name for name in names if name not in clash)


def unsaid(names: Sequence[str], text: str, lang: str) -> _Names:
    """The names of an answer but aliases that the question itself gives."""
    return (*names[:1], *(one for one in names[1:] if not has(text, ("", one), lang)))


def text_writers(
    wordings: Sequence[Wording], names: Sequence[Row], truth: Mapping[tuple[str, str], str], seed: int
) -> list[Writer]:
    """A writer for each language, of what ``text_rows`` is given."""
    rows = {row["id"]: row for row in names}
    return [Writer(wording, rows, truth, seed) for wording in wordings]


def text_rows(
    wordings: Sequence[Wording],
    drafts: Sequence[Row],
    names: Sequence[Row],
    truth: Mapping[tuple[str, str], str],
    seed: int,
) -> Made:
    """A line per fact and language; what a text is at fault in is left out in every language.

    Args:
        wordings: The languages of the build in order.
        drafts: Rows of the stage ``edits``.
        names: Rows of the stage ``names``.
        truth: Subject and relation to the object of every statement of the source.
        seed: Seed of the build.
    """
    writers = text_writers(wordings, names, truth, seed)
    lines = [writer.line(draft, at) for at, draft in enumerate(drafts) for writer in writers]
    return proved(lines)
