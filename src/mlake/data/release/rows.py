"""Reads the authors' released files: single-hop rows become facts, multi-hop and choice rows their probes.

Row ``i`` of every single-hop file is the same fact. A multi-hop row asked after the edit names the edited
sentence in *English* whatever its own language; that is its link. A row asked before the edit names none: it
is linked where its first triple has the subject and relation of a linked one. Triples, relation labels and
multiple choice come from the older commit, whose rows stand in the same order.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from mlake.data.checked import Checked, Problems, object_of, rows_of
from mlake.data.faults import OBJECT, TEXT, TEXTS, TRIPLES, Shape
from mlake.data.release.hashes import CURRENT, OLDER
from mlake.data.subjects.clues import Clues
from mlake.errors import DataError
from mlake.records import Fact, Kind, Probe, Statement, Triple

__all__ = ["LANGS", "READER", "Named", "Released", "parse"]

READER = 2
"""Version of this reader: part of a benchmark's hash."""

LANGS = ("en", "de", "fr", "ja", "zh")

_Row = dict[str, Any]


class Named(Protocol):
    """A subject, and whether it is beyond doubt."""

    @property
    def subject(self) -> str | None:
        """The subject verbatim as it stands in the question."""

    @property
    def sure(self) -> bool:
        """Whether it is beyond doubt."""


_ANSWER = {"o_answer": TEXT, "o_answer_aliases": TEXTS}
_EDITED = {"e_answer": TEXT, "e_answer_aliases": TEXTS}
_SINGLE = {"question": TEXT, "o_prompt": TEXT, "e_prompt": TEXT, **_ANSWER, **_EDITED}
_NEW = {"question": TEXT, "e_prompt": TEXT, **_EDITED}
_OLD = {"question": TEXT, **_ANSWER}
_CHAIN = {"question": TEXT, "triples": {**TRIPLES, "minItems": 1}, "relations": TEXTS}
_CHOICE = {"question": TEXT, "options": TEXTS, "e_answer": TEXT}


