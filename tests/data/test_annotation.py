"""The shipped annotation of the release, and what makes it."""

import csv
from dataclasses import replace
from pathlib import Path

import pytest

from mlake.data import DATASETS
from mlake.data.files import Files
from mlake.data.release.annotation import Annotation, Place, annotations, records
from mlake.data.release.annotation.links import Chain, link
from mlake.data.release.annotation.make import Read, annotate, read_corrections
from mlake.data.release.annotation.relations import infer
from mlake.data.release.rows import Released, parse
from mlake.data.subjects.recover import Recovered, recover
from mlake.errors import DataError
from mlake.records import Statement

LANGS = ("en", "de", "fr", "ja", "zh")
NAMES = {"en": ["Ada Quill", "Bo Lind", "Cy Ono"], "ja": ["エイダ", "ボー", "サイ"]}


def asked(code: str, *rows: tuple[str, int]) -> list[Chain]:
    return [Chain((qid, "P1"), f"… {NAMES[code][row]} …") for qid, row in rows]


def test_a_name_in_the_question_links_it() -> None:
    chains = {"en": asked("en", ("Q1", 0), ("Q2", 1)), "ja": asked("ja", ("Q2", 1))}
    assert link(chains, NAMES, {}) == {0: ("Q1", "P1"), 1: ("Q2", "P1")}


def test_linked_questions_around_it_bound_the_row() -> None:
    names = {"en": ["Ada", "Ada", "Bo", "Ada"]}
    chains = {"en": [Chain((qid, "P1"), f"Who is {name}?") for qid, name in (("Q1", "Ada"), ("Q2", "Bo"))]}
    assert link(chains, names, {}) == {2: ("Q2", "P1")}
    known = {1: ("Q9", "P1"), 2: ("Q2", "P1")}
    before = [Chain(("Q9", "P1"), "…"), *chains["en"][1:], chains["en"][0]]
    assert link({"en": before}, names, known)[3] == ("Q1", "P1")


def test_what_the_names_leave_open_stays_open() -> None:
    chains = {"en": [Chain(("Q1", "P1"), "Ada Quill and Bo Lind?"), Chain(("Q7", "P1"), "Who?")]}
    assert link(chains, NAMES, {}) == {}
    two = {"en": asked("en", ("Q1", 0), ("Q2", 0))}
    assert link(two, NAMES, {}) == {}


def said(question: str, old: str) -> Statement:
    return Statement("f", "en", question, "Ada", old, "x", old_sentence=f"Ada: {old}.")


def test_relations_follow_the_wording() -> None:
    rows = [said("Where was Ada born?", place) for place in ("Rome", "Oslo", "Bonn")]
    rows += [said("What sport does Ada play?", sport) for sport in ("chess", "golf", "judo")]
    known = {0: "P19", 1: "P19", 3: "P641", 4: "P641"}
    assert infer(rows, known) == {2: "P19", 5: "P641"}


@pytest.mark.parametrize(
    "content", [b"{", b"\xff", b"[]", b'{"row": 0}', b'{"row": 0, "subjects": {"en": {}}}']
)
def test_a_damaged_annotation_is_one_clear_line(content: bytes) -> None:
    with pytest.raises(DataError, match="the annotation is damaged"):
        records.from_lines(content)


def test_a_missing_annotation_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "__package__", "mlake.data.mini")
    with pytest.raises(DataError, match="the annotation is missing from this installation"):
        records._content()


def test_round_trip() -> None:
    assert records.from_lines(records.to_lines(annotations())) == annotations()


@pytest.mark.slow
def test_every_fact_is_annotated_in_every_language() -> None:
    rows = annotations()
    assert [row.row for row in rows] == list(range(1072))
    assert all(tuple(row.subjects) == LANGS for row in rows)
    assert all(row.relation_id.startswith("P") for row in rows)
    places = [place for row in rows for place in row.subjects.values()]
    named = [place for place in places if place.subject is not None]
    assert all(place.question and place.found in ("recovered", "read") for place in named)
    assert all(place.question is None and place.found == "none" for place in places if place not in named)
    assert all(0.5 < place.confidence < 1 for place in places)


def second_reading(name: str) -> dict[tuple[str, int], str]:
    """Language and row to the subject, as one read it who saw no proposal; empty where there is none."""
    with (Path(__file__).parent / name).open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t"))
    said = {(row["language"], int(row["row"])): row["subject"] for row in rows}
    return {place: "" if subject == "-" else subject for place, subject in said.items()}


