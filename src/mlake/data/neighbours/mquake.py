"""Reads MQuAKE and MQuAKE-Remastered: questions over two to four hops of which one to four are edited.

A case lists its edits, three wordings of one question, and the single hops before and after. The same edit
stands in many cases and is one fact. The questions of a case belong to its last edit and need its other ones.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import NamedTuple

from mlake.data.dataset import Dataset
from mlake.data.files import Files
from mlake.data.neighbours.common import Reading, Row
from mlake.data.questions import direct
from mlake.records import Benchmark, Fact, Kind, Probe, Statement, Triple

__all__ = ["ROWS"]

_READER = 1  # raise it when the same files come to mean something else
_LANG = "en"


class _Edit(NamedTuple):
    """A requested edit; equal ones are one fact. Ids are Wikidata's, None where a file leaves them out."""

    subject: str
    relation_id: str
    question: str
    cloze: str
    old: str
    old_id: str | None
    new: str
    new_id: str | None


class _Hop(NamedTuple):
    """One step of a chain with its question."""

    subject: str
    relation: str
    triple: Triple
    question: str
    answers: tuple[str, ...]


class _Case(NamedTuple):
    """One case: its edits, its questions with the answers before and after, and both chains."""

    edits: tuple[_Edit, ...]
    questions: tuple[str, ...]
    old: tuple[str, ...]
    new: tuple[str, ...]
    old_hops: tuple[_Hop, ...]
    new_hops: tuple[_Hop, ...]

    def edit_of(self, hop: _Hop) -> _Edit | None:
        """The edit that changes the answer to a hop's question; None where none does."""
        for one in self.edits:
            if (hop.subject, hop.triple.relation) == (one.subject, one.relation_id):
                return one
            if hop.question == one.question:
                return one
        return None


@dataclass
class _Draft:
    """A fact whose cases are still being collected.

    Attributes:
        id: Id of the fact.
        subject_id: Wikidata id of the subject, if a case's chain shows it.
        relation: Label of the relation, likewise.
        probes: Its questions besides the direct one.
        singles: Single-hop questions that it already has.
    """

    id: str
    subject_id: str | None = None
    relation: str | None = None
    probes: list[Probe] = field(default_factory=list)
    singles: set[tuple[str, tuple[str, ...]]] = field(default_factory=set)


def _read(row: Dataset, files: Files, *, nested: bool) -> Benchmark:
    reading = Reading(row, files, str(_READER))
    (path,) = row.files
    cases = [_case(reading, one, nested) for one in reading.rows(path)]
    reading.check()
    names = _names(cases)
    drafts: dict[_Edit, _Draft] = {}
    for at, case in enumerate(cases):
        for edit in case.edits:
            drafts.setdefault(edit, _Draft(f"{row.name}-{len(drafts):04d}"))
        _add(reading, drafts, case, f"{row.name}-case/{at:04d}")
    _note_conflicts(reading, cases, drafts)
    return reading.benchmark(
        [_fact(reading, at, edit, draft, names) for at, (edit, draft) in enumerate(drafts.items())]
    )


def _case(reading: Reading, row: Row, nested: bool) -> _Case:
    edits = tuple(_edit(one, nested) for one in row.items("requested_rewrite"))
    if not edits and isinstance(row.values.get("requested_rewrite"), list):
        row.problem("requested_rewrite", "is empty")
    chains = row.item("orig") if nested else row
    extended = row.texts("answer_extended") if "answer_extended" in row.values else ()
    return _Case(
        edits,
        row.texts("questions"),
        reading.names(row.blank("answer"), (*row.texts("answer_alias"), *extended)),
        reading.names(row.blank("new_answer"), row.texts("new_answer_alias")),
        _hops(reading, row.items("single_hops"), chains, "" if nested else "orig_"),
        _hops(reading, row.items("new_single_hops"), chains, "new_"),
    )


