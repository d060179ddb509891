"""Reads RippleEdits: edits as finished sentences, and sentences to complete that they should change or not.

The data gives neither the question nor the subject of an edit. Both follow from the other sentences of the
file: those about one relation differ in their subject alone, which shows the words around it.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from mlake.data.dataset import Dataset
from mlake.data.files import Files
from mlake.data.neighbours.common import Reading, Row
from mlake.data.questions import direct
from mlake.records import Benchmark, Fact, Kind, Probe, Statement

__all__ = ["ROWS"]

_READER = 1  # raise it when the same files come to mean something else
_LANG = "en"
_CRITERIA: dict[str, Kind] = {
    "Logical_Generalization": "multihop",
    "Compositionality_I": "multihop",
    "Compositionality_II": "multihop",
    "Subject_Aliasing": "paraphrase",
    "Relation_Specificity": "locality",
    "Forgetfulness": "locality",
}


class _Query(NamedTuple):
    """A sentence to complete; its ids are those of the entities that complete it."""

    place: str
    prompt: str
    answers: tuple[tuple[str, ...], ...]
    ids: tuple[str, ...]
    relations: tuple[str, ...]


class _Edit(NamedTuple):
    """An edit as the file states it, and its test questions by criterion."""

    prompt: str
    original: str
    subject_id: str
    relation: str
    target_id: str
    original_id: str
    tests: Mapping[str, Sequence[_Query]]


class _Parts(NamedTuple):
    """A stated fact taken apart."""

    subject: str
    question: str
    answer: str


@dataclass
class _Known:
    """What the sentences of a file show: the words around a relation's subject, and the names of entities."""

    prompts: dict[str, dict[str, None]] = field(default_factory=lambda: defaultdict(dict))
    names: dict[str, dict[str, None]] = field(default_factory=lambda: defaultdict(dict))

    def frames(self) -> dict[str, tuple[str, str]]:
        """Relation to the words before and after its subject, where most sentences agree on them."""
        found = {}
        for relation, prompts in self.prompts.items():
            shared = Counter(_around(*pair) for pair in pairwise(prompts))
            frame, count = shared.most_common(1)[0] if shared else (("", ""), 0)
            if count > 1 and 2 * count > shared.total() and frame[1]:
                found[relation] = frame
        return found


def _around(one: str, other: str) -> tuple[str, str]:
    """The words that two sentences begin with, and those that they end with."""
    words, others = one.split(" "), other.split(" ")
    start = _same(words, others)
    end = _same(words[start:][::-1], others[start:][::-1])
    return " ".join(words[:start]), " ".join(words[len(words) - end :])


def _same(words: Sequence[str], others: Sequence[str]) -> int:
    pairs = zip(words, others, strict=False)
    return next((at for at, pair in enumerate(pairs) if pair[0] != pair[1]), min(len(words), len(others)))


def _read(row: Dataset, files: Files) -> Benchmark:
    reading = Reading(row, files, str(_READER))
    (path,) = row.files
    known = _Known()
    edits = [_edit(reading, one, known) for one in reading.rows(path)]
    reading.check()
    frames = known.frames()
    found = [_fact(reading, f"{row.name}-{at:04d}", at, edit, known, frames) for at, edit in enumerate(edits)]
    return reading.benchmark(fact for fact in found if fact is not None)


def _edit(reading: Reading, row: Row, known: _Known) -> _Edit:
    edit = row.item("edit")
    original = edit.item("original_fact") if edit.values.get("original_fact") is not None else None
    return _Edit(
        edit.text("prompt"),
        original.text("prompt") if original else "",
        edit.text("subject_id"),
        edit.text("relation"),
        _id(edit),
        _id(original) if original else "",
        {criterion: list(_queries(reading, row, criterion, known)) for criterion in _CRITERIA},
    )


def _id(fact: Row) -> str:
    """Id of what a fact says; a date or number is its own."""
    return str(fact.values.get("target_id", ""))


def _queries(reading: Reading, row: Row, criterion: str, known: _Known) -> Iterator[_Query]:
    """The test questions of a criterion; what its condition questions show is remembered."""
    for number, test in enumerate(row.items(criterion)):
        asked, conditions = test.items("test_queries"), test.items("condition_queries")
        if len(asked) > 1:
            which = "one" if test.text("test_condition") == "OR" else "each"
            reading.note(f"tests of several questions, of which {which} had to hold, are asked as questions")
        for at, query in enumerate(asked):
            yield _query(reading, query, f"{criterion}-{number}-{at}", known)
        for query in conditions:
            _query(reading, query, "", known)
        reading.note("conditions that chose the tests are not asked", len(conditions))


