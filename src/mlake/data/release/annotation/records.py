"""The shipped annotation of the released data: names, places and ids, never its sentences."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from hashlib import sha256
from importlib import resources
from typing import Any, Literal

from mlake.errors import DataError

__all__ = [
    "FIELDS",
    "Annotation",
    "Found",
    "Place",
    "Span",
    "annotations",
    "digest",
    "from_lines",
    "to_lines",
]

Found = Literal["recovered", "read", "none"]
FIELDS = ("question", "old_sentence", "new_sentence")
"""Fields of a ``Statement`` in which a subject is placed."""

Span = tuple[int, int]

_SURE = 0.95


@dataclass(frozen=True, slots=True)
class Place:
    """The subject of one fact in one language.

    Attributes:
        subject: The name verbatim as it stands in the question; None if the question names none.
        found: ``recovered`` by the algorithm and agreed to by a reader, ``read`` where a reader corrected
            it, ``none`` where the question names no subject.
        confidence: Estimated probability that the span is right, between 0 and 1.
        question: Characters ``(start, end)`` of the question; None without a subject.
        old_sentence: Characters of the sentence before the edit; None where it does not stand there.
        new_sentence: Characters of the sentence after the edit; None where it does not stand there.
    """

    subject: str | None
    found: Found
    confidence: float
    question: Span | None = None
    old_sentence: Span | None = None
    new_sentence: Span | None = None

    @property
    def sure(self) -> bool:
        """Whether a second reader would hardly differ."""
        return self.confidence >= _SURE


@dataclass(frozen=True, slots=True)
class Annotation:
    """One fact of the release.

    Attributes:
        row: Row of the single-hop files, from 0.
        subject_id: Wikidata id of the subject; None where unknown.
        relation_id: Wikidata id of the relation.
        relation_found: ``triple`` from the triples of a question after the edit, ``linked`` from those of a
            question before the edit, ``inferred`` from the wording of the English question and agreed to by
            a reader, ``read`` where a reader corrected that.
        subjects: Language code to the subject.
    """

    row: int
    subject_id: str | None
    relation_id: str
    relation_found: Literal["triple", "linked", "inferred", "read"]
    subjects: Mapping[str, Place]


def _content() -> bytes:
    try:
        return resources.files(__package__).joinpath("mlake.jsonl").read_bytes()
    except OSError:
        raise DataError("the annotation is missing from this installation; install mlake again") from None


@cache
def annotations() -> tuple[Annotation, ...]:
    """The shipped annotation of the released benchmark, a fact a row.

    Raises:
        DataError: It is missing from this installation or damaged.
    """
    return from_lines(_content())


@cache
def digest() -> str:
    """SHA-256 of the shipped annotation, part of the benchmark's hash."""
    return sha256(_content()).hexdigest()


def from_lines(content: bytes) -> tuple[Annotation, ...]:
    """Reads an annotation from JSON Lines.

    Raises:
        DataError: It is damaged.
    """
    try:
        rows = [json.loads(line) for line in content.decode().splitlines()]
        return tuple(_annotation(row) for row in rows)
    except (ValueError, TypeError, KeyError) as error:
        raise DataError(f"the annotation is damaged ({error}); install mlake again") from None


def _annotation(row: dict[str, Any]) -> Annotation:
    places = {
        code: Place(**place | {name: _span(place[name]) for name in FIELDS if name in place})
        for code, place in row["subjects"].items()
    }
    return Annotation(**row | {"subjects": places})


def _span(value: list[int]) -> Span:
    start, end = value
    return start, end


def to_lines(rows: tuple[Annotation, ...]) -> bytes:
    """The annotation as JSON Lines; what is None is left out of a subject."""
    lines = []
    for row in rows:
        values = asdict(row)
        for code, place in row.subjects.items():
            values["subjects"][code] = {
                name: value for name, value in asdict(place).items() if name == "subject" or value is not None
            }
        lines.append(json.dumps(values, ensure_ascii=False, separators=(",", ":")) + "\n")
    return "".join(lines).encode()