def _edit(row: Row, nested: bool) -> _Edit:
    prompt, subject = row.text("prompt"), row.text("subject")
    if prompt.count("{}") != 1:
        row.problem("prompt", "must hold {} once, for the subject")
    return _Edit(
        subject,
        row.text("relation_id"),
        row.text("question"),
        prompt.replace("{}", subject),
        *_target(row, "target_true", nested),
        *_target(row, "target_new", nested),
    )


def _target(row: Row, name: str, nested: bool) -> tuple[str, str | None]:
    if not nested:
        return row.text(f"{name}_str"), row.optional(f"{name}_id")
    target = row.item(name)
    return target.text("str"), target.optional("id")


def _hops(reading: Reading, hops: Sequence[Row], chains: Row, prefix: str) -> tuple[_Hop, ...]:
    triples = chains.triples(f"{prefix}triples")
    labels = chains.triples(f"{prefix}triples_labeled")
    read = [
        (one.text("question"), reading.names(one.blank("answer"), one.texts("answer_alias"))) for one in hops
    ]
    if not len(read) == len(triples) == len(labels):
        reading.note("chains with another number of single hops: single hops left out")
        return ()
    return tuple(
        _Hop(label.subject, label.relation, triple, *one)
        for one, triple, label in zip(read, triples, labels, strict=True)
    )


def _names(cases: Iterable[_Case]) -> dict[str, dict[str, None]]:
    """Every name that the answer to a single hop gives an entity, by Wikidata id."""
    found: dict[str, dict[str, None]] = defaultdict(dict)
    for case in cases:
        for hop in (*case.old_hops, *case.new_hops):
            found[hop.triple.object].update(dict.fromkeys(hop.answers))
    return found


def _add(reading: Reading, drafts: Mapping[_Edit, _Draft], case: _Case, name: str) -> None:
    """Adds the questions of a case to its last edit."""
    draft = drafts[case.edits[-1]]
    needs = tuple(dict.fromkeys(drafts[one].id for one in case.edits if one != case.edits[-1]))
    for hop in case.new_hops:
        edit = case.edit_of(hop)
        if edit is not None and hop.answers[:1] == (edit.new,):
            drafts[edit].subject_id = hop.triple.subject
            drafts[edit].relation = hop.relation
    draft.probes += reading.kept(_multihop(draft.id, case, name, needs))
    for probe in reading.kept(_singles(draft.id, case, name)):
        single = (probe.text, probe.accept)
        if single in draft.singles:
            reading.note("single hops repeated in another case of the same fact: asked once")
        else:
            draft.singles.add(single)
            draft.probes.append(probe)


def _multihop(fact: str, case: _Case, name: str, needs: tuple[str, ...]) -> Iterator[Probe]:
    chains: tuple[tuple[Kind, tuple[str, ...], tuple[_Hop, ...]], ...] = (
        ("multihop", case.new, case.new_hops),
        ("multihop_before", case.old, case.old_hops),
    )
    for kind, accept, hops in chains:
        after = kind == "multihop"
        for number, text in enumerate(case.questions):
            yield Probe(
                id=f"{name}/{kind}-{number}",
                fact=fact,
                kind=kind,
                lang=_LANG,
                text=text,
                accept=accept,
                reject=case.old if after else (),
                relations=tuple(hop.relation for hop in hops),
                triples=tuple(hop.triple for hop in hops),
                needs=needs if after else (),
            )


def _singles(fact: str, case: _Case, name: str) -> Iterator[Probe]:
    """The hops of the new chain that no edit changes, and those of the old chain that the new one leaves."""
    stays = {hop.question for hop in case.new_hops}
    hops: list[tuple[Kind, _Hop]] = [("bridge", hop) for hop in case.new_hops]
    hops += [("locality", hop) for hop in case.old_hops if hop.question not in stays]
    for number, (kind, hop) in enumerate(hops):
        if case.edit_of(hop) is None:
            yield Probe(
                id=f"{name}/{kind}-{number}",
                fact=fact,
                kind=kind,
                lang=_LANG,
                text=hop.question,
                accept=hop.answers,
                relations=(hop.relation,),
                triples=(hop.triple,),
            )


