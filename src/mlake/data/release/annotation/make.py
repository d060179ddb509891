"""Makes the annotation of the released data: recovery, links, relations, and what readers corrected."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources

from mlake.data.release.annotation.links import Chain, Pair, link
from mlake.data.release.annotation.records import FIELDS, Annotation, Place, Span
from mlake.data.release.annotation.relations import infer
from mlake.data.release.rows import LANGS, Released
from mlake.data.subjects.recover import Recovered
from mlake.records import Fact, Probe, Statement

__all__ = ["Read", "annotate", "read_corrections"]

# What a second reader agreed with who saw no proposal (tests/data/subjects_read*.tsv): 572 of 573 spans that
# were recovered with a clear lead, 114 of 123 without one, 163 of 166 that the first corrected, and all
# 11 questions without a subject, too few to say more than 0.95.
_SURE, _DOUBTFUL, _CORRECTED, _NONE = 0.99, 0.92, 0.98, 0.95


@dataclass(frozen=True, slots=True)
class Read:
    """What readers corrected.

    Attributes:
        subjects: (language, row) to the subject; None where the question names none.
        relations: Row to the relation.
    """

    subjects: Mapping[tuple[str, int], str | None] = field(default_factory=dict)
    relations: Mapping[int, str] = field(default_factory=dict)


def read_corrections() -> Read:
    """The shipped corrections of the released data."""
    text = resources.files(__package__).joinpath("read.tsv").read_text(encoding="utf-8")
    rows = [line.split("\t") for line in text.splitlines() if not line.startswith("#")]
    subjects = {(code, int(row)): value for what, code, row, value in rows if what == "subject"}
    return Read(
        {place: None if value == "-" else value for place, value in subjects.items()},
        {int(row): value for what, _, row, value in rows if what == "relation"},
    )


def annotate(
    released: Released, read: Read, recovered: Mapping[str, Sequence[Recovered]]
) -> tuple[Annotation, ...]:
    """The annotation of every fact. Deterministic.

    Args:
        released: The parsed release, linked by exact triples only.
        read: Corrections, which win over everything that is recovered or inferred.
        recovered: Language code to the recovered subject of every row.
    """
    facts = released.facts(recovered, {})
    places = {
        code: [_place(fact.statements[code], recovered[code][fact.row], fact.row, read) for fact in facts]
        for code in LANGS
    }
    subjects = {code: [place.subject for place in listed] for code, listed in places.items()}
    pairs = link(_chains(released), subjects, released.triples)
    inferred = infer([fact.statements["en"] for fact in facts], {row: pair[1] for row, pair in pairs.items()})
    ids = _subject_ids(facts, released, subjects, pairs)
    return tuple(
        Annotation(
            row=fact.row,
            subject_id=ids.get(fact.row),
            relation_id=read.relations.get(fact.row) or inferred.get(fact.row) or pairs[fact.row][1],
            relation_found=(
                "read"
                if fact.row in read.relations
                else "inferred"
                if fact.row in inferred
                else "triple"
                if fact.row in released.triples
                else "linked"
            ),
            subjects={code: places[code][fact.row] for code in LANGS},
        )
        for fact in facts
    )


def _place(statement: Statement, recovered: Recovered, row: int, read: Read) -> Place:
    corrected = (statement.lang, row) in read.subjects
    subject = read.subjects[statement.lang, row] if corrected else recovered.subject
    if subject is None:
        return Place(None, "none", _NONE)
    spans = {name: _span(getattr(statement, name), subject) for name in FIELDS}
    agreed = _SURE if recovered.sure else _DOUBTFUL
    return Place(subject, "read" if corrected else "recovered", _CORRECTED if corrected else agreed, **spans)


def _span(text: str, subject: str) -> Span | None:
    start = text.find(subject)
    return None if start < 0 else (start, start + len(subject))


def _chains(released: Released) -> dict[str, list[Chain]]:
    """Questions before the edit in the order of their file, which is the order of their ids."""
    probes = [probe for listed in released.probes.values() for probe in listed] + released.unlinked
    before = {probe.id: probe for probe in probes if probe.kind == "multihop_before"}
    return {
        code: [Chain(_pair(one), one.text) for _, one in sorted(before.items()) if one.lang == code]
        for code in LANGS
    }


def _pair(probe: Probe) -> Pair:
    subject, relation, _ = probe.triples[0]
    return subject, relation


def _subject_ids(
    facts: Sequence[Fact],
    released: Released,
    subjects: Mapping[str, Sequence[str | None]],
    pairs: Mapping[int, Pair],
) -> dict[int, str]:
    """Ids of subjects: of the pair, else of the entity that has the same names elsewhere in the data.

    A name counts if all its known bearers have one id; three languages must agree and none may differ.
    """
    bearers: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row, (subject_id, _) in pairs.items():
        for code in LANGS:
            bearers[code, subjects[code][row] or ""].add(subject_id)
    rows = {pair: row for row, pair in pairs.items()}
    probes = [probe for listed in released.probes.values() for probe in listed] + released.unlinked
    for probe in probes:
        if probe.kind in ("multihop", "multihop_before"):
            statement = facts[rows[_pair(probe)]].statements[probe.lang]
            middle = statement.new if probe.kind == "multihop" else statement.old
            for name, triple in zip((middle, probe.accept[0]), probe.triples, strict=True):
                bearers[probe.lang, name].add(triple.object)
    found = {row: subject_id for row, (subject_id, _) in pairs.items()}
    for fact in facts:
        if fact.row not in pairs:
            known = [bearers.get((code, subjects[code][fact.row] or ""), set()) for code in LANGS]
            votes = Counter(one for ids in known if len(ids) == 1 for one in ids)
            if len(votes) == 1 and votes.total() >= 3:
                found[fact.row] = next(iter(votes))
    return found
