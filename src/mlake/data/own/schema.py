"""The fields of a facts file: one table, of which the JSON Schema is made and by which every line is checked.

The loader executes the schema (``mlake.data.faults``), so it refuses what the schema refuses. Only what a
schema cannot say is left to it: a subject must stand in its question, ids must not recur.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mlake.data.faults import FILLED, TEXT, TEXTS, TRIPLES, Shape
from mlake.kinds import KINDS
from mlake.languages import LANGUAGES, known

__all__ = ["FACT", "PROBE", "Field", "fact_shape", "object_shape", "schema", "unlinked_shape"]


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a JSON object.

    Attributes:
        name: Its name.
        shape: Gives the schema of its value; called when it is needed, since languages can be added.
        about: What it is, for readers of the schema.
        required: Whether it must be there.
    """

    name: str
    shape: Callable[[], Shape]
    about: str
    required: bool = False


def _text() -> Shape:
    return TEXT


def _filled() -> Shape:
    return FILLED


def _flag() -> Shape:
    return {"type": "boolean"}


def _place() -> Shape:
    return {"type": "integer", "minimum": 0}


def _lang() -> Shape:
    return {"title": "language", "type": "string", "examples": list(LANGUAGES), "enum": list(known())}


def _kind() -> Shape:
    return {"title": "kind", "type": "string", "enum": list(KINDS)}


def _texts() -> Shape:
    return TEXTS


def _names() -> Shape:
    return {"type": "array", "items": FILLED}


def _accepted() -> Shape:
    return _names() | {"minItems": 1}


def _triples() -> Shape:
    return TRIPLES


def _probes() -> Shape:
    return {"type": "array", "items": object_shape(PROBE)}


PROBE: tuple[Field, ...] = (
    Field("id", _filled, "Unique in the file; made from fact, language and kind if left out."),
    Field("kind", _kind, "What it tests.", required=True),
    Field("lang", _lang, "Language; the line's if left out."),
    Field("text", _filled, "The question.", required=True),
    Field("accept", _accepted, "Accepted answers, the main name first.", required=True),
    Field("reject", _names, "Answers that are wrong now, such as the old one."),
    Field("options", _texts, "The options of a choice question."),
    Field("relations", _texts, "Labels of the relations along the chain."),
    Field("triples", _triples, "Wikidata ids along the chain, [subject, relation, object] each."),
    Field("needs", _names, "Ids of other facts that must be edited too for the accepted answers to hold."),
)
"""The fields of a question."""

FACT: tuple[Field, ...] = (
    Field("fact", _filled, "Id; lines with one id are one fact in several languages; line-N if left out."),
    Field("row", _place, "Place in the data set, from 0; the order in the file if left out."),
    Field("lang", _lang, "Language; en if left out."),
    Field("question", _filled, "The direct question.", required=True),
    Field("subject", _filled, "The subject's name, verbatim as it stands in the question."),
    Field("subject_sure", _flag, "False where the subject is a guess."),
    Field("old_answer", _text, "The answer before the edit."),
    Field("old_aliases", _names, "Other names of the old answer."),
    Field("new_answer", _filled, "The answer that the edit puts in place.", required=True),
    Field("new_aliases", _names, "Other names of the new answer."),
    Field("old_sentence", _text, "The fact as a sentence before the edit."),
    Field("new_sentence", _text, "The fact as a sentence after the edit."),
    Field("subject_id", _text, "Wikidata id of the subject."),
    Field("relation_id", _text, "Wikidata id of the relation."),
    Field("relation", _text, "The relation's label in this language."),
    Field("probes", _probes, "Questions about the fact; the direct one is added if none is listed."),
)
"""The fields of a fact in one language."""


def object_shape(fields: Sequence[Field], *, also_required: Sequence[str] = ()) -> Shape:
    """The schema of a JSON object with these fields and no others."""
    return {
        "type": "object",
        "properties": {one.name: _shape(one) | {"description": one.about} for one in fields},
        "required": [one.name for one in fields if one.required or one.name in also_required],
        "additionalProperties": False,
    }


def _shape(field: Field) -> Shape:
    """The schema of a field's value; null, which many exporters write, is as if the field were left out."""
    shape = field.shape()
    if field.required:
        return shape
    nullable = shape | {"type": [shape["type"], "null"]}
    return nullable | {"enum": [*shape["enum"], None]} if "enum" in shape else nullable


def fact_shape() -> Shape:
    """The schema of a line that states a fact."""
    return object_shape(FACT)


def unlinked_shape() -> Shape:
    """The schema of a line with questions of no fact, which can take neither id nor language from one."""
    probe = object_shape(PROBE, also_required=("id", "lang"))
    about = "Questions that belong to no fact; never asked after an edit."
    probes = {"type": "array", "items": probe, "description": about}
    return {
        "type": "object",
        "properties": {"unlinked": probes},
        "required": ["unlinked"],
        "additionalProperties": False,
    }


def schema() -> str:
    """The JSON Schema (draft 2020-12) of one line, as text."""
    whole = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A line of a facts file of mlake",
        "description": (
            "A fact in one language, or questions that belong to no fact. Beyond this schema, a subject must "
            "stand verbatim in its question, a fact has one line per language, and ids of questions are "
            "unique."
        ),
        "anyOf": [fact_shape(), unlinked_shape()],
    }
    return json.dumps(whole, ensure_ascii=False, indent=2) + "\n"