@dataclass
class Released:
    """The parsed release before subjects are recovered.

    Attributes:
        single: Language to single-hop rows.
        probes: Linked probes by (row, language), in order.
        unlinked: Probes without a fact.
        triples: Row to subject and relation id, where known.
        notes: What could not be linked, one line each.
    """

    single: dict[str, list[_Row]] = field(default_factory=dict)
    probes: dict[tuple[int, str], list[Probe]] = field(default_factory=lambda: defaultdict(list))
    unlinked: list[Probe] = field(default_factory=list)
    triples: dict[int, tuple[str, str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def clues(self) -> dict[str, list[Clues]]:
        """What subject recovery may look at."""
        return {
            code: [
                Clues(
                    row["question"],
                    (row["o_prompt"], row["e_prompt"]),
                    tuple(p.text for p in self.probes.get((at, code), ()) if p.kind.startswith("multihop")),
                    (row["o_answer"], row["e_answer"]),
                )
                for at, row in enumerate(rows)
            ]
            for code, rows in self.single.items()
        }

    def facts(
        self, subjects: Mapping[str, Sequence[Named]], ids: Mapping[int, tuple[str | None, str]]
    ) -> tuple[Fact, ...]:
        """The facts.

        Args:
            subjects: Language code to the subject of every row.
            ids: Row to the Wikidata ids of subject and relation, where known.
        """
        names = self._relation_names()
        facts = []
        for at in range(len(self.single["en"])):
            statements = {
                code: _statement(_fact_id(at), code, rows[at], subjects[code][at])
                for code, rows in self.single.items()
            }
            subject_id, relation_id = ids.get(at, (None, None))
            labels = names.get(relation_id or "", {})
            facts.append(
                Fact(
                    id=_fact_id(at),
                    row=at,
                    statements=statements,
                    probes=tuple(probe for code in LANGS for probe in self.probes.get((at, code), ())),
                    subject_id=subject_id,
                    relation_id=relation_id,
                    relations={code: labels[code] for code in LANGS if code in labels},
                )
            )
        return tuple(facts)

    def _relation_names(self) -> dict[str, dict[str, str]]:
        """Relation id and language to the label that the chains use most."""
        counts: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        for probe in [probe for listed in self.probes.values() for probe in listed] + self.unlinked:
            for triple, label in zip(probe.triples, probe.relations, strict=False):
                counts[triple.relation, probe.lang][label] += 1
        names: dict[str, dict[str, str]] = defaultdict(dict)
        for (relation, code), labels in counts.items():
            names[relation][code] = labels.most_common(1)[0][0]
        return names


def parse(content: Mapping[str, bytes], pairs: Mapping[tuple[str, str], int] | None = None) -> Released:
    """Parses the files of both commits.

    Args:
        content: Content of every file by ``<commit>/dataset/…``.
        pairs: Ids of subject and relation to the row, where known from elsewhere.

    Raises:
        FactsError: A file holds other rows; the text lists them by row and field.
        DataError: A file is missing or no JSON list, or files that belong together do not match.
    """
    tables = _Tables(content)
    released = Released()
    for code in LANGS:
        released.single[code] = tables.rows(CURRENT, f"single_hop/{code}_qa.json", _SINGLE)
    counts = {code: len(rows) for code, rows in released.single.items()}
    if len(set(counts.values())) > 1:
        listed = ", ".join(f"{code} {count}" for code, count in counts.items())
        raise DataError(f"the single-hop files must have equally many rows, got {listed}; fetch them again")
    for code in LANGS:
        _add_direct(released, code)
        _add_single_choice(released, tables, code)
    edited = {row["e_prompt"]: at for at, row in enumerate(released.single["en"])}
    for code in LANGS:
        _add_after(released, tables, code, edited)
    rows = {**(pairs or {}), **{pair: at for at, pair in released.triples.items()}}
    for code in LANGS:
        _add_before(released, tables, code, rows)
    return released


class _Tables:
    """Checked access to the rows of each file."""

    def __init__(self, content: Mapping[str, bytes]) -> None:
        self._content = content

    def rows(self, commit: str, name: str, fields: Mapping[str, Shape]) -> list[_Row]:
        path = f"{commit}/dataset/{name}"
        if path not in self._content:
            raise DataError(f"{path} is missing; expected every file of the release")
        problems = Problems(path, "fetch it again")
        shape = {**OBJECT, "properties": fields, "required": list(fields)}
        rows = []
        for at, value in enumerate(rows_of(self._content[path], path)):
            row = object_of(value, f"row {at}", problems)
            if row is not None:
                Checked(row, f"row {at}", problems).check(shape)
                rows.append(row)
        problems.raise_any()
        return rows

    def chains(self, stem: str, fields: Mapping[str, Shape]) -> list[tuple[_Row, _Row, _Row]]:
        """Multi-hop rows with their triples and their multiple choice, which must ask the same question."""
        current = self.rows(CURRENT, f"multi_hop/{stem}_qa.json", fields)
        chain, choice = f"multi_hop/qa/{stem}_qa.json", f"multi_hop/mcqa/{stem}_mcqa.json"
        columns = self.rows(OLDER, chain, _CHAIN), self.rows(OLDER, choice, _CHOICE)
        for name, column in zip((chain, choice), columns, strict=True):
            if len(column) != len(current):
                where = f"{len(column)} rows for {len(current)}"
            elif differing := [
                at for at, pair in enumerate(zip(current, column, strict=True)) if not _same(*pair)
            ]:
                where = f"another question in row {differing[0]}"
            else:
                continue
            raise DataError(
                f"{OLDER}/dataset/{name} does not match {stem}_qa.json: {where}; fetch both again"
            )
        return list(zip(current, *columns, strict=True))


def _same(one: _Row, other: _Row) -> bool:
    return bool(one["question"] == other["question"])


def _fact_id(row: int) -> str:
    return f"mlake-{row:04d}"


def _names(main: str, aliases: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((main, *aliases)))


def _statement(fact: str, code: str, row: _Row, found: Named) -> Statement:
    return Statement(
        fact=fact,
        lang=code,
        question=row["question"],
        subject=found.subject,
        old=row["o_answer"],
        new=row["e_answer"],
        old_aliases=_names(row["o_answer"], row["o_answer_aliases"])[1:],
        new_aliases=_names(row["e_answer"], row["e_answer_aliases"])[1:],
        old_sentence=row["o_prompt"],
        new_sentence=row["e_prompt"],
        subject_sure=found.sure,
    )


def _place(released: Released, row: int | None, code: str, probes: Sequence[Probe]) -> None:
    if row is None:
        released.unlinked += probes
    else:
        released.probes[row, code] += probes


def _add_direct(released: Released, code: str) -> None:
    for at, row in enumerate(released.single[code]):
        accept = _names(row["e_answer"], row["e_answer_aliases"])
        reject = _names(row["o_answer"], row["o_answer_aliases"])
        probe = Probe(
            f"{_fact_id(at)}/{code}/direct", _fact_id(at), "direct", code, row["question"], accept, reject
        )
        _place(released, at, code, [probe])


def _add_single_choice(released: Released, tables: _Tables, code: str) -> None:
    rows = tables.rows(OLDER, f"single_hop/mcqa/{code}_mcqa.json", {**_CHOICE, "o_answer": TEXT})
    single = released.single[code]
    if len(rows) != len(single):
        raise DataError(
            f"the multiple choice of {code!r} must have {len(single)} rows, got {len(rows)}; fetch it again"
        )
    strangers = 0
    for at, row in enumerate(rows):
        own = _same(row, single[at])
        strangers += not own
        probe = Probe(
            id=f"{_fact_id(at)}/{code}/choice",
            fact=_fact_id(at) if own else None,
            kind="choice",
            lang=code,
            text=row["question"],
            accept=(row["e_answer"],),
            reject=(row["o_answer"],),
            options=tuple(row["options"]),
        )
        _place(released, at if own else None, code, [probe])
    if strangers:
        released.notes.append(
            f"{code}: {strangers} of {len(rows)} choice questions ask another fact: unlinked"
        )


def _chain(name: str, row: int | None, code: str, rows: tuple[_Row, _Row, _Row], kind: Kind) -> list[Probe]:
    """The free and the multiple-choice form of one multi-hop row."""
    current, older, choice = rows
    fact = None if row is None else _fact_id(row)
    triples = tuple(Triple(*triple) for triple in older["triples"])
    relations = tuple(older["relations"])
    reject: tuple[str, ...] = ()
    if kind == "multihop":
        accept = _names(current["e_answer"], current["e_answer_aliases"])
        before = older.get("o_answer")
        reject = (before,) if isinstance(before, str) and before else ()
    else:
        accept = _names(current["o_answer"], current["o_answer_aliases"])
    text = current["question"]
    gold = (choice["e_answer"],)
    options = tuple(choice["options"])
    return [
        Probe(name, fact, kind, code, text, accept, reject, (), relations, triples),
        Probe(f"{name}/choice", fact, "choice", code, text, gold, (), options, relations, triples),
    ]


def _add_after(released: Released, tables: _Tables, code: str, edited: Mapping[str, int]) -> None:
    chains = tables.chains(f"new_{code}", _NEW)
    lost = 0
    for number, rows in enumerate(chains):
        at = edited.get(rows[0]["e_prompt"])
        _place(released, at, code, _chain(f"mlake-multihop/{code}/{number:04d}", at, code, rows, "multihop"))
        if at is None:
            lost += 1
            continue
        subject, relation, _ = rows[1]["triples"][0]
        released.triples.setdefault(at, (subject, relation))
    if lost:
        released.notes.append(f"{code}: {lost} of {len(chains)} multi-hop questions after the edit unlinked")


def _add_before(
    released: Released, tables: _Tables, code: str, linked: Mapping[tuple[str, str], int]
) -> None:
    chains = tables.chains(f"old_{code}", _OLD)
    lost = 0
    for number, rows in enumerate(chains):
        subject, relation, _ = rows[1]["triples"][0]
        at = linked.get((subject, relation))
        name = f"mlake-before/{code}/{number:04d}"
        _place(released, at, code, _chain(name, at, code, rows, "multihop_before"))
        lost += at is None
    if lost:
        released.notes.append(f"{code}: {lost} of {len(chains)} multi-hop questions before the edit unlinked")