def _note_conflicts(reading: Reading, cases: Sequence[_Case], drafts: Mapping[_Edit, _Draft]) -> None:
    said = Counter((edit.subject, edit.relation_id) for edit in drafts)
    against = sum(count for count in said.values() if count > 1)
    if against:
        reading.note("facts contradict another fact about the same subject and relation", against)
    changed: dict[tuple[str, str], set[str]] = defaultdict(set)
    for case in cases:
        for hop in case.new_hops:
            if case.edit_of(hop) is not None:
                changed[hop.triple[:2]].add(hop.triple.object)
    astray = sum(
        any(changed.get(hop.triple[:2], set()) - {hop.triple.object} for hop in case.new_hops)
        for case in cases
    )
    if astray:
        reading.note("cases pass a fact that another case changes: wrong where both are edited", astray)


def _fact(
    reading: Reading, at: int, edit: _Edit, draft: _Draft, names: Mapping[str, Mapping[str, None]]
) -> Fact:
    old = reading.names(edit.old, names.get(edit.old_id or "", ()))
    new = reading.names(edit.new, names.get(edit.new_id or "", ()))
    said = Statement(
        fact=draft.id,
        lang=_LANG,
        question=edit.question,
        subject=reading.subject(edit.subject, edit.question),
        old=old[0],
        new=new[0],
        old_aliases=old[1:],
        new_aliases=new[1:],
        old_sentence=f"{edit.cloze} {edit.old}",
        new_sentence=f"{edit.cloze} {edit.new}",
    )
    return Fact(
        draft.id,
        at,
        {_LANG: said},
        (direct(said), *draft.probes),
        draft.subject_id,
        edit.relation_id,
        {_LANG: draft.relation} if draft.relation else {},
    )


_MQUAKE = Dataset(
    name="mquake",
    reader=partial(_read, nested=True),
    source="https://github.com/princeton-nlp/MQuAKE",
    licence="MIT",
    url="https://raw.githubusercontent.com/princeton-nlp/MQuAKE/{path}",
    revisions=("fb43dadc2d8cd19d08ce81c63d957b59deb3f3cd",),
)
_REMASTERED = Dataset(
    name="mquake-remastered",
    reader=partial(_read, nested=False),
    source="https://huggingface.co/datasets/henryzhongsc/MQuAKE-Remastered",
    licence="CC-BY-4.0",
    url="https://huggingface.co/datasets/henryzhongsc/MQuAKE-Remastered/resolve/{path}",
    revisions=("b54712d4b464d7e2d4edccd4022f95ddbcb719e7",),
)


def _part(whole: Dataset, part: str, facts: int, file: str, sha256: str) -> Dataset:
    """One file of a published data set as a row of its own."""
    (commit,) = whole.revisions
    return replace(whole, name=f"{whole.name}-{part}", facts=facts, files={f"{commit}/{file}": sha256})


ROWS = (
    _part(
        _MQUAKE,
        "cf-3k-v2",
        2764,
        "datasets/MQuAKE-CF-3k-v2.json",
        "f82091cbb668cef8f2537f79f1768af1840184450b347ff8c344336090ddc71e",
    ),
    _part(
        _MQUAKE,
        "t",
        96,
        "datasets/MQuAKE-T.json",
        "58500a1d4aaf9e036c23a1d9dd6be2d73d693e35a695614842f211ea5aff59f2",
    ),
    _part(
        _REMASTERED,
        "cf-3k",
        3000,  # cases: how many edits they share was not published
        "data/CF3k-00000-of-00001.parquet",
        "12c8bc1fe1a5e6b9edc15e2348898a92b4c6b50f6a0693793239af9c0cf9eee0",
    ),
    _part(
        _REMASTERED,
        "t",
        96,
        "data/T-00000-of-00001.parquet",
        "7ac75092f2241749d520a2f17ee65d00737354ed9931d372cf4c702ba5802e7f",
    ),
)