def _query(reading: Reading, row: Row, place: str, known: _Known) -> _Query:
    prompt, relation = row.text("prompt"), row.text("relation")
    two = row.text("query_type") == "two_hop"
    relations = (relation, row.text("second_relation")) if two else (relation,)
    answers = tuple(reading.names(one.blank("value"), one.texts("aliases")) for one in row.items("answers"))
    listed = row.values.get("second_hop_target_ids" if two else "target_ids")
    ids = tuple(map(str, listed)) if isinstance(listed, list) else ()
    if len(ids) == len(answers):
        for one, names in zip(ids, answers, strict=True):
            known.names[one].update(dict.fromkeys(names))
    # One alias a fact: two of them often share words, which would pass for the relation's own.
    if not two and (row.values.get("phrase") is None or place == "Subject_Aliasing-0-0"):
        known.prompts[relation][prompt] = None
    return _Query(place, prompt, answers, ids, tuple(map(_label, relations)))


def _label(relation: str) -> str:
    return relation.lower().replace("_", " ")


def _split(prompt: str, frame: tuple[str, str], names: Iterable[str]) -> _Parts | None:
    """Takes a stated fact apart; None where that can be done in no way or in several."""
    head = f"{frame[0]} " if frame[0] else ""
    middle = f" {frame[1]} "
    if not prompt.startswith(head):
        return None
    rest = prompt.removeprefix(head)
    parts = []
    for cut in range(len(rest)):
        if rest.startswith(middle, cut):
            subject, answer = rest[:cut], rest[cut + len(middle) :].removesuffix(".").strip()
            parts.append(_Parts(subject, f"{head}{subject} {frame[1]}", answer))
    if len(parts) > 1:
        parts = [one for one in parts if one.answer in names]
    return parts[0] if len(parts) == 1 else None


def _fact(
    reading: Reading, fact: str, at: int, edit: _Edit, known: _Known, frames: Mapping[str, tuple[str, str]]
) -> Fact | None:
    frame = frames.get(edit.relation)
    parts = _split(edit.prompt, frame, known.names.get(edit.target_id, ())) if frame else None
    if parts is None or not parts.answer:
        reading.note("edits left out: their sentence shows no question or no answer")
        return None
    new = reading.names(parts.answer, known.names.get(edit.target_id, ()))
    old = _old(reading, edit, parts, known)
    if old[:1] == new[:1]:
        reading.note("edits put the old answer in its own place")
    said = Statement(
        fact=fact,
        lang=_LANG,
        question=parts.question,
        subject=reading.subject(parts.subject, parts.question),
        old=old[0] if old else "",
        new=new[0],
        old_aliases=old[1:],
        new_aliases=new[1:],
        old_sentence=edit.original,
        new_sentence=edit.prompt,
    )
    probes = (direct(said), *reading.kept(_probes(reading, edit, said, old)))
    return Fact(fact, at, {_LANG: said}, probes, edit.subject_id, None, {_LANG: _label(edit.relation)})


def _old(reading: Reading, edit: _Edit, parts: _Parts, known: _Known) -> tuple[str, ...]:
    """The names of the old answer; none where the sentence before the edit is another question's, or none."""
    if edit.original.startswith(f"{parts.question} "):
        stated = edit.original.removeprefix(parts.question).strip().removesuffix(".")
        if stated:
            return reading.names(stated, known.names.get(edit.original_id, ()))
    reading.note("edits without an old answer")
    return ()


def _probes(reading: Reading, edit: _Edit, said: Statement, old: tuple[str, ...]) -> Iterator[Probe]:
    for criterion, kind in _CRITERIA.items():
        for query in edit.tests[criterion]:
            if len(query.answers) > 1:
                reading.note("questions with several right answers, of which any one is accepted")
            yield Probe(
                id=f"{said.fact}/{query.place}",
                fact=said.fact,
                kind=kind,
                lang=_LANG,
                text=query.prompt,
                accept=tuple(dict.fromkeys(name for names in query.answers for name in names)),
                reject=old if query.ids == (edit.target_id,) else (),
                relations=query.relations,
            )


def _row(part: str, facts: int) -> Dataset:
    commit = "54f3b88af4895a3aacb580ec63ce7ae857185040"
    return Dataset(
        name=f"rippleedits-{part}",
        reader=_read,
        source="https://github.com/edenbiran/RippleEdits",
        licence="MIT",
        facts=facts,
        # "raw" on this host also follows files that are kept in large file storage.
        url="https://github.com/edenbiran/RippleEdits/raw/{path}",
        revisions=(commit,),
        files={f"{commit}/data/benchmark/{part}.json": ""},
    )


ROWS = (_row("popular", 885), _row("random", 1922), _row("recent", 1948))