@pytest.mark.parametrize("code", LANGS)
def test_a_second_reader_agrees(code: str) -> None:
    """120 random rows a language: 97 % exact, 99 % with the right end."""
    read = {row: said for (lang, row), said in second_reading("subjects_read.tsv").items() if lang == code}
    assert len(read) == 120
    ours = {row: annotations()[row].subjects[code].subject or "" for row in read}
    exact = sum(ours[row] == subject for row, subject in read.items())
    ends = sum(ours[row].endswith(subject) or subject.endswith(ours[row]) for row, subject in read.items())
    assert exact / len(read) >= 0.97
    assert ends / len(read) >= 0.99


def test_confidences_are_what_the_second_reader_found() -> None:
    """Every row that was corrected, in doubt or without a subject was read again, besides the random ones."""
    read = second_reading("subjects_read_hard.tsv") | second_reading("subjects_read.tsv")
    agreed: dict[float, list[bool]] = {}
    for (code, row), subject in read.items():
        place = annotations()[row].subjects[code]
        agreed.setdefault(place.confidence, []).append((place.subject or "") == subject)
    assert {confidence: len(found) for confidence, found in agreed.items()} == {
        0.99: 573, 0.98: 168, 0.95: 11, 0.92: 121
    }  # fmt: skip
    for confidence, found in agreed.items():
        assert confidence <= sum(found) / len(found)


@pytest.fixture(scope="module")
def released(mirror) -> Released:
    row = DATASETS["mlake"]
    return parse(Files(row.name, row.url, row.files, mirror).read_all())


@pytest.fixture(scope="module")
def recovered(released) -> dict[str, list[Recovered]]:
    return recover(released.clues())


@pytest.fixture(scope="module")
def made(released, recovered) -> tuple[Annotation, ...]:
    return annotate(released, read_corrections(), recovered)


@pytest.mark.released
class TestReleased:
    def test_the_shipped_annotation_is_what_the_code_makes(self, made):
        assert made == annotations()

    def test_spans_hold_the_subject(self, released):
        for row in annotations():
            for code, place in row.subjects.items():
                texts = released.single[code][row.row]
                for text, span in (
                    (texts["question"], place.question),
                    (texts["o_prompt"], place.old_sentence),
                    (texts["e_prompt"], place.new_sentence),
                ):
                    assert span is None or text[slice(*span)] == place.subject
                    assert span is not None or place.subject is None or place.subject not in text

    def test_corrections_correct(self, released, recovered):
        """A correction that repeats what is recovered or inferred anyway would only hide the next change."""
        read = read_corrections()
        for (code, row), subject in read.subjects.items():
            assert recovered[code][row].subject != subject
        unread = annotate(released, Read(subjects=read.subjects), recovered)
        for row, relation in read.relations.items():
            assert unread[row].relation_id != relation

    def test_hidden_links_are_found_again(self, released, made):
        """Hide a third of the exactly known pairs that are asked before the edit: all come back right."""
        from mlake.data.release.annotation.make import _chains

        chains = _chains(released)
        asked = {chain.pair for listed in chains.values() for chain in listed}
        known = {row: pair for row, pair in released.triples.items() if pair in asked}
        hidden = list(known)[::3]
        kept = {row: pair for row, pair in released.triples.items() if row not in set(hidden)}
        subjects = {code: [row.subjects[code].subject for row in made] for code in LANGS}
        found = link(chains, subjects, kept)
        assert len(hidden) > 150
        assert {row: found[row] for row in hidden} == {row: known[row] for row in hidden}

    def test_inferred_relations(self, released, made):
        facts = released.facts({code: [row.subjects[code] for row in made] for code in LANGS}, {})
        known = {row.row: row.relation_id for row in made if row.relation_found in ("triple", "linked")}
        hidden = list(known)[::10]
        kept = {row: relation for row, relation in known.items() if row not in set(hidden)}
        found = infer([fact.statements["en"] for fact in facts], kept)
        right = sum(found[row] == known[row] for row in hidden) / len(hidden)
        assert len(hidden) > 50 and right >= 0.9


def test_place_is_sure_from_its_confidence() -> None:
    place = Place("Ada", "recovered", 0.99)
    assert place.sure and not replace(place, confidence=0.5).sure
